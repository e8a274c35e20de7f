"""A folder whose files a server imports by itself: docs/inputs.md."""
import gzip, json, os, shutil, subprocess, tempfile, time, unittest
from harness import KUNDE, Server, kunde

ORDERS = 'order_id,product_id,quantity,date,price,customer_id\n'


class Zone(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix='kunde-test-')
        self.folder, self.zone = os.path.join(self.top, 'db'), os.path.join(self.top, 'zone')
        os.mkdir(self.folder)
        os.mkdir(self.zone)
        self.s = None

    def tearDown(self):
        try:
            if self.s is not None:
                self.s.stop()
        finally:
            shutil.rmtree(self.top)

    def start(self, **options):
        self.s = Server(self.folder, ['--drop-zone', self.zone, '--drop-zone-poll-s', '1'], **options)
        return self.s

    def put(self, name, data, folder=None):
        """As a careful sender does it: whole under its name from the first moment."""
        data = data.encode() if isinstance(data, str) else data
        path, part = os.path.join(folder or self.zone, name), os.path.join(self.top, 'sent')
        with open(part, 'wb') as f:
            f.write(data)
        os.rename(part, path)
        return path

    def report(self, where, name, timeout=60):
        """Of a file that was moved; both are there, and the file is no longer in the folder."""
        path, deadline = os.path.join(self.zone, where, name), time.monotonic() + timeout
        while not (os.path.lexists(path) and os.path.exists(path + '.report.json')):
            self.assertLess(time.monotonic(), deadline, '%s is not in %s/: %s' % (name, where, [(d, n) for d, _, n in os.walk(self.zone)]))
            time.sleep(.05)
        self.assertFalse(os.path.lexists(os.path.join(self.zone, name)))
        with open(path + '.report.json') as f:
            return json.load(f)

    def listed(self, where):
        return sorted(n for n in os.listdir(os.path.join(self.zone, where)) if not n.endswith('.report.json'))

    def orders(self, who):
        return self.s.json('GET', '/v1/admin/profiles/%s' % who)['counts']['order']['count']

    # ---- what is done ----

    def test_files_are_imported_and_moved(self):
        s = self.start()
        self.put('orders.csv', ORDERS + 'o1,P1,1,2026-01-02 10:00:00,2.50,c1\no2,P2,x,2026-01-03 10:00:00,3.50,c1\n')
        self.put('receipts.tills.2026-03-02.csv.gz', gzip.compress(
            b'receipt,till,store,date,article,pieces,price,card,type\n17,1,hamburg,2026-03-02 11:20,MUG-1,2,7.50,K-17,sale\n'))
        self.put('texts.shop.jsonl', json.dumps(dict(customer='c1', product_id='P1', rating=5, text='A fine mug', date='2026-03-08')) + '\n')
        packed = subprocess.run(['zstd', '-q', '-c'], input=b'id,title,price\nP9,Nine,9.90\n', stdout=subprocess.PIPE, check=True).stdout
        self.put('products.csv.zst', packed)
        r = self.report('done', 'orders.csv')
        self.assertEqual((r['outcome'], r['kind'], r['source'], r['rows'], r['quarantined'], r['orders'], r['stored'], r['reason']),
                         ('done', 'orders', 'orders', 2, 1, 1, 1, None))
        self.assertEqual([(x['line'], x['field']) for x in r['firstReasons']], [(3, 'quantity')])
        self.assertTrue(r['firstReasons'][0]['reason'])
        self.assertGreater(r['bytes'], 0)
        self.assertRegex(r['startedAt'], r'^20\d\d-')
        r = self.report('done', 'receipts.tills.2026-03-02.csv.gz')
        self.assertEqual((r['source'], r['stored'], r['orderLines']), ('tills', 1, 1))
        r = self.report('done', 'texts.shop.jsonl')
        self.assertEqual((r['kind'], r['source'], r['stored']), ('texts', 'shop', 1))
        self.assertEqual(self.report('done', 'products.csv.zst')['products'], 1)
        self.assertEqual(self.orders('c1'), 1)
        self.assertEqual(self.orders('K-17'), 1)
        runs = [r for r in s.json('GET', '/v1/admin/steps')['runs'] if r['step'] == 'import']
        self.assertEqual({(r['about'], r['source'], r['failed']) for r in runs},
                         {('orders orders.csv', 'orders', False), ('receipts receipts.tills.2026-03-02.csv.gz', 'tills', False),
                          ('texts texts.shop.jsonl', 'shop', False), ('products products.csv.zst', 'products', False)})
        self.assertEqual((s.metric('kunde_drop_zone_done_total'), s.metric('kunde_drop_zone_rows_total'), s.metric('kunde_drop_zone_quarantined_total')), (4, 5, 1))
        self.assertEqual((s.metric('kunde_drop_zone_failed_total'), s.metric('kunde_drop_zone_waiting'), s.metric('kunde_drop_zone_troubles_total')), (0, 0, 0))
        # The same file again, by either way, changes nothing; in done/ it takes no other's name.
        self.put('orders.csv', ORDERS + 'o1,P1,1,2026-01-02 10:00:00,2.50,c1\no2,P2,x,2026-01-03 10:00:00,3.50,c1\n')
        deadline = time.monotonic() + 30
        while len([n for n in self.listed('done') if n.endswith('orders.csv')]) < 2 and time.monotonic() < deadline:
            time.sleep(.05)
        second, = [n for n in self.listed('done') if n.endswith('-orders.csv')]
        self.assertRegex(second, r'^20\d{6}T\d{6}-orders\.csv$')
        r = self.report('done', second)
        self.assertEqual((r['file'], r['stored'], r['duplicates']), ('orders.csv', 0, 1))
        code, out, err = s.command('import', 'orders', os.path.join(self.zone, 'done', 'orders.csv'), '--json')
        self.assertEqual((code, json.loads(out)[0]['stored']), (0, 0), err)
        self.assertEqual(self.orders('c1'), 1)
        for text in ('K-17', 'A fine mug'):
            self.assertNotIn(text, s.log_text())

    def test_a_file_that_grows_is_left_until_it_no_longer_does(self):
        self.start()
        with open(os.path.join(self.zone, 'orders.slow.csv'), 'w') as f:
            f.write(ORDERS)
            for i in range(24):
                f.write('s%d,P1,1,2026-01-02 10:00:00,2.50,slow\n' % i)
                f.flush()
                time.sleep(.2)
                self.assertFalse(self.listed('done'))
        r = self.report('done', 'orders.slow.csv')
        self.assertEqual((r['rows'], r['stored'], r['duplicates']), (24, 24, 0))

    def test_what_is_no_data_stays(self):
        self.start()
        os.mkdir(os.path.join(self.zone, 'orders.csv'))  # a folder of such a name
        for name in ('.orders.csv', 'orders.csv.part', 'README.txt', 'orders.xlsx'):
            self.put(name, ORDERS)
        self.put('orders.last.csv', ORDERS + 'o1,P1,1,2026-01-02 10:00:00,2.50,c1\n')
        self.report('done', 'orders.last.csv')
        self.assertEqual(sorted(os.listdir(self.zone)), ['.orders.csv', 'README.txt', 'done', 'failed', 'orders.csv', 'orders.csv.part', 'orders.xlsx'])
        self.assertFalse(self.listed('failed'))

    # ---- what is refused ----

    def test_what_cannot_be_imported_lies_in_failed(self):
        s = self.start()
        outside = self.put('secret.csv', ORDERS + 'o9,P1,1,2026-01-02 10:00:00,2.50,outside\n', self.top)
        os.symlink(outside, os.path.join(self.zone, 'orders.link.csv'))
        os.symlink('../nowhere.csv', os.path.join(self.zone, 'orders.dangling.csv'))
        os.link(outside, os.path.join(self.zone, 'orders.hard.csv'))
        os.mkfifo(os.path.join(self.zone, 'orders.pipe.csv'))
        self.put('invoices.csv', ORDERS)
        self.put('orders..csv', ORDERS)
        self.put('orders.two words.csv', ORDERS)
        self.put('orders.columns.csv', 'a,b\n1,2\n')
        self.put('orders.cut.csv.gz', gzip.compress((ORDERS + 'g%d,P1,1,2026-01-02 10:00:00,2.50,cut\n' * 1 % 1).encode())[:-12])
        self.put('orders.noise.csv.zst', b'\x28\xb5\x2f\xfd' + bytes(range(200)))
        for name, words in (('orders.link.csv', 'symbolic link'), ('orders.dangling.csv', 'symbolic link'), ('orders.hard.csv', 'hard link'), ('orders.pipe.csv', 'ordinary'),
                            ('invoices.csv', 'kind'), ('orders..csv', 'source'), ('orders.two words.csv', 'source'), ('orders.columns.csv', ''),
                            ('orders.cut.csv.gz', ''), ('orders.noise.csv.zst', '')):
            with self.subTest(name):
                r = self.report('failed', name)
                self.assertEqual((r['file'], r['outcome']), (name, 'failed'))
                self.assertTrue(r['reason'])
                self.assertIn(words, r['reason'])
        self.assertEqual(s.metric('kunde_drop_zone_failed_total'), 10)
        self.assertFalse(self.listed('done'))
        self.assertTrue(os.path.exists(outside))
        self.assertEqual(s.request('GET', '/v1/admin/profiles/outside', key='server')[0], 404)
        self.assertEqual(len([r for r in s.json('GET', '/v1/admin/steps')['runs'] if r['step'] == 'import' and r['failed']]), 10)

    @unittest.skipIf(os.geteuid() == 0 and not shutil.which('setpriv'), 'for root every file is readable')
    def test_a_file_that_may_not_be_read(self):
        wrapper = ()
        if os.geteuid() == 0:
            wrapper = ('setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups')
            if subprocess.run([*wrapper, KUNDE, 'config'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd='/').returncode != 0:
                self.skipTest('nobody but root can run the program here')
            for path in (self.top, self.folder, self.zone):
                os.chown(path, 65534, 65534)
        self.start(wrapper=wrapper)
        part = self.put('sent', ORDERS + 'o1,P1,1,2026-01-02 10:00:00,2.50,c1\n', self.top)
        os.chmod(part, 0)
        os.rename(part, os.path.join(self.zone, 'orders.csv'))
        self.assertIn('cannot be opened', self.report('failed', 'orders.csv')['reason'])

    def test_a_folder_that_is_none(self):
        for path in (os.path.join(self.top, 'nothing'), self.put('file', '', self.top)):
            code, _, err = kunde('serve', '--db', os.path.join(self.folder, 'x.db'), '--port', '0', '--drop-zone', path)
            self.assertNotEqual(code, 0)
            self.assertIn('drop zone', err)
        os.symlink(self.top, os.path.join(self.zone, 'done'))
        code, _, err = kunde('serve', '--db', os.path.join(self.folder, 'x.db'), '--port', '0', '--drop-zone', self.zone)
        self.assertNotEqual(code, 0)
        self.assertIn('done', err)
        os.remove(os.path.join(self.zone, 'done'))

    def test_a_folder_that_goes_and_comes_back(self):
        s = self.start()
        os.rename(self.zone, self.zone + '.away')
        deadline = time.monotonic() + 30
        while s.metric('kunde_drop_zone_troubles_total') == 0 and time.monotonic() < deadline:
            time.sleep(.1)
        os.mkdir(self.zone)
        self.put('orders.csv', ORDERS + 'o1,P1,1,2026-01-02 10:00:00,2.50,c1\n')
        self.assertEqual(self.report('done', 'orders.csv')['stored'], 1)
        self.assertEqual(s.log_text().count('folder-not-read'), 1)

    # ---- what is interrupted ----

    def test_kill_9_during_a_big_file(self):
        rows, people = 45000, 100
        with open(os.path.join(self.top, 'big'), 'w') as f:
            f.write(ORDERS)
            for i in range(rows):
                f.write('o%d,P%d,1,2026-01-%02d 10:00:00,%d.50,c%d\n' % (i // 3, i % 97, 1 + i % 28, 1 + i % 40, i // 3 % people))
        self.start()
        os.rename(os.path.join(self.top, 'big'), os.path.join(self.zone, 'orders.csv'))
        during = 0
        for wait in (.3, .8, 1.5):
            deadline = time.monotonic() + 60
            while self.s.metric('kunde_drop_zone_importing') == 0 and not self.listed('done') and time.monotonic() < deadline:
                time.sleep(.02)
            time.sleep(wait)
            during += not self.listed('done')
            self.s.kill()
            self.start()
        self.assertGreater(during, 0, 'it was never killed within the import')
        r = self.report('done', 'orders.csv', timeout=240)
        self.assertEqual((r['rows'], r['quarantined'], r['orders']), (rows, 0, rows // 3))
        self.assertEqual(sum(self.orders('c%d' % c) for c in range(people)), rows // 3)
        code, out, err = self.s.command('doctor')
        self.assertEqual(code, 0, out + err)

    def test_a_server_that_stops_within_a_file_goes_on(self):
        rows = 45000
        self.put('events.app.jsonl', ''.join(json.dumps(dict(type='track', event='Product Viewed', userId='p%d' % (i % 50), messageId='m%d' % i,
                                                             timestamp='2026-05-01T10:00:00Z', properties=dict(product_id='P%d' % (i % 97)))) + '\n' for i in range(rows)))
        self.start()
        deadline = time.monotonic() + 60
        while self.s.metric('kunde_drop_zone_importing') == 0 and not self.listed('done') and time.monotonic() < deadline:
            time.sleep(.02)
        self.s.stop()
        self.assertFalse(self.listed('failed'))
        self.start()
        r = self.report('done', 'events.app.jsonl', timeout=240)
        self.assertEqual((r['rows'], r['quarantined']), (rows, 0))
        self.assertEqual(sum(self.s.json('GET', '/v1/admin/profiles/p%d' % p)['counts']['view']['count'] for p in range(50)), rows)

    def test_killed_between_report_and_move(self):
        """The report stands, the file was not moved: it is read again, and no second report comes up."""
        os.mkdir(os.path.join(self.zone, 'done'))
        with open(os.path.join(self.zone, 'done', 'orders.csv.report.json'), 'w') as f:
            f.write('{}')
        self.put('orders.csv', ORDERS + 'o1,P1,1,2026-01-02 10:00:00,2.50,c1\n')
        self.start()
        deadline = time.monotonic() + 30
        while not self.listed('done') and time.monotonic() < deadline:
            time.sleep(.05)
        self.assertEqual(self.report('done', 'orders.csv')['stored'], 1)
        self.assertEqual(sorted(os.listdir(os.path.join(self.zone, 'done'))), ['orders.csv', 'orders.csv.report.json'])


if __name__ == '__main__':
    unittest.main()
