// A module of the pages, bundled as the pages are, for a test under node: const { everyDay } = await load('pages/home/days.ts')
import { build } from 'esbuild';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const web = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

export async function load(file) {
  const made = await build({ entryPoints: [path.join(web, 'src', file)], bundle: true, write: false, format: 'esm', platform: 'node', target: 'node18', logLevel: 'error' });
  return import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].contents).toString('base64')}`);
}
