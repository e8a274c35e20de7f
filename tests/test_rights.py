"""What a person may ask for: an export to take along, an erasure that leaves no byte, restriction, objection, rectification; deadlines."""
import glob, hashlib, http.client, io, json, os, sqlite3, subprocess, tempfile, time, unittest, zipfile
from harness import Server, kunde, environment, KUNDE, WRITE_KEY

SECRETS = ['ada.lovelace@analytical.example', 'Ada Byron Lovelace', '+442071234567', 'user-ada-1815', 'anon-ada-4711', '12 St James Square',
           'CARD-ADA-99', 'hello from ada to the service']


def fill(s, others=30):
    s.json('PUT', '/v1/admin/products', [{'id': 'P%d' % i, 'title': 'Thing %d' % i, 'price': 10 + i, 'currency': 'EUR'} for i in range(12)])
    for n in range(others):
        s.json('POST', '/v1/identify', {'userId': 'other-%d' % n, 'traits': {'email': 'o%d@others.example' % n}})
        for i in range(4):
            s.track('Product Viewed', 'other-%d' % n, properties={'product_id': 'P%d' % ((n + i) % 12)})
    ada(s)


def ada(s, day=1):
    s.json('POST', '/v1/identify', {'userId': SECRETS[3], 'anonymousId': SECRETS[4], 'messageId': 'ada-id-%d' % day,
                                    'traits': {'email': SECRETS[0], 'name': SECRETS[1], 'phone': SECRETS[2], 'address': {'street': SECRETS[5]}}})
    s.track('Product Viewed', anonymous=SECRETS[4], properties={'product_id': 'P1'}, messageId='ada-view-%d' % day, timestamp='2026-03-0%dT10:00:00Z' % day)
    s.track('Order Completed', SECRETS[3], properties={'order_id': 'ada-order-%d' % day, 'currency': 'EUR', 'products': [
        {'product_id': 'P2', 'price': 12, 'quantity': 1}, {'product_id': 'P3', 'price': 13, 'quantity': 2}]}, messageId='ada-order-%d' % day,
        timestamp='2026-03-0%dT11:00:00Z' % day)
    s.track('Complaint', SECRETS[3], properties={'text': SECRETS[7]}, messageId='ada-text-%d' % day)


def sql(s, query, *values):
    db = sqlite3.connect('file:%s?mode=ro' % s.db, uri=True)
    try:
        return db.execute(query, values).fetchall()
    finally:
        db.close()


def stored_hashes(s):
    """Keyed hashes and wrapped keys of all persons, by person."""
    found = {}
    for person, value in sql(s, 'select person,hash from ident') + sql(s, 'select person,key from profile') + sql(s, 'select person,secret from profile'):
        found.setdefault(person, set()).add(bytes(value))
    return found


def files_with(s, needle):
    hits = []
    for folder, _, names in os.walk(s.folder):
        for name in names:
            if name != 'log' and not name.endswith('.sock'):
                with open(os.path.join(folder, name), 'rb') as f:
                    if needle in f.read():
                        hits.append(name)
    return hits


def open_and_run(s, right, customer):
    made = s.json('POST', '/v1/admin/requests', {'right': right, 'customer': customer}, expect=201)
    return s.json('POST', '/v1/admin/requests/%s/run' % made['id'])


