// All browser tests in one process: node --test-reporter=tap all.mjs. KD_ONLY=docs,frame names the files to take.
import { after } from 'node:test';
import { close } from './house.mjs';

const files = ['docs', 'guard', 'frame', 'users', 'pages', 'hostile', 'restart', 'me', 'sources', 'story', 'trust'];
const wanted = process.env.KD_ONLY?.split(',') ?? files;
for (const name of files) if (wanted.includes(name)) await import(`./${name}.test.mjs`);
after(close);
