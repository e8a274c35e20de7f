"""The pages as HTTP serves them, and their source: types, lint, words, the budget of the first load."""
import gzip, json, os, re, subprocess, unittest
from harness import KUNDE, ROOT, SERVER_KEY, WRITE_KEY, Server


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server()

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def page(self, path='/', **headers):
        return self.s.request('GET', path, headers={k.replace('_', '-'): v for k, v in headers.items()})

    def assets(self):
        return re.findall(r'(?:src|href)="(/[^"]+)"', self.page()[2].decode())

    def test_every_address_of_the_dashboard_is_the_page(self):
        first = self.page()[2]
        self.assertIn(b'<div id="root">', first)
        for path in ('/live', '/people', '/people/0190aaaa', '/catalogue', '/catalogue/P%2F1', '/recommendations', '/settings', '/settings/keys', '/login',
                     '/login?next=%2Flive', '/people/', '/live?state=rejected'):
            status, headers, body = self.page(path)
            self.assertEqual((status, headers['content-type'], body), (200, 'text/html; charset=utf-8', first), path)

    def test_the_policy_allows_nothing_inline(self):
        status, headers, body = self.page()
        policy = dict(part.strip().split(' ', 1) for part in headers['content-security-policy'].split(';'))
        self.assertEqual(policy, {'default-src': "'none'", 'script-src': "'self'", 'style-src': "'self'", 'img-src': "'self' https: data:", 'connect-src': "'self'",
                                  'frame-ancestors': "'none'", 'base-uri': "'none'", 'form-action': "'self'"})
        self.assertEqual((headers['referrer-policy'], headers['x-content-type-options'], headers['cache-control']), ('no-referrer', 'nosniff', 'no-cache'))
        text = body.decode()
        self.assertNotRegex(text, r'<style|style=|\son\w+=|<script(?![^>]*\ssrc=)|https?:')
        self.assertNotIn(WRITE_KEY, text)
        self.assertNotIn(SERVER_KEY, text)

    def test_files_are_kept_for_ever_and_pages_are_asked_again(self):
        self.assertGreaterEqual(len(self.assets()), 3)
        for path in self.assets():
            status, headers, body = self.page(path, Accept_Encoding='gzip')
            self.assertEqual((status, headers['cache-control'], headers['content-encoding']), (200, 'public, max-age=31536000, immutable', 'gzip'), path)
            self.assertIn('accept-encoding', headers['vary'].lower())
            self.assertGreater(len(gzip.decompress(body)), 100)
        for path in (self.assets()[0], '/'):
            etag = self.page(path, Accept_Encoding='gzip')[1]['etag']
            for held in (etag, 'W/' + etag, '"x", ' + etag, '*'):
                status, headers, body = self.page(path, Accept_Encoding='gzip', If_None_Match=held)
                self.assertEqual((status, body, headers['etag']), (304, b'', etag), held)
            self.assertEqual(self.page(path, Accept_Encoding='gzip', If_None_Match='"other"')[0], 200)

    def test_clients_that_take_no_gzip_get_it_unpacked(self):
        path = [p for p in self.assets() if p.endswith('.css')][0]
        packed = gzip.decompress(self.page(path, Accept_Encoding='br, gzip;q=0.5')[2])
        tags = {self.page(path, Accept_Encoding='gzip')[1]['etag']}
        for accepted in (None, '', 'identity', 'br', 'gzip;q=0', 'gzip; q=0.000, br', 'gzipped'):
            status, headers, body = self.page(path, **({} if accepted is None else {'Accept_Encoding': accepted}))
            self.assertEqual((status, headers.get('content-encoding'), body == packed), (200, None, True), accepted)
            tags.add(headers['etag'])
        self.assertEqual(len(tags), 2)
        status, headers, body = self.s.request('HEAD', path, headers={'Accept-Encoding': 'gzip'})
        self.assertEqual((status, body, headers['content-encoding']), (200, b'', 'gzip'))

    def test_no_path_leads_out_of_the_table(self):
        for path in ('/assets/', '/assets/../index.html', '/assets/..%2findex.html', '/assets/%2e%2e/%2e%2e/etc/passwd', '/assets/kunde.db', '/index.html', '/assets/x\\..\\y',
                     '/../../etc/passwd', '/assets/' + 'a' * 2000, '/assets/%00', '/shop.html/..', '//etc/passwd'):
            status, _, body = self.page(path)
            self.assertIn(status, (400, 404), path)
            self.assertNotIn(b'root:', body)

    def test_the_tag_is_for_pages_of_other_origins(self):
        status, headers, body = self.page('/kunde.js', Origin='https://shop.example')
        self.assertEqual((status, headers['access-control-allow-origin'], headers['cross-origin-resource-policy']), (200, '*', 'cross-origin'))
        self.assertIn('max-age=300', headers['cache-control'])

    def test_the_first_load_is_small(self):
        with open(os.path.join(os.path.dirname(KUNDE), 'web', 'manifest.json')) as f:
            pages = json.load(f)
        for page in pages.values():
            names = ['/' if name == '/index.html' else '/shop' if name == '/shop.html' else name for name in page['first']]
            sizes = {name: len(self.page(name, Accept_Encoding='gzip')[2]) for name in names if name != '/shop'}
            self.assertGreaterEqual(len(sizes), 3)
            self.assertLessEqual(sum(sizes.values()), 350 * 1024, sizes)
        first = set(pages['kunde']['first'])
        self.assertTrue(set(self.assets()) - {self.assets()[0]} <= first, 'the page names files that the budget does not know')


