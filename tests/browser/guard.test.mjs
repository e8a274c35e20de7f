// What protects the pages: headers, paths, other sites' forms and frames, rebound names.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { house, openPage, Server, serverKey, visit } from './house.mjs';

// fetch() would tidy the path up; this sends it as it stands.
function raw(server, path, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: server.port, path, headers, agent: false }, (answer) => {
      let body = '';
      answer.on('data', (bytes) => (body += bytes));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body }));
    });
    request.on('error', reject);
    request.end();
  });
}

test('guard: no path leads out of the table of files', async () => {
  const server = await house();
  const paths = [
    '/assets/../../../../etc/passwd', '/assets/%2e%2e/%2e%2e/etc/passwd', '/assets/..%2f..%2fetc%2fpasswd', '/assets/....//....//etc/passwd',
    '/assets/%252e%252e/etc/passwd', '/assets/..\\..\\etc\\passwd', '/assets/%5c..%5cetc%5cpasswd', '/assets//etc/passwd', '//etc/passwd', '/assets/',
    '/assets/kunde.db', '/docs/../kunde.db', '/docs/%2e%2e/kunde.db', '/docs/..%2fkunde.db.key', '/docs/README.md', '/docs/demo%00.html', '/docs/demo.html.gz',
    '/demo/pictures/..%2f..%2fetc%2fpasswd', '/shop/../etc/passwd', '/index.html/../../etc/passwd',
  ];
  for (const path of paths) {
    const { status, body } = await raw(server, path);
    assert.ok(!body.includes('root:') && !body.includes('SQLite format'), path);
    assert.ok(status === 400 || status === 404 || (status === 200 && body.includes('<div id="root">')), `${path} gave ${status}`);
  }
});

test('guard: headers of pages, assets and answers', async () => {
  const server = await house();
  for (const path of ['/', '/people', '/login', '/shop', '/docs', '/docs/demo']) {
    const { headers, status, body } = await raw(server, path);
    assert.equal(status, 200, path);
    const policy = headers['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'none'/, path);
    assert.match(policy, /frame-ancestors 'none'/, path);
    assert.ok(!/unsafe|\*|http:/.test(policy), `${path}: ${policy}`);
    assert.equal(headers['x-content-type-options'], 'nosniff', path);
    assert.match(headers['cache-control'], /no-cache|no-store/, path);
    assert.ok(!/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:/i.test(body.replace(/<(pre|code)[\s\S]*?<\/\1>/g, '')), `${path} has something inline`);
    assert.ok(!/(?:src|href)="(?:https?:)?\/\//.test(body.replace(/<a [^>]*>/g, '')), `${path} loads from outside`);
    for (const [, asset] of body.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) {
      const file = await raw(server, asset, { 'accept-encoding': 'gzip' });
      assert.equal(file.status, 200, asset);
      assert.match(file.headers['cache-control'], /max-age=31536000.*immutable/, asset);
      assert.equal(file.headers['content-encoding'], 'gzip', asset);
      assert.equal(file.headers['x-content-type-options'], 'nosniff', asset);
      assert.match(asset, /-[A-Za-z0-9_]{8,}\.\w+$/, 'the name holds a hash');
    }
  }
  const key = { authorization: `Bearer ${serverKey}` };
  const { personId: person } = await server.api('POST', '/v1/admin/profiles/find', { id: 'userId:persona-swimmer' });
  for (const path of [`/v1/admin/profiles/${person}`, `/v1/admin/profiles/${person}/events`, '/v1/admin/profiles?limit=5', '/v1/admin/events?limit=5', '/v1/admin/keys', '/v1/admin/me']) {
    const { headers, status } = await raw(server, path, key);
    assert.equal(status, 200, path);
    assert.match(headers['cache-control'] ?? '', /no-store/, path);
    assert.equal(headers['x-content-type-options'], 'nosniff', path);
    assert.equal(headers['access-control-allow-origin'], undefined, path);
  }
});

test('guard: a page that was seen is asked for again with its ETag', async () => {
  const server = await house();
  const first = await raw(server, '/docs', { 'accept-encoding': 'gzip' });
  const again = await raw(server, '/docs', { 'accept-encoding': 'gzip', 'if-none-match': first.headers.etag });
  assert.equal(again.status, 304);
  assert.equal(again.body, '');
});

// A page on another port is the same site, so the cookie comes along and only the guard's header is missing; another name is
// another site altogether.
async function otherSite(html) {
  const other = http.createServer((request, answer) => answer.writeHead(200, { 'content-type': 'text/html' }).end(html)).listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  return other;
}

test("guard: another site's forms and scripts change nothing", async () => {
  const server = await Server.start();
  const target = (path) => server.url + path;
  const html = `<!doctype html><title>other</title>
    <form id="train" method="post" action="${target('/v1/admin/train')}" target="_self"><input name="a" value="b"></form>
    <form id="logout" method="post" action="${target('/v1/admin/logout')}"></form>
    <form id="password" method="post" enctype="text/plain" action="${target('/v1/admin/password')}"><input name='{"password":"taken over by them","x":"' value='"}'></form>`;
  const other = await otherSite(html);
  const context = await visit(server);
  try {
    for (const host of ['127.0.0.1', 'localhost'])
      for (const form of ['train', 'logout', 'password']) {
        const page = await context.newPage();
        await page.goto(`http://${host}:${other.address().port}/`);
        const answered = page.waitForResponse((answer) => answer.url().startsWith(server.url) && answer.request().method() === 'POST');
        await page.evaluate((id) => document.getElementById(id).submit(), form);
        const status = (await answered).status();
        assert.ok([401, 403].includes(status), `${form} from ${host} gave ${status}`);
        await page.close();
        const reader = await context.newPage();
        await reader.goto(`http://${host}:${other.address().port}/`);
        const read = await reader.evaluate(async (base) => {
          const tell = (promise) => promise.then((answer) => answer.status, () => 'refused');
          return [
            await tell(fetch(`${base}/v1/admin/train`, { method: 'POST', credentials: 'include', headers: { 'Kunde-CSRF': '1' } })),
            await tell(fetch(`${base}/v1/admin/keys`, { credentials: 'include' })),
            await tell(fetch(`${base}/v1/admin/profiles?limit=1`, { credentials: 'include' })),
          ];
        }, server.url);
        assert.deepEqual(read, ['refused', 'refused', 'refused'], `scripts on ${host}`);
        await reader.close();
      }
    const page = await openPage(context);
    await page.goto('/settings/keys');
    assert.equal(new URL(page.url()).pathname, '/settings/keys', 'nobody logged the reader out');
    const me = await page.evaluate(() => fetch('/v1/admin/me').then((answer) => answer.json()));
    assert.equal(me.passwordSet, false, 'nobody set a password');
  } finally {
    await context.close();
    other.close();
    await server.stop();
  }
});

test('guard: no other page can frame this one, and no other name reach it', async () => {
  const server = await house();
  const other = await otherSite(`<!doctype html><title>other</title><iframe src="${server.url}/settings/keys"></iframe>`);
  const context = await visit(server);
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${other.address().port}/`);
  await page.waitForTimeout(300);
  const inside = await Promise.all(page.frames().slice(1).map((frame) => frame.evaluate(() => document.getElementById('root') !== null).catch(() => false)));
  assert.ok(inside.every((there) => !there), 'the page shows in a frame');
  await context.close();
  other.close();
  assert.equal((await raw(server, '/', { host: 'rebound.example' })).status, 421);
});
