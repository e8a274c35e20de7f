"""A new master key: while the server runs and while it does not, and from every moment in which the process may end."""
import glob, json, os, random, signal, sqlite3, subprocess, threading, time, unittest
from harness import KUNDE, Server, environment, kunde


def checks(db):
    c = sqlite3.connect(db)
    found = dict(c.execute("SELECT name,value FROM meta WHERE name LIKE 'vault_%'").fetchall())
    c.close()
    return found


class Rotate(unittest.TestCase):
    PERSONS = 400

    def setUp(self):
        self.s = Server()
        for at in range(0, self.PERSONS, 100):
            self.s.json('POST', '/v1/batch', {'batch': [{'type': 'identify', 'userId': 'u-%d' % i, 'traits': {'firstName': 'Name%d' % i, 'email': 'e%d@example.org' % i}} for i in range(at, at + 100)]})

    def tearDown(self):
        self.s.close()

    def look(self, numbers):
        for i in numbers:
            profile = self.s.json('POST', '/v1/admin/profiles/find', {'id': 'e%d@example.org' % i})  # found by its hash, read by its key
            self.assertIn('Name%d' % i, json.dumps(profile))

    def read_key(self):
        with open(self.s.db + '.key') as f:
            return f.read().strip()

    def rotate(self, **options):
        code, out, err = self.s.command('config', 'rotate-key', '--json', **options)
        self.assertEqual(code, 0, err)
        return json.loads(out)

    def test_while_the_server_runs(self):
        before = self.read_key()
        stop, failed = threading.Event(), []

        def shop():
            n = 0
            while not stop.is_set():
                n += 1
                try:
                    self.s.json('POST', '/v1/identify', {'userId': 'new-%d' % n, 'traits': {'firstName': 'Fresh%d' % n}})
                except AssertionError as e:
                    failed.append(e)
            self.made = n
        thread = threading.Thread(target=shop)
        thread.start()
        done = self.rotate()
        time.sleep(0.3)
        stop.set()
        thread.join()
        self.assertEqual(failed, [])
        self.assertGreaterEqual(done['rewrapped'], self.PERSONS)
        self.assertNotEqual(self.read_key(), before)
        old = glob.glob(self.s.db + '.key.old-*')
        self.assertEqual(len(old), 1)
        self.assertEqual((os.stat(old[0]).st_mode & 0o777, os.stat(self.s.db + '.key').st_mode & 0o777), (0o600, 0o600))
        self.assertFalse(os.path.exists(self.s.db + '.key.next'))
        self.look(range(0, self.PERSONS, 37))
        done = self.rotate()  # again in the same process
        self.assertFalse(done['resumed'])
        self.s.stop()
        self.s.start()
        self.look(range(0, self.PERSONS, 41))
        for i in (1, self.made // 2, self.made):
            self.assertIn('Fresh%d' % i, json.dumps(self.s.json('GET', '/v1/admin/profiles/new-%d' % i)))
        verbs = [e['detail']['state'] for e in self.s.json('GET', '/v1/admin/audit?verb=key.rotate')['entries']]
        self.assertEqual(verbs, ['done', 'begun'] * 2)
        self.assertEqual(self.s.command('audit', 'verify')[0], 0)

    def test_the_old_key_opens_nothing_any_more(self):
        self.s.stop()
        old = self.read_key()
        secrets = lambda: [r[0] for r in sqlite3.connect(self.s.db).execute('SELECT secret FROM profile ORDER BY row')]
        before = secrets()
        self.rotate()
        self.assertFalse(set(before) & set(secrets()))
        code, _, err = kunde('doctor', '--db', self.s.db, KUNDE_MASTER_KEY=old)
        self.assertNotEqual(code, 0)
        self.assertIn('does not belong', err)
        code, _, err = kunde('config', 'rotate-key', '--db', self.s.db, KUNDE_MASTER_KEY=self.read_key())
        self.assertNotEqual(code, 0)
        self.assertIn('settings', err)
        self.s.start()
        self.look(range(0, self.PERSONS, 50))

    def test_a_kill_at_any_moment(self):
        self.s.stop()
        chance = random.Random(7)
        cut, started = 0, time.monotonic()
        self.rotate()
        whole = time.monotonic() - started  # a run that is not cut takes so long
        for turn in range(14):
            process = subprocess.Popen([KUNDE, 'config', 'rotate-key', '--db', self.s.db], env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=chance.random() * whole)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                cut += 1
            if turn % 4 == 3:
                self.s.start()
                self.look(chance.sample(range(self.PERSONS), 6))
                self.s.json('POST', '/v1/identify', {'userId': 'turn-%d' % turn, 'traits': {'firstName': 'Turn%d' % turn}})
                self.s.kill()
        self.assertGreater(cut, 3)
        self.rotate()
        self.assertEqual(checks(self.s.db)['vault_next'], b'')
        self.s.start()
        self.look(range(0, self.PERSONS, 9))
        for turn in (3, 7, 11):
            self.assertIn('Turn%d' % turn, json.dumps(self.s.json('GET', '/v1/admin/profiles/turn-%d' % turn)))

    def test_every_step_of_the_change_may_be_the_last(self):
        """States that a crash can leave behind, made by hand from those before and after."""
        self.s.stop()
        before, key = checks(self.s.db), self.read_key()
        self.rotate()
        after, new = checks(self.s.db), self.read_key()

        def put(**meta):
            c = sqlite3.connect(self.s.db)
            for name, value in meta.items():
                c.execute("INSERT OR REPLACE INTO meta VALUES(?,?)", ('vault_' + name, value))
            c.commit()
            c.close()

        def files(current, following):
            for path, text in ((self.s.db + '.key', current), (self.s.db + '.key.next', following)):
                if os.path.exists(path):
                    os.unlink(path)
                if text:
                    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
                    os.write(fd, text.encode() + b'\n')
                    os.close(fd)
        for say, meta, current, following in (
                ('all wrapped, not taken over', dict(check=before['vault_check'], root=before['vault_root'], next=after['vault_check'], root_next=after['vault_root']), key, new),
                ('the check is the new one', dict(check=after['vault_check'], root=before['vault_root'], next=after['vault_check'], root_next=after['vault_root']), key, new),
                ('the root too', dict(check=after['vault_check'], root=after['vault_root'], next=after['vault_check'], root_next=after['vault_root']), key, new),
                ('the file too', dict(check=after['vault_check'], root=after['vault_root'], next=after['vault_check'], root_next=after['vault_root']), new, None)):
            with self.subTest(say):
                put(**meta)
                files(current, following)
                self.s.start()
                self.look((1, 77, 399))
                self.s.json('POST', '/v1/identify', {'userId': 'late', 'traits': {'firstName': 'Late'}})
                self.s.stop()
                if current == key and say.startswith('all'):
                    self.rotate()
                self.assertEqual(self.read_key(), new)
                self.assertEqual(checks(self.s.db)['vault_next'], b'')
        put(next=b'\1' * 32)  # a new key that is nowhere
        code, _, err = self.s.command('doctor')
        self.assertNotEqual(code, 0)
        self.assertIn('.next', err)
        put(next=b'')
        self.s.start()
        self.look((5,))

    def test_a_database_of_before_there_was_a_root(self):
        """Its keys are derived from the first master key; they stay what they are when that one goes."""
        s = Server()
        try:
            s.stop()
            os.unlink(s.db), os.unlink(s.db + '.key.audit')
            for rest in glob.glob(s.db + '-*'):
                os.unlink(rest)
            s.start()
            s.stop()
            c = sqlite3.connect(s.db)
            c.execute("DELETE FROM meta WHERE name='vault_root'")
            c.execute("DELETE FROM record")  # what the root of chance had sealed and chained
            c.execute("DELETE FROM doc_head"), c.execute("DELETE FROM doc")
            c.commit()
            c.close()
            os.unlink(s.db + '.key.audit')
            s.start()
            s.json('POST', '/v1/identify', {'userId': 'u-1', 'traits': {'firstName': 'Annegret', 'email': 'a@example.org'}})
            s.stop()
            self.assertNotIn('vault_root', checks(s.db))
            self.assertEqual(s.command('config', 'rotate-key')[0], 0)
            s.start()
            self.assertIn('Annegret', json.dumps(s.json('POST', '/v1/admin/profiles/find', {'id': 'a@example.org'})))
            self.assertEqual(s.command('audit', 'verify')[0], 0)
        finally:
            s.close()


if __name__ == '__main__':
    unittest.main()