class Door(unittest.TestCase):
    """Login by link and by password; what a session may do and what another site's page may not."""
    PASSWORD = 'a long enough secret'

    def setUp(self):
        self.s = Server()
        self.addCleanup(self.s.close)

    def login(self, path=None):
        status, headers, _ = self.s.request('GET', path or self.s.lines['login'].split(str(self.s.port), 1)[1])
        self.assertEqual(status, 303)
        return headers['set-cookie'].split(';')[0]

    def test_a_spent_link_leads_people_to_the_page_and_programs_to_a_problem(self):
        path = self.s.lines['login'].split(str(self.s.port), 1)[1]
        status, headers, _ = self.s.request('GET', path)
        self.assertEqual((status, headers['location']), (303, '/'))
        status, headers, _ = self.s.request('GET', path, headers={'Accept': 'text/html,*/*;q=0.8'})
        self.assertEqual((status, headers['location']), (303, '/login?link=spent'))
        self.assertNotIn('set-cookie', headers)
        status, headers, _ = self.s.request('GET', path)
        self.assertEqual((status, headers['content-type']), (401, 'application/problem+json'))

    def test_a_session_changes_things_only_with_the_header(self):
        cookie = self.login()
        self.s.json('GET', '/v1/admin/keys', key=None, headers={'Cookie': cookie})
        body = {'type': 'write', 'name': 'probe'}
        for headers in ({'Cookie': cookie}, {'Cookie': cookie, 'Origin': 'https://evil.example'}, {'Cookie': cookie, 'Content-Type': 'text/plain'}, {'Kunde-CSRF': '1'}):
            self.s.json('POST', '/v1/admin/keys', body, key=None, expect=401, headers=headers)
        self.s.json('POST', '/v1/admin/keys', body, key=None, expect=201, headers={'Cookie': cookie, 'Kunde-CSRF': '1'})
        status, headers, _ = self.s.request('OPTIONS', '/v1/admin/keys', headers={'Origin': 'https://evil.example', 'Access-Control-Request-Method': 'POST',
                                                                                   'Access-Control-Request-Headers': 'kunde-csrf'})
        self.assertNotIn('access-control-allow-origin', headers)
        self.assertNotIn('access-control-allow-headers', headers)

    def test_password(self):
        cookie = self.login()
        with_session = {'Cookie': cookie, 'Kunde-CSRF': '1'}
        self.s.json('POST', '/v1/admin/login', {'password': self.PASSWORD}, key=None, expect=401)
        self.s.json('POST', '/v1/admin/password', {'password': 'short'}, key=None, expect=400, headers=with_session)
        self.s.json('POST', '/v1/admin/password', {'password': self.PASSWORD}, key=None, headers=with_session)
        self.s.json('GET', '/v1/admin/keys', key=None, expect=401, headers={'Cookie': cookie})  # all sessions end
        status, headers, _ = self.s.request('POST', '/v1/admin/login', {'password': self.PASSWORD})
        self.assertEqual(status, 200)
        for word in ('HttpOnly', 'SameSite=Strict', 'Path=/', 'Max-Age=43200'):
            self.assertIn(word, headers['set-cookie'])
        self.assertNotIn('Secure', headers['set-cookie'])
        cookie = headers['set-cookie'].split(';')[0]
        status, headers, _ = self.s.request('POST', '/v1/admin/login', {'password': self.PASSWORD}, headers={'X-Forwarded-Proto': 'https'})
        self.assertIn('Secure', headers['set-cookie'])
        answer = self.s.request('GET', '/v1/admin/keys', headers={'Cookie': cookie})
        self.assertEqual((answer[0], answer[1]['cache-control']), (200, 'no-store'))
        status, headers, _ = self.s.request('POST', '/v1/admin/logout', headers={'Cookie': cookie, 'Kunde-CSRF': '1'})
        self.assertEqual(status, 204)
        self.assertIn('Max-Age=0', headers['set-cookie'])
        self.s.json('GET', '/v1/admin/keys', key=None, expect=401, headers={'Cookie': cookie})

    def test_guessing_is_slowed(self):
        self.s.json('POST', '/v1/admin/password', {'password': self.PASSWORD})
        answers = [self.s.request('POST', '/v1/admin/login', {'password': 'wrong %d' % i})[0] for i in range(12)]
        self.assertIn(429, answers)
        self.assertEqual(set(answers), {401, 429})


class Source(unittest.TestCase):
    def run_in_web(self, *command):
        done = subprocess.run(command, cwd=os.path.join(ROOT, 'web'), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
        self.assertEqual(done.returncode, 0, done.stdout.decode('utf-8', 'replace')[-6000:])

    def test_types(self):
        self.run_in_web('npm', 'run', '--silent', 'types')

    def test_lint(self):
        self.run_in_web('npm', 'run', '--silent', 'lint')

    def test_words(self):
        self.run_in_web('npm', 'run', '--silent', 'words')

    def test_logic(self):
        self.run_in_web('npm', 'run', '--silent', 'logic')
