"""Who may do what: roles at every admin route, masked answers, second factors, the audit log and its verification."""
import base64, hashlib, hmac, json, os, re, sqlite3, struct, threading, time, unittest
from harness import ROOT, SERVER_KEY, Server

PASSWORD = 'correct horse battery staple'
ROLES = ('owner', 'marketer', 'merchandiser', 'analyst', 'privacy-officer', 'support')
# What must never be in an answer to somebody who may not see personal data.
SEEDED = ('Annegret', 'Zwiebelfisch', 'annegret.z@example.org', 'zwiebelfisch', '+4934112345678', '4934112345678', 'Karl-Heine-Strasse', 'crm-77431', 'anon-5551234', 'CARD-998877')


def totp(secret, offset=0):
    key, step = base64.b32decode(secret), int(time.time()) // 30 + offset
    mac = hmac.new(key, struct.pack('>Q', step), hashlib.sha1).digest()
    at = mac[-1] & 15
    return '%06d' % ((struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000)


class Person:
    """Somebody with a browser: a session, and the header that only own pages send."""

    def __init__(self, server, cookie):
        self.server, self.cookie = server, cookie

    def request(self, method, path, body=None, **headers):
        return self.server.request(method, path, body, headers={'Cookie': self.cookie, 'Kunde-CSRF': '1', **headers})

    def json(self, method, path, body=None, expect=200):
        return self.server.json(method, path, body, key=None, expect=expect, headers={'Cookie': self.cookie, 'Kunde-CSRF': '1'})


def by_link(server):
    path = server.lines['login'].split(str(server.port), 1)[1]
    status, headers, _ = server.request('GET', path)
    assert status == 303, status
    return Person(server, headers['set-cookie'].split(';')[0])


def log_in(server, user, password=PASSWORD, code=None, expect=200):
    body = {'user': user, 'password': password}
    if code:
        body['code'] = code
    status, headers, data = server.request('POST', '/v1/admin/login', body)
    assert status == expect, (status, data)
    return Person(server, headers['set-cookie'].split(';')[0]) if status == 200 else json.loads(data)


def invite(server, owner, role, name=None):
    made = owner.json('POST', '/v1/admin/users', {'name': name or role.title(), 'email': '%s@shop.example' % role, 'role': role}, expect=201)
    status, headers, data = server.request('POST', '/v1/admin/invitation', {'token': made['token'], 'password': PASSWORD})
    assert status == 200, data
    return made['id'], Person(server, headers['set-cookie'].split(';')[0])


class Roles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server()
        cls.owner = by_link(cls.s)
        cls.ids, cls.people = {}, {}
        for role in ROLES:
            cls.ids[role], cls.people[role] = invite(cls.s, cls.owner, role)
        traits = {'firstName': 'Annegret', 'lastName': 'Zwiebelfisch', 'email': 'annegret.z@example.org', 'phone': '+4934112345678',
                  'address': {'street': 'Karl-Heine-Strasse 7', 'city': 'Leipzig'}, 'card': 'CARD-998877'}
        cls.s.json('POST', '/v1/identify', {'userId': 'crm-77431', 'anonymousId': 'anon-5551234', 'traits': traits, 'messageId': 'm-1'})
        cls.s.json('POST', '/v1/track', {'userId': 'crm-77431', 'anonymousId': 'anon-5551234', 'messageId': 'm-2', 'event': 'Order Completed',
                                         'properties': {'order_id': 'O-1', 'note': 'for Annegret', 'products': [{'product_id': 'P1', 'quantity': 1, 'price': 9.5}]},
                                         'context': {'traits': {'email': 'annegret.z@example.org'}}})
        cls.s.json('POST', '/v1/track', {'userId': 'crm-77431', 'messageId': 'm-3', 'event': 'Product Viewed', 'properties': {'product_id': 'P1'}})
        cls.person = cls.s.json('POST', '/v1/admin/profiles/find', {'id': 'annegret.z@example.org'})['personId']
        cls.decision = cls.s.json('POST', '/v1/decide', {'customer': {'userId': 'crm-77431'}, 'placements': ['home']})['decisions'][0]
        cls.event = cls.s.json('GET', '/v1/admin/profiles/%s/events' % cls.person)['events'][-1]['id']

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def routes(self):
        """Every route of the API that lies under /v1/admin, from the description of itself."""
        paths = self.s.json('GET', '/openapi.json')['paths']
        return [(method.upper(), path) for path, methods in paths.items() for method in methods if path.startswith('/v1/admin/') and method in ('get', 'post', 'put', 'delete')]

    def fill(self, path):
        """A path with ids that exist, so that there is an answer to look into."""
        if path.startswith('/v1/admin/events/{'):
            return '/v1/admin/events/%s/%s' % (self.person, self.event)
        if path.startswith('/v1/admin/decisions/'):
            return '/v1/admin/decisions/%s?person=%s' % (self.decision['decisionId'], self.person)
        return re.sub(r'\{[^}]+\}', 'P1' if '/products/' in path else self.person, path)

    def test_seeded_values_are_seen_by_those_who_may(self):
        text = self.people['support'].request('GET', '/v1/admin/profiles/' + self.person)[2].decode()
        for value in ('Annegret', 'annegret.z@example.org', '+4934112345678', 'crm-77431'):
            self.assertIn(value, text)

    def test_no_route_shows_them_to_an_analyst(self):
        looked = 0
        for role in ('analyst', 'marketer', 'merchandiser'):
            who = self.people[role]
            for method, path in self.routes():
                if method != 'GET' or path.endswith('/live'):
                    continue
                status, headers, data = who.request('GET', self.fill(path))
                text = data.decode('utf-8', 'replace')
                looked += status == 200
                for value in SEEDED:
                    self.assertNotIn(value, text, '%s %s as %s' % (method, path, role))
                self.assertEqual(headers.get('cache-control'), 'no-store', path)
            for body in ({'id': 'annegret.z@example.org'}, {'id': 'crm-77431'}, {'q': 'annegret.z@example.org'}):
                for path in ('/v1/admin/profiles/find', '/v1/admin/search'):
                    text = who.request('POST', path, body)[2].decode()
                    for value in SEEDED:
                        self.assertNotIn(value, text, path)
        self.assertGreater(looked, 20)
        profile = self.people['analyst'].json('GET', '/v1/admin/profiles/' + self.person)
        self.assertIn('a•••@e•••.org', json.dumps(profile, ensure_ascii=False))
        self.assertEqual(profile['personId'], self.person)

    def test_the_live_stream_shows_an_analyst_no_rejected_text(self):
        c = self.s.connection(timeout=20)
        c.request('GET', '/v1/admin/live', headers={'Cookie': self.people['analyst'].cookie})
        stream = c.getresponse()
        self.assertEqual(stream.status, 200)
        time.sleep(0.5)
        self.s.request('POST', '/v1/track', {'userId': 'crm-77431', 'event': '', 'properties': {'name': 'Annegret'}}, key='server')
        self.s.json('POST', '/v1/track', {'userId': 'crm-77431', 'event': 'After'})
        text = ''
        while 'After' not in text:
            line = stream.readline().decode()
            self.assertTrue(line)
            text += line
        c.close()
        self.assertIn('"rejected"', text)
        for value in SEEDED:
            self.assertNotIn(value, text)

    def test_every_admin_route_asks_who_it_is(self):
        for method, path in self.routes():
            if path in ('/v1/admin/login', '/v1/admin/logout', '/v1/admin/invitation'):
                continue
            status = self.s.request(method, self.fill(path), {} if method in ('POST', 'PUT') else None)[0]
            self.assertEqual(status, 401, '%s %s' % (method, path))
            status = self.s.request(method, self.fill(path), {} if method in ('POST', 'PUT') else None, key='write')[0]
            self.assertEqual(status, 403, '%s %s by write key' % (method, path))

    def test_what_each_role_is_refused(self):
        refused = {
            'marketer': [('GET', '/v1/admin/users'), ('POST', '/v1/admin/keys'), ('PUT', '/v1/admin/products'), ('GET', '/v1/admin/state'), ('GET', '/v1/admin/audit')],
            'merchandiser': [('GET', '/v1/admin/profiles/' + self.person), ('GET', '/v1/admin/events'), ('GET', '/v1/admin/live'), ('POST', '/v1/admin/profiles/find'), ('GET', '/v1/admin/users')],
            'analyst': [('PUT', '/v1/admin/products'), ('PUT', '/v1/admin/placements/x'), ('POST', '/v1/admin/backup'), ('GET', '/v1/admin/users'), ('GET', '/v1/admin/audit'), ('POST', '/v1/admin/train')],
            'privacy-officer': [('PUT', '/v1/admin/products'), ('GET', '/v1/admin/users'), ('POST', '/v1/admin/keys'), ('POST', '/v1/admin/backup')],
            'support': [('PUT', '/v1/admin/placements/x'), ('GET', '/v1/admin/audit'), ('GET', '/v1/admin/users'), ('DELETE', '/v1/admin/products/P1')],
        }
        for role, calls in refused.items():
            for method, path in calls:
                answer = self.people[role].json(method, path, {} if method != 'GET' else None, expect=403)
                self.assertIn(role, answer['detail'], '%s %s as %s' % (method, path, role))
        for role in ROLES:
            me = self.people[role].json('GET', '/v1/admin/me')
            self.assertEqual((me['userRole'], me['user']['id'], me['role']), (role, self.ids[role], 'admin'))
            self.assertIn('see', me['permissions'])
        self.assertEqual(self.s.json('GET', '/v1/admin/users', expect=403)['status'], 403)  # a server key manages no users
        self.assertNotIn('manage-users', self.s.json('GET', '/v1/admin/me')['permissions'])

    def test_a_session_sends_and_asks_no_more_than_its_role_may(self):
        event = {'userId': 'crm-77431', 'traits': {'firstName': 'Somebody'}, 'messageId': 'by-session'}
        for role in ('analyst', 'marketer', 'merchandiser', 'privacy-officer', 'support'):
            for path, body in (('/v1/identify', event), ('/v1/batch', {'batch': [dict(event, type='identify')]}),
                               ('/v1/track', {'userId': 'crm-77431', 'event': 'Consent Recorded', 'properties': {'purposes': {'market-email': True}}})):
                self.assertEqual(self.people[role].request('POST', path, body)[0], 403, '%s as %s' % (path, role))
        self.assertEqual(self.s.json('GET', '/v1/admin/profiles/' + self.person)['traits']['firstName'], 'Annegret')
        self.owner.json('POST', '/v1/track', {'userId': 'sent-again', 'event': 'Sent Again'})
        whom = {'customer': {'userId': 'crm-77431'}}
        self.people['merchandiser'].json('POST', '/v1/recommend', {})
        self.people['analyst'].json('POST', '/v1/recommend', whom)
        for path, body in (('/v1/recommend', whom), ('/v1/decide', dict(whom, placements=['home'])), ('/v1/recommend', {'customer': {'personId': self.person}})):
            self.people['merchandiser'].json('POST', path, body, expect=403)

    def test_what_hands_a_person_out_is_told(self):
        support = self.people['support']
        support.json('POST', '/v1/admin/profiles/%s/me-link' % self.person, {})
        support.json('GET', '/v1/admin/quarantine')
        self.people['privacy-officer'].json('POST', '/v1/admin/retention/run', {})
        told = {e['verb'] for e in self.s.json('GET', '/v1/admin/audit?limit=50')['entries']}
        self.assertLessEqual({'person.link', 'quarantine.read', 'retention.run'}, told)

    def test_the_table_of_the_documentation(self):
        said = {}
        with open(os.path.join(ROOT, 'docs', 'security.md'), encoding='utf-8') as f:
            rows = [[cell.strip() for cell in line.strip().strip('|').split('|')] for line in f if line.startswith('| ')]
        head = next(r for r in rows if 'analyst' in r)
        for row in rows[rows.index(head) + 1:]:
            if len(row) == len(head) and row[0].startswith('`'):
                for role, cell in zip(head[1:], row[1:]):
                    if cell == 'yes':
                        said.setdefault(role, set()).add(row[0].strip('`'))
        is_so = {r['role']: set(r['permissions']) for r in self.s.json('GET', '/v1/admin/security')['roles']}
        self.assertEqual(said, is_so)

    def test_a_change_acts_at_the_next_request(self):
        made = self.owner.json('POST', '/v1/admin/users', {'name': 'Mover', 'email': 'mover@shop.example', 'role': 'analyst'}, expect=201)
        status, headers, _ = self.s.request('POST', '/v1/admin/invitation', {'token': made['token'], 'password': PASSWORD})
        mover = Person(self.s, headers['set-cookie'].split(';')[0])
        self.assertNotIn('Annegret', mover.request('GET', '/v1/admin/profiles/' + self.person)[2].decode())
        self.owner.json('PUT', '/v1/admin/users/' + made['id'], {'role': 'support'})
        self.assertIn('Annegret', mover.request('GET', '/v1/admin/profiles/' + self.person)[2].decode())
        self.owner.json('PUT', '/v1/admin/users/' + made['id'], {'disabled': True})
        mover.json('GET', '/v1/admin/me', expect=401)
        log_in(self.s, 'mover@shop.example', expect=401)
        self.owner.json('PUT', '/v1/admin/users/' + made['id'], {'disabled': False})
        log_in(self.s, 'mover@shop.example')
        self.owner.json('DELETE', '/v1/admin/users/' + made['id'])
        mover.json('GET', '/v1/admin/me', expect=401)
        self.owner.json('PUT', '/v1/admin/users/' + made['id'], {'role': 'support'}, expect=404)

    def test_bad_input_names_its_field(self):
        for body, field in (({'name': 'X', 'email': 'x@y', 'role': 'boss'}, '/role'), ({'name': 'X', 'email': 'none', 'role': 'analyst'}, '/email'),
                            ({'email': 'x@y.z', 'role': 'analyst'}, '/name'), ({'name': 'X\u0001', 'email': 'x@y.z', 'role': 'analyst'}, '/name'),
                            ({'name': 'X', 'email': 'x@y.z', 'role': 'analyst', 'language': 'fr'}, '/language'), ({'name': 'X', 'email': 'x@y.z', 'role': 'analyst', 'disabled': 'yes'}, '/disabled')):
            answer = self.owner.json('POST', '/v1/admin/users', body, expect=400)
            self.assertEqual(answer['errors'][0]['pointer'], field)
        self.owner.json('POST', '/v1/admin/users', {'name': 'X', 'email': 'ANALYST@shop.example', 'role': 'analyst'}, expect=409)
        self.owner.json('PUT', '/v1/admin/security', {'twoFactorRoles': ['boss']}, expect=400)
        self.owner.json('PUT', '/v1/admin/users/00000000-0000-0000-0000-000000000001', {'disabled': True}, expect=409)

    def test_another_page_cannot_use_up_the_tries(self):
        for headers in ({'Origin': 'https://evil.example'}, {'Origin': 'null'}, {'Sec-Fetch-Site': 'cross-site'}, {'Origin': 'http://127.0.0.1:1'}):
            for path in ('/v1/admin/login', '/v1/admin/invitation'):
                for _ in range(7):
                    self.assertEqual(self.s.request('POST', path, {'user': 'support@shop.example', 'password': 'x', 'token': 'x'}, headers=headers)[0], 403)
        own = {'Origin': 'http://127.0.0.1:%d' % self.s.port}
        self.assertEqual(self.s.request('POST', '/v1/admin/login', {'user': 'support@shop.example', 'password': PASSWORD}, headers=own)[0], 200)

    def test_tries_of_one_address_are_its_own(self):
        wrong = {'user': 'marketer@shop.example', 'password': 'wrong wrong wrong'}
        far = {'X-Forwarded-For': '198.51.100.7'}
        answers = [self.s.request('POST', '/v1/admin/login', wrong, headers=far) for _ in range(7)]
        self.assertEqual([a[0] for a in answers], [401] * 5 + [429] * 2)
        self.assertEqual(answers[-1][1]['retry-after'], '60')
        self.assertEqual(self.s.request('POST', '/v1/admin/login', dict(wrong, password=PASSWORD), headers=far)[0], 429)
        self.assertEqual(self.s.request('POST', '/v1/admin/login', dict(wrong, password=PASSWORD), headers={'X-Forwarded-For': '203.0.113.9'})[0], 200)

    def test_second_factor(self):
        made = self.owner.json('POST', '/v1/admin/users', {'name': 'Two', 'email': 'two@shop.example', 'role': 'privacy-officer'}, expect=201)
        self.s.request('POST', '/v1/admin/invitation', {'token': made['token'], 'password': PASSWORD})
        self.owner.json('PUT', '/v1/admin/security', {'twoFactorRoles': ['privacy-officer']})
        try:
            two = log_in(self.s, 'two@shop.example')
            self.assertTrue(two.json('GET', '/v1/admin/me')['needsTwoFactor'])
            self.assertEqual(two.json('GET', '/v1/admin/profiles/' + self.person, expect=403)['errors'][0]['pointer'], '/twoFactor')
            begun = two.json('POST', '/v1/admin/me/totp', {})
            self.assertIn('secret=' + begun['secret'], begun['uri'])
            two.json('POST', '/v1/admin/me/totp', {'code': '12345'}, expect=401)
            codes = two.json('POST', '/v1/admin/me/totp', {'code': totp(begun['secret'])})['recoveryCodes']
            self.assertEqual(len(set(codes)), 10)
            self.assertIn('Annegret', two.request('GET', '/v1/admin/profiles/' + self.person)[2].decode())
            self.assertEqual(log_in(self.s, 'two@shop.example', expect=401)['errors'][0]['pointer'], '/code')
            self.assertEqual(log_in(self.s, 'two@shop.example', code='000000', expect=401)['errors'][0]['pointer'], '/code')
            log_in(self.s, 'two@shop.example', code=totp(begun['secret'], 1))  # the clock of a telephone that is early
            log_in(self.s, 'two@shop.example', code=totp(begun['secret'], 1), expect=401)
            log_in(self.s, 'two@shop.example', code=codes[0])
            log_in(self.s, 'two@shop.example', code=codes[0], expect=401)
            self.owner.json('PUT', '/v1/admin/users/' + made['id'], {'twoFactor': False})  # a lost telephone
            self.assertTrue(log_in(self.s, 'two@shop.example').json('GET', '/v1/admin/me')['needsTwoFactor'])
        finally:
            self.owner.json('PUT', '/v1/admin/security', {'twoFactorRoles': []})

    def test_reads_in_clear_are_told_and_masked_ones_are_not(self):
        def entries(role):
            return [e for e in self.s.json('GET', '/v1/admin/audit?limit=500&verb=person&user=' + self.ids[role])['entries']]
        self.people['support'].json('GET', '/v1/admin/profiles/' + self.person)
        self.people['support'].json('GET', '/v1/admin/profiles/%s/events' % self.person)
        self.people['analyst'].json('GET', '/v1/admin/profiles/' + self.person)
        self.assertEqual([(e['verb'], e['object'], e['role']) for e in entries('support')], [('person.read', self.person, 'support')])
        self.assertEqual(entries('analyst'), [])
        text = self.s.request('GET', '/v1/admin/audit?limit=500', key='server')[2].decode()
        for value in SEEDED + ('shop.example', PASSWORD):
            self.assertNotIn(value, text)
        verbs = {e['verb'] for e in json.loads(text)['entries']}
        self.assertLessEqual({'login', 'user.create', 'person.read'}, verbs)

    def test_failures_are_told(self):
        log_in(self.s, 'merchandiser@shop.example', 'wrong wrong wrong', expect=401)
        failed = self.s.json('GET', '/v1/admin/audit?verb=login.failed')['entries']
        self.assertIn(self.ids['merchandiser'], [e.get('object') for e in failed])
        self.assertEqual({e['actor'] for e in failed}, {'nobody'})


class Audit(unittest.TestCase):
    def setUp(self):
        self.s = Server()

    def tearDown(self):
        self.s.close()

    def fill(self, count):
        for i in range(count):
            key = self.s.json('POST', '/v1/admin/keys', {'type': 'write', 'name': 'k'}, expect=201)
            self.s.json('DELETE', '/v1/admin/keys/' + key['id'])

    def verify(self):
        code, out, err = self.s.command('audit', 'verify', '--json')
        self.assertIn(code, (0, 1), err)
        said = json.loads(out)
        self.assertEqual(code == 0, said['ok'])
        return said

    def test_verify_names_what_was_bent(self):
        self.fill(5)
        online = self.verify()
        self.assertTrue(online['ok'])
        self.assertGreaterEqual(online['entries'], 10)
        self.s.stop()
        self.assertTrue(self.verify()['ok'])
        with open(self.s.db, 'rb') as f:
            whole = f.read()
        for sql, broken in (("UPDATE record SET body=CAST(replace(CAST(body AS TEXT),'key.create','key.crEate') AS BLOB) WHERE kind='audit' AND id=(SELECT id FROM record WHERE kind='audit' AND instr(body,'key.create') LIMIT 1)", True),
                            ("DELETE FROM record WHERE kind='audit' AND id=x'00000000000000000000000000000004'", 4),
                            ("DELETE FROM record WHERE kind='audit' AND id>=x'00000000000000000000000000000008'", 8)):
            db = sqlite3.connect(self.s.db)
            self.assertGreaterEqual(db.execute(sql).rowcount, 1)
            db.commit()
            db.close()
            said = self.verify()
            self.assertFalse(said['ok'])
            self.assertTrue(said['firstBroken'] if broken is True else said['firstBroken'] == broken, said)
            for rest in ('-wal', '-shm'):
                if os.path.exists(self.s.db + rest):
                    os.unlink(self.s.db + rest)
            with open(self.s.db, 'wb') as f:
                f.write(whole)
            self.assertTrue(self.verify()['ok'])
        os.unlink(self.s.db + '.key.audit')
        self.assertIn('missing', self.verify()['why'])
        code, out, _ = self.s.command('audit', 'accept')
        self.assertEqual(code, 0)
        self.assertTrue(self.verify()['ok'])
        self.assertIn('audit.accept', self.s.command('audit', 'list')[1])
        self.assertEqual(self.s.command('audit')[0], 2)
        self.s.start()

    def test_what_was_answered_is_in_the_log_after_a_kill(self):
        answered, stop = [], threading.Event()

        def ask():
            while not stop.is_set():
                try:
                    status, _, data = self.s.request('POST', '/v1/admin/keys', {'type': 'write', 'name': 'k'}, key='server')
                    if status == 201:
                        key = json.loads(data)['id']
                        answered.append(('key.create', key))
                        if self.s.request('DELETE', '/v1/admin/keys/' + key, key='server')[0] == 200:
                            answered.append(('key.revoke', key))
                except (OSError, ValueError, __import__('http').client.HTTPException):
                    return
        for _ in range(2):
            threads = [threading.Thread(target=ask) for _ in range(4)]
            stop.clear()
            for t in threads: t.start()
            time.sleep(1.5)
            self.s.kill()
            stop.set()
            for t in threads: t.join()
            self.assertTrue(self.verify()['ok'])
            self.s.start()
        told, cursor = set(), ''
        while cursor is not None:
            page = self.s.json('GET', '/v1/admin/audit?limit=500&cursor=' + cursor if cursor else '/v1/admin/audit?limit=500')
            told |= {(e['verb'], e.get('object')) for e in page['entries']}
            cursor = page['cursor']
        self.assertGreater(len(answered), 10)
        self.assertEqual([a for a in answered if a not in told], [])

    def test_no_answer_without_its_entry(self):
        """The log refuses the entry: the person is not shown, the user not made, nobody is let in."""
        owner = by_link(self.s)
        self.s.json('POST', '/v1/identify', {'userId': 'crm-1', 'traits': {'firstName': 'Annegret'}})
        person = self.s.json('POST', '/v1/admin/profiles/find', {'id': 'crm-1'})['personId']
        self.s.json('POST', '/v1/admin/password', {'password': PASSWORD})
        self.s.stop()
        db = sqlite3.connect(self.s.db)
        newest = db.execute("SELECT max(id) FROM record WHERE kind='audit'").fetchone()[0]
        db.execute("CREATE INDEX no_audit ON record(CASE WHEN kind='audit' AND id>x'%s' THEN abs(-9223372036854775808) END)" % newest.hex())  # what cannot be computed cannot be inserted
        db.commit()
        db.close()
        self.s.start()
        for method, path, body in (('GET', '/v1/admin/profiles/' + person, None), ('POST', '/v1/admin/profiles/find', {'id': 'crm-1'}), ('GET', '/v1/admin/profiles/%s/events' % person, None),
                                   ('POST', '/v1/admin/keys', {'type': 'write'}), ('POST', '/v1/admin/backup', {})):
            status, _, data = self.s.request(method, path, body, key='server')
            self.assertEqual(status, 503, path)
            self.assertNotIn(b'Annegret', data)
        status, headers, _ = self.s.request('POST', '/v1/admin/login', {'password': PASSWORD})
        self.assertEqual(status, 503)
        self.assertNotIn('set-cookie', headers)
        del owner


if __name__ == '__main__':
    unittest.main()
