// Time to interactive on loopback, for ./bench: node interactive.mjs ROUNDS prints a line of JSON a page, cold (a new browser
// profile each time). A page is interactive when its heading and its data are there and the last long task has ended.
import { close, house, openPage, settle, visit } from './house.mjs';

const rounds = Number(process.argv[2] ?? 5);
const pages = { home: '/', live: '/live', people: '/people', catalogue: '/catalogue', recommendations: '/recommendations', shop: '/shop', docs: '/docs' };
const server = await house();

async function once(at) {
  const context = await visit(server);
  await context.addInitScript(() => {
    globalThis.__busyUntil = 0;
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) globalThis.__busyUntil = Math.max(globalThis.__busyUntil, task.startTime + task.duration);
    }).observe({ type: 'longtask', buffered: true });
    globalThis.__readyAt = 0;
    const look = () => {
      if (document.querySelector('h1') && !document.querySelector('[aria-busy="true"]')) globalThis.__readyAt ||= performance.now();
      else globalThis.__readyAt = 0;
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  const page = await openPage(context);
  await page.goto(at);
  await settle(page, { quietMs: 600 });
  const ms = await page.evaluate(() => Math.max(globalThis.__readyAt, globalThis.__busyUntil));
  await context.close();
  return Math.round(ms);
}

await once('/'); // the browser itself starts once
for (const [name, at] of Object.entries(pages)) {
  const ms = [];
  for (let i = 0; i < rounds; i++) ms.push(await once(at));
  console.log(JSON.stringify({ page: name, ms }));
}
await close();
