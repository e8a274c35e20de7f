"""kill -9 under load, again and again: every acknowledged event is there exactly once, and profiles equal a refold."""
import json, os, random, shutil, tempfile, threading, time, unittest
from harness import Server, kunde

KILLS = 150 if os.environ.get('KD_TEST_ALL') else 50
PEOPLE = 12


class Load(threading.Thread):
    """Posts batches until told to stop; remembers what was acknowledged. A batch without an answer is sent again, as SDKs do."""

    def __init__(self, crash, number):
        super().__init__(daemon=True)
        self.crash, self.number, self.acked, self.sent = crash, number, [], 0

    def run(self):
        pending = None
        while not self.crash.over:
            server = self.crash.server
            try:
                c = server.connection(timeout=20)
                while not self.crash.over:
                    if pending is None:
                        n = random.randint(1, 30)
                        pending = [dict(type='track', event='Product Viewed', userId='p%d' % random.randrange(PEOPLE), messageId='%d-%d' % (self.number, self.sent + i),
                                        properties={'product_id': 'P%d' % random.randrange(50)}) for i in range(n)]
                        self.sent += n
                    status, _, _ = server.request('POST', '/v1/batch', {'batch': pending}, key='server', connection=c)
                    if status == 200:
                        self.acked += [(e['userId'], e['messageId']) for e in pending]
                        pending = None
            except Exception:
                time.sleep(.02)


class Crash(unittest.TestCase):
    def test_kill_9_under_load(self):
        folder = tempfile.mkdtemp(prefix='kunde-test-')
        flags = ['--checkpoint-events', '500', '--checkpoint-rows', '10']
        self.over, self.server = False, Server(folder, flags)
        loads = [Load(self, n) for n in range(3)]
        for load in loads:
            load.start()
        for _ in range(KILLS):
            time.sleep(random.uniform(.02, .4))
            self.server.kill()
            self.server = Server(folder, flags)
        time.sleep(.5)
        self.over = True
        for load in loads:
            load.join(30)
        acked = [pair for load in loads for pair in load.acked]
        self.assertGreater(len(acked), 1000)
        self.assertEqual(len(acked), len(set(acked)))
        for person in range(PEOPLE):
            user, seen, cursor = 'p%d' % person, [], ''
            while True:
                page = self.server.json('GET', '/v1/admin/profiles/%s/events?limit=500%s' % (user, '&cursor=' + cursor if cursor else ''))
                seen += [e['messageId'] for e in page['events']]
                cursor = page.get('cursor')
                if not cursor or not page['events']:
                    break
            self.assertEqual(len(seen), len(set(seen)), 'an event stands twice')
            missing = {m for u, m in acked if u == user} - set(seen)
            self.assertFalse(missing, 'acknowledged and gone: %s' % sorted(missing)[:5])
            profile = self.server.json('GET', '/v1/admin/profiles/' + user)
            self.assertEqual(profile['counts']['view']['count'], len(seen), 'the profile counts other than the log')
        code, out, err = self.server.command('doctor')
        self.assertEqual(code, 0, out + err)
        self.server.stop()
        code, out, err = kunde('doctor', '--db', os.path.join(folder, 'kunde.db'))
        self.assertEqual(code, 0, out + err)
        shutil.rmtree(folder)

    @unittest.skipUnless(os.environ.get('KD_TEST_ALL'), 'minutes long')
    def test_start_after_kill_9_with_a_million_events(self):
        """Everything is there and folded once. How long it takes is measured on a release build: ./bench start."""
        people, batch, before, tail = 20000, 2500, 1000000, 120000
        event = '{"type":"track","event":"Product Viewed","messageId":"m%d","userId":"p%d","timestamp":"2026-05-01T10:00:00Z","properties":{"product_id":"P%d"}}'

        def send(server, first, count):
            c = server.connection(timeout=300)
            for at in range(first, first + count, batch):
                body = '{"batch":[' + ','.join(event % (i, i * 7919 % people, i % 997) for i in range(at, at + batch)) + ']}'
                status, _, data = server.request('POST', '/v1/batch', body.encode(), {'Content-Type': 'application/json'}, 'server', connection=c)
                self.assertEqual(status, 200, data[:300])
            c.close()

        with tempfile.TemporaryDirectory(prefix='kunde-test-') as folder:
            with Server(folder) as server:
                send(server, 0, before)
            server = Server(folder, ['--checkpoint-events', '100000000'])
            send(server, before, tail)
            server.kill()
            began = time.monotonic()
            with Server(folder, ready_s=300) as server:
                self.assertEqual(server.request('GET', '/readyz')[0], 200)
                print('    ready %.1f s after kill -9 (this build has sanitizers)' % (time.monotonic() - began), flush=True)
                replayed = int(server.log_text().rsplit('replayed=', 1)[1].split()[0])
                self.assertGreater(replayed, 0)
                self.assertLessEqual(replayed, tail)
                for person in range(0, people, people // 20):
                    profile = server.json('GET', '/v1/admin/profiles/p%d' % person)
                    self.assertEqual(profile['counts']['view']['count'], (before + tail) // people)
                send(server, before + tail - batch, batch)  # sent again: known already
                self.assertEqual(server.json('GET', '/v1/admin/profiles/p0')['counts']['view']['count'], (before + tail) // people)

    def test_kill_9_during_import(self):
        import subprocess
        from harness import KUNDE, environment
        folder = tempfile.mkdtemp(prefix='kunde-test-')
        rows = 60000
        path = os.path.join(folder, 'orders.csv')
        with open(path, 'w') as f:
            f.write('order_id,product_id,quantity,date,price,customer_id\n')
            for i in range(rows):
                f.write('o%d,P%d,1,2026-01-%02d 10:00:00,%d.50,c%d\n' % (i // 3, i % 97, 1 + i % 28, 1 + i % 40, i // 3 % 500))
        db = os.path.join(folder, 'kunde.db')
        with Server(folder) as s:
            pass
        command = [KUNDE, 'import', 'orders', path, '--db', db, '--json']
        for wait in (.4, .8, 1.2, 1.6, 2.0):
            p = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(wait)
            p.kill()
            p.wait()
        code, out, err = kunde('import', 'orders', path, '--db', db, '--json')
        self.assertEqual(code, 0, err)
        self.assertEqual(json.loads(out)[0]['quarantined'], 0)
        with Server(folder) as s:
            orders = lines = 0
            for c in range(500):
                profile = s.json('GET', '/v1/admin/profiles/c%d' % c)
                orders += profile['counts']['order']['count']
            self.assertEqual(orders, rows // 3)
        code, out, err = kunde('doctor', '--db', db)
        self.assertEqual(code, 0, out + err)
        shutil.rmtree(folder)