def wait_done(s, request, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        got = s.json('GET', '/v1/admin/requests/' + request)
        if got['state'] == 'done':
            return got
        time.sleep(0.05)
    raise AssertionError('not done: %s' % got)


class Erasure(unittest.TestCase):
    def check_gone(self, s, hashes):
        for secret in SECRETS:
            self.assertEqual(files_with(s, secret.encode()), [], secret)
        for value in hashes:
            self.assertEqual(files_with(s, value), [], 'a keyed hash or wrapped key')
        self.assertEqual(s.json('POST', '/v1/admin/profiles/find', {'id': SECRETS[0]}, expect=404)['status'], 404)

    def persons_of(self, s):
        graph = s.json('GET', '/v1/admin/requests')['requests'][-1]['person']
        return graph

    def test_no_byte_is_left_and_nothing_comes_back(self):
        with Server() as s:
            fill(s)
            bad = b'not json at all for ' + SECRETS[0].encode()
            path = os.path.join(s.folder, 'bad.jsonl')
            with open(path, 'wb') as f:
                f.write(bad + b'\n')
            s.command('import', 'events', path)
            os.unlink(path)
            before = stored_hashes(s)
            s.json('POST', '/v1/decide', {'customer': {'userId': SECRETS[3]}, 'placements': ['home']})
            done = wait_done(s, open_and_run(s, 'erase', SECRETS[3])['id'])
            self.assertIsNone(done['person'])
            said = json.loads(done['receipt']['said'])
            self.assertGreaterEqual(said['events'], 4)
            self.assertGreaterEqual(said['identityKeys'], 2)
            after = stored_hashes(s)
            hashes = [value for person in before if person not in after for value in before[person]]
            self.assertGreaterEqual(len(hashes), 4)
            self.check_gone(s, hashes)
            for secret in SECRETS:
                self.assertNotIn(secret, done['receipt']['said'])
            # the same events once more: they were erased, and stay away, also after a restart
            events = sql(s, 'select count(*) from log')[0][0]
            s.kill()
            s.start()
            s.track('Order Completed', SECRETS[3], properties={'order_id': 'ada-order-1', 'products': [{'product_id': 'P2', 'price': 12, 'quantity': 1}]},
                    messageId='ada-order-1', timestamp='2026-03-01T11:00:00Z')
            self.assertEqual(sql(s, 'select count(*) from log where kind=20 and length(body)>0')[0][0], 0)
            # what is new belongs to somebody without a past
            s.track('Product Viewed', SECRETS[3], properties={'product_id': 'P4'}, messageId='ada-new')
            found = s.json('POST', '/v1/admin/profiles/find', {'id': SECRETS[3]})
            self.assertEqual(found.get('orderHistory', []), [])
            code, out, err = s.command('doctor')
            self.assertEqual(code, 0, out + err)

    def test_thousands_of_claims_about_one_key_go_at_once(self):
        """Anybody with the public key can say that a thousand browsers are theirs; the writer waits while the links go."""
        with Server() as s:
            for first in range(0, 2500, 100):
                s.json('POST', '/v1/batch', {'batch': [{'type': 'track', 'event': 'Product Viewed', 'userId': SECRETS[3], 'anonymousId': 'claim-%d' % n,
                                                        'messageId': 'c%d' % n, 'properties': {'product_id': 'P1'}} for n in range(first, first + 100)]}, key='write')
            self.assertEqual(sql(s, 'select count(*) from link')[0][0], 5000)
            done = wait_done(s, open_and_run(s, 'erase', SECRETS[3])['id'])
            self.assertEqual(json.loads(done['receipt']['said'])['links'], 5000)
            self.assertEqual(sql(s, 'select count(*) from link')[0][0], 0)
            plan = ' '.join(row[-1] for row in sql(s, "explain query plan delete from link where person=x'00' and proven in (0,1) and other=x'01'"))
            self.assertIn('other=?', plan) # each by its key, or the whole is quadratic

    def test_what_was_refused_a_moment_ago_goes_too(self):
        with Server() as s:
            s.json('PUT', '/v1/admin/sources/shop', {'name': 'Web shop', 'kind': 'web', 'purposes': ['operate'], 'keepRejected': True, 'strict': True,
                                                         'schema': {'Order Completed': {'properties.amount': {'type': 'number'}}}})
            for day in range(1, 4):
                ada(s, day)
                made = s.json('POST', '/v1/admin/requests', {'right': 'erase', 'customer': SECRETS[3]}, expect=201)
                s.json('POST', '/v1/track', {'event': 'Order Completed', 'userId': SECRETS[3], 'properties': {'amount': 'much', 'email': SECRETS[0]}}, expect=400)
                s.json('POST', '/v1/admin/requests/%s/run' % made['id'])
                wait_done(s, made['id'])
                self.assertEqual(s.json('GET', '/v1/admin/quarantine')['rows'], [], day)

    def test_a_crash_in_every_step_goes_on_at_the_next_start(self):
        for step in ('gather', 'unlearn', 'keys', 'empty', 'close', 'traces', 'receipt', 'sweep'):
            with self.subTest(step=step), Server(KUNDE_TEST_CRASH='erase:' + step) as s:
                fill(s, 5)
                before = stored_hashes(s)
                request = open_and_run(s, 'erase', SECRETS[3])['id']
                try:
                    wait_done(s, request, 30)
                    return  # a release build has no crash points
                except (OSError, http.client.HTTPException):
                    s.process.wait(timeout=30)
                s.process.stdout.close()
                s.log.close()
                s.env = {}
                s.start()
                wait_done(s, request)
                after = stored_hashes(s)
                self.check_gone(s, [value for person in before if person not in after for value in before[person]])

    def test_erasing_by_command_and_unknown_people(self):
        with tempfile.TemporaryDirectory() as folder:
            with Server(folder) as s:
                fill(s, 3)
            code, out, err = kunde('erase', '--db', os.path.join(folder, 'kunde.db'), '--customer', SECRETS[0], '--json')
            self.assertEqual(code, 0, err)
            self.assertEqual(json.loads(out)['algorithm'], 'Ed25519')
            code, out, err = kunde('erase', '--db', os.path.join(folder, 'kunde.db'), '--customer', SECRETS[0])
            self.assertNotEqual(code, 0)
            code, out, err = kunde('erase', '--db', os.path.join(folder, 'kunde.db'))
            self.assertEqual(code, 2)


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server()
        fill(cls.s, 3)

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def test_export_holds_everything_and_its_checksums(self):
        made = self.s.json('POST', '/v1/admin/requests', {'right': 'export', 'customer': SECRETS[0]}, expect=201)
        self.assertFalse(made['overdue'])
        status, headers, data = self.s.request('GET', '/v1/admin/requests/%s/export.zip' % made['id'], key='server')
        self.assertEqual((status, headers['content-type']), (200, 'application/zip'))
        z = zipfile.ZipFile(io.BytesIO(data))
        self.assertIsNone(z.testzip())
        manifest = json.loads(z.read('manifest.json'))
        self.assertEqual({f['name'] for f in manifest['files']} | {'manifest.json'}, set(z.namelist()))
        for f in manifest['files']:
            self.assertEqual(hashlib.sha256(z.read(f['name'])).hexdigest(), f['sha256'], f['name'])
            if f['name'].endswith('.json'):
                json.loads(z.read(f['name']))
        person = json.loads(z.read('person.json'))
        self.assertEqual((person['@type'], person['email'], person['telephone']), ('Person', SECRETS[0], SECRETS[2]))
        orders = json.loads(z.read('orders.json'))
        self.assertEqual((orders[0]['@type'], orders[0]['orderNumber'], len(orders[0]['orderedItem'])), ('Order', 'ada-order-1', 2))
        events = z.read('events.json').decode()
        self.assertIn('ada-order-1', events)
        self.assertIn(SECRETS[7], events)
        self.assertEqual(glob.glob(self.s.db + '.export*'), [])
        self.s.json('POST', '/v1/admin/requests/%s/complete' % made['id'], {'note': 'sent by post'})
        self.s.json('POST', '/v1/admin/requests/%s/complete' % made['id'], {}, expect=409)

    def test_export_by_command(self):
        out = os.path.join(self.s.folder, 'me.zip')
        code, _, err = self.s.command('export', '--customer', 'other-1', '--out', out)
        self.assertEqual(code, 0, err)
        self.assertIn('events.json', zipfile.ZipFile(out).namelist())
        self.assertEqual(os.stat(out).st_mode & 0o777, 0o600)
        code, _, err = self.s.command('export', '--customer', 'other-1', '--out', out)
        self.assertNotEqual(code, 0)
        self.assertIn('exist', err.lower())

    def test_rectify(self):
        made = self.s.json('POST', '/v1/admin/requests', {'right': 'rectify', 'customer': 'other-2'}, expect=201)
        self.s.json('POST', '/v1/admin/requests/%s/run' % made['id'], {}, expect=400)
        done = self.s.json('POST', '/v1/admin/requests/%s/run' % made['id'], {'traits': {'name': 'Right Name'}})
        self.assertEqual(done['state'], 'done')
        self.assertIn('Right Name', json.dumps(self.s.json('POST', '/v1/admin/profiles/find', {'id': 'other-2'})))

    def test_object_and_restrict_and_release(self):
        def allowed():
            return set(self.s.json('GET', '/v1/admin/profiles/%s/consents' % person)['allowed'])
        made = self.s.json('POST', '/v1/admin/requests', {'right': 'restrict', 'customer': 'other-0'}, expect=201)
        person = made['person']
        self.assertIn('personalise', allowed())
        self.assertEqual(self.s.json('POST', '/v1/admin/requests/%s/run' % made['id'])['state'], 'done')
        self.assertEqual(allowed(), {'operate'})
        self.assertEqual(open_and_run(self.s, 'release', 'other-0')['state'], 'done')
        self.assertIn('personalise', allowed())
        self.assertEqual(open_and_run(self.s, 'object', 'other-0')['state'], 'done')
        self.assertNotIn('personalise', allowed())
        self.assertIn('operate', allowed())

    def test_a_release_grants_nothing_that_was_not_granted(self):
        with Server() as s:
            s.json('PUT', '/v1/admin/purposes/analyse', {'title': 'Improve the shop', 'basis': 'consent'})
            for user, said in (('silent', None), ('willing', {'analyse': True})):
                s.json('POST', '/v1/identify', {'userId': user, 'traits': {'a': 1}})
                if said:
                    s.track('Consent Recorded', user, properties={'purposes': said})
                for right in ('restrict', 'release'):
                    open_and_run(s, right, user)
                allowed = s.json('GET', '/v1/admin/profiles/%s/consents' % user)['allowed']
                self.assertEqual(('analyse' in allowed, 'personalise' in allowed), (said is not None, True), user)

    def test_deadlines_and_bad_input(self):
        made = self.s.json('POST', '/v1/admin/requests', {'right': 'export', 'customer': 'other-1'}, expect=201)
        self.s.json('POST', '/v1/admin/requests', {'right': 'export', 'customer': 'other-1'}, expect=409)
        self.assertTrue(self.s.json('POST', '/v1/admin/requests/%s/extend' % made['id'])['extended'])
        self.s.json('POST', '/v1/admin/requests/%s/extend' % made['id'], expect=409)
        self.s.json('POST', '/v1/admin/requests', {'right': 'forget', 'customer': 'other-1'}, expect=400)
        self.s.json('POST', '/v1/admin/requests', {'right': 'erase', 'customer': 'nobody-knows'}, expect=404)
        self.s.json('GET', '/v1/admin/requests/00000000-0000-7000-8000-000000000000', expect=404)
        self.s.json('GET', '/v1/admin/requests/nonsense', expect=404)
        self.s.json('POST', '/v1/admin/requests/%s/run' % made['id'], expect=400)
        self.assertEqual(self.s.request('GET', '/v1/admin/requests')[0], 401)
        self.assertEqual(self.s.json('POST', '/v1/admin/requests/%s/reject' % made['id'], {'note': 'twice asked'})['state'], 'rejected')
        listed = self.s.json('GET', '/v1/admin/requests?state=rejected')
        self.assertIn(made['id'], [r['id'] for r in listed['requests']])


class Retention(unittest.TestCase):
    def test_what_is_over_is_emptied_and_profiles_forget_it(self):
        with Server() as s:
            fill(s, 3)
            s.json('PUT', '/v1/admin/retention', {'orders': {'days': 100, 'minimumDays': 200}}, expect=400)
            s.json('PUT', '/v1/admin/retention', {'weather': {'days': 1}}, expect=400)
            s.json('PUT', '/v1/admin/retention', {'behaviour': {'days': -1}}, expect=400)
            s.json('PUT', '/v1/admin/retention', {'behaviour': {'days': 30}, 'orders': {'days': 3650, 'minimumDays': 2190}})
            self.assertEqual(s.json('GET', '/v1/admin/retention')['orders'], {'days': 3650, 'minimumDays': 2190})
            self.assertEqual(s.json('POST', '/v1/admin/retention/run')['emptied'], 0)
            s.stop()
            db = sqlite3.connect(s.db)  # a month and a day go by
            db.execute('update log set received_ms=received_ms-31*86400000')
            db.commit()
            db.close()
            s.start()
            before = s.json('POST', '/v1/admin/profiles/find', {'id': SECRETS[3]})
            until = time.monotonic() + 20  # the start looks by itself
            while sql(s, 'select count(*) from log where kind=10 and length(body)>0')[0][0] and time.monotonic() < until:
                time.sleep(0.1)
            run = s.json('POST', '/v1/admin/retention/run')
            self.assertEqual(sql(s, 'select count(*) from log where kind=10 and length(body)>0')[0][0], 0)
            self.assertGreater(sql(s, 'select count(*) from log where kind=20 and length(body)>0')[0][0], 0)
            after = s.json('POST', '/v1/admin/profiles/find', {'id': SECRETS[3]})
            self.assertEqual(len(after['orderHistory']), 1)
            other = s.json('POST', '/v1/admin/profiles/find', {'id': 'other-1'})
            self.assertNotIn('P1', json.dumps(other))
            self.assertEqual(files_with(s, SECRETS[7].encode()), [])
            s.kill()  # the profiles on disk have forgotten it too
            s.start()
            self.assertNotIn('P1', json.dumps(s.json('POST', '/v1/admin/profiles/find', {'id': 'other-1'})))
            code, out, err = s.command('doctor')
            self.assertEqual(code, 0, out + err)


if __name__ == '__main__':
    unittest.main()
