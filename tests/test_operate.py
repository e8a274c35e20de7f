"""What an operator meets: health, metrics, OpenAPI, the first page, commands, mistakes."""
import gzip, json, os, re, shutil, subprocess, tempfile, time, unittest
from harness import Server, ROOT, SERVER_KEY, WRITE_KEY, kunde, shared


class Operate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server()
        cls.s.track('Product Viewed', 'u1', properties={'product_id': 'A1', 'name': 'Thing <b>"x"</b>'})

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def test_health(self):
        for path in ('/healthz', '/readyz'):
            for method in ('GET', 'HEAD'):
                status, _, data = self.s.request(method, path)
                self.assertEqual((status, data == b''), (200, method == 'HEAD'), (path, method))

    def test_metrics_pass_promtool(self):
        status, headers, data = self.s.request('GET', '/metrics')
        self.assertEqual((status, headers['content-type']), (200, 'text/plain; version=0.0.4; charset=utf-8'))
        checked = subprocess.run(['promtool', 'check', 'metrics'], input=data, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual((checked.returncode, checked.stdout), (0, b''))
        self.assertNotIn(b'u1', data)

    def test_openapi_names_every_route(self):
        spec = self.s.json('GET', '/openapi.json', key=None)
        self.assertTrue(spec['openapi'].startswith('3.1'))
        for path in ('/v1/track', '/v1/batch', '/v1/decide', '/v1/recommend', '/v1/admin/profiles/{id}', '/healthz', '/metrics'):
            self.assertIn(path, spec['paths'])

    def test_admin_needs_a_key(self):
        for path in ('/v1/admin/state', '/v1/admin/profiles/u1', '/v1/admin/placements', '/v1/admin/products'):
            for headers in ({}, {'Authorization': 'Bearer ' + WRITE_KEY}, {'Authorization': 'Bearer nonsense'}):
                status, got, _ = self.s.request('GET', path, headers=headers)
                self.assertIn(status, (401, 403), path)

    def test_the_login_link_works_once(self):
        path = self.s.lines['login'].split(str(self.s.port), 1)[1]
        status, headers, _ = self.s.request('GET', path)
        self.assertIn(status, (302, 303))
        cookie = headers['set-cookie']
        for word in ('HttpOnly', 'SameSite=Strict'):
            self.assertIn(word, cookie)
        self.s.json('GET', '/v1/admin/state', key=None, headers={'Cookie': cookie.split(';')[0]})
        status, _, _ = self.s.request('GET', path)
        self.assertIn(status, (401, 403))
        # A cookie alone must not change anything: another site can send it.
        status, _, _ = self.s.request('POST', '/v1/admin/checkpoint', {}, {'Cookie': cookie.split(';')[0], 'Origin': 'https://evil.example'})
        self.assertIn(status, (401, 403))

    def test_no_personal_data_in_the_log(self):
        self.s.json('POST', '/v1/identify', {'userId': 'secret-user', 'traits': {'email': 'someone@private.example', 'name': 'Eva Geheim'}})
        self.s.request('GET', '/v1/admin/profiles/secret-user', key='server')
        text = self.s.log_text()
        for word in ('someone@private', 'Geheim', 'secret-user', SERVER_KEY, WRITE_KEY):
            self.assertNotIn(word, text)

    def test_identifying_values_are_sealed_on_disk(self):
        self.s.json('POST', '/v1/identify', {'userId': 'sealed-user-4711', 'traits': {'email': 'sealed@private.example', 'name': 'Karl Versiegelt'}})
        self.s.json('POST', '/v1/admin/checkpoint', {})
        for name in os.listdir(self.s.folder):
            if name.startswith('kunde.db') and os.path.isfile(os.path.join(self.s.folder, name)):
                with open(os.path.join(self.s.folder, name), 'rb') as f:
                    data = f.read()
                for word in (b'sealed-user-4711', b'sealed@private', b'Versiegelt'):
                    self.assertNotIn(word, data, name)

    def test_one_process_owns_a_database(self):
        code, out, err = kunde('serve', '--db', self.s.db, '--port', 0, timeout=20)
        self.assertEqual(code, 3)
        self.assertRegex(err, r'\b%d\b' % self.s.process.pid)

    def test_commands_run_inside_the_server(self):
        code, out, err = self.s.command('doctor', '--json')
        self.assertEqual(code, 0, err + out)
        self.assertTrue(all(f['ok'] for f in json.loads(out)))
        csv = os.path.join(self.s.folder, 'in.csv')
        with open(csv, 'w') as f:
            f.write('order_id,product_id,quantity,date,price,customer_id\nq1,A1,2,2026-03-01,9.99,buyer\nq2,A1,x,2026-03-01,9.99,buyer\n')
        code, out, err = self.s.command('import', 'orders', 'in.csv', '--json', cwd=self.s.folder)
        self.assertEqual(code, 0, err)
        self.assertEqual(json.loads(out)[0]['quarantined'], 1)
        code, out, _ = self.s.command('import', '--quarantine', '--json')
        row = [json.loads(line) for line in out.splitlines() if '"q2' in line][0]
        self.assertEqual((row['line'], row['field']), (3, 'quantity'))
        self.assertEqual(self.s.json('GET', '/v1/admin/profiles/buyer')['counts']['order']['count'], 1)
        with open(csv, 'rb') as f:
            code, out, err = self.s.command('import', 'orders', '-', '--json', input=f.read())
        self.assertEqual(code, 0, err)

    def test_backup_is_a_whole_database(self):
        path = os.path.join(self.s.folder, 'copy', 'kunde.db')
        os.mkdir(os.path.dirname(path))
        code, out, err = self.s.command('backup', path)
        self.assertEqual(code, 0, err)
        shutil.copy(self.s.db + '.key', path + '.key')
        code, out, err = kunde('doctor', '--db', path)
        self.assertEqual(code, 0, out + err)


class Start(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='kunde-test-')
        self.db = os.path.join(self.folder, 'kunde.db')

    def tearDown(self):
        subprocess.run(['chmod', '-R', 'u+w', self.folder])
        shutil.rmtree(self.folder, ignore_errors=True)

    def test_first_start_prints_keys_second_does_not(self):
        env = {'KUNDE_WRITE_KEY': '', 'KUNDE_SERVER_KEY': ''}
        clean = {k: v for k, v in os.environ.items() if not k.startswith('KUNDE_')}
        import harness
        def start():
            p = subprocess.Popen([harness.KUNDE, 'serve', '--db', self.db, '--port', '0'], env=clean, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            names = []
            time.sleep(3)
            p.terminate()
            out = p.communicate(timeout=60)[0].decode()
            return [line.split(':')[0] for line in out.splitlines()]
        self.assertEqual(start(), ['url', 'login', 'write key', 'server key'])
        self.assertEqual(start(), ['url', 'login'])

    def test_bad_databases_end_in_a_sentence(self):
        with open(self.db, 'w') as f:
            f.write('this is no database, it is a letter\n' * 100)
        code, out, err = kunde('serve', '--db', self.db, '--port', 0)
        self.assertIn(code, (2, 3))
        self.assertNotIn('Sanitizer', err)
        self.assertIn('not a Kunde database', err)
        os.unlink(self.db)
        code, out, err = kunde('doctor', '--db', self.db)
        self.assertEqual(code, 1)
        self.assertIn('there is no database', err)
        code, out, err = kunde('serve', '--db', os.path.join(self.folder, 'nowhere', 'kunde.db'), '--port', 0)
        self.assertIn(code, (1, 3))

    def test_a_lost_or_wrong_master_key_is_named(self):
        with Server(self.folder):
            pass
        os.rename(self.db + '.key', self.db + '.key.away')
        code, _, err = kunde('serve', '--db', self.db, '--port', 0)
        self.assertEqual(code, 3)
        self.assertIn('key', err)
        self.assertFalse(os.path.exists(self.db + '.key'), 'a new key must not be made for an old database')
        with open(self.db + '.key', 'w') as f:
            f.write('00' * 32)
        os.chmod(self.db + '.key', 0o600)
        code, _, err = kunde('serve', '--db', self.db, '--port', 0)
        self.assertEqual(code, 3)

    def test_wrong_usage(self):
        for arguments, word in ((['teleport'], 'teleport'), (['serve', '--port', '99999'], 'port'), (['import', 'cats', 'x'], 'cats'), (['import'], 'import'), (['demo', '--customers', '-1'], 'customers'),
                                (['recommend', '--count', 'many'], 'count'), (['serve', '--write-key', 'x'], 'process lists')):
            code, out, err = kunde(*arguments, cwd=self.folder)
            self.assertEqual(code, 2, (arguments, out, err))
            self.assertIn(word, err)
        self.assertEqual(os.listdir(self.folder), [])
        for command in ('serve', 'demo', 'import', 'train', 'recommend', 'decide', 'doctor', 'backup', 'config'):
            code, out, _ = kunde(command, '--help')
            self.assertEqual(code, 0)
            self.assertIn('Usage', out)

    def test_settings_file_and_environment(self):
        ini = os.path.join(self.folder, 'kunde.ini')
        with open(ini, 'w') as f:
            f.write('; a comment\nport = 8099\ntrain_interval_s = 60\n')
        code, out, _ = kunde('config', '--json', '--db', self.db)
        settings = json.loads(out)
        self.assertEqual((settings['port'], settings['train_interval_s'], settings['server_key']), (8099, 60, 'set'))
        code, out, _ = kunde('config', '--json', '--db', self.db, '--port', 8100, KUNDE_TRAIN_INTERVAL_S=61)
        settings = json.loads(out)
        self.assertEqual((settings['port'], settings['train_interval_s']), (8100, 61))
        with open(ini, 'a') as f:
            f.write('prot = 1\n')
        code, _, err = kunde('config', '--db', self.db)
        self.assertEqual(code, 2)
        self.assertRegex(err, r'kunde\.ini, line 4.*prot')

    def test_docs_name_every_setting(self):
        code, out, _ = kunde('config', '--markdown', cwd=self.folder)
        with open(os.path.join(ROOT, 'docs', 'settings.md')) as f:
            self.assertIn(out.strip(), f.read())

    def test_bad_files_end_in_a_sentence(self):
        with Server(self.folder):
            pass
        good = gzip.compress(b'order_id,product_id,quantity,date,price,customer_id\n' + b'a,b,1,2026-01-01,1.00,c\n' * 1000)
        cases = {'cut.csv.gz': good[:-20], 'binary.csv': os.urandom(5000), 'utf16.csv': 'order_id,product_id\n'.encode('utf-16'), 'empty.csv': b'',
                 'columns.csv': b'cat,dog\n1,2\n', 'folder': None}
        for name, data in cases.items():
            path = os.path.join(self.folder, name)
            if data is None:
                os.mkdir(path)
            else:
                with open(path, 'wb') as f:
                    f.write(data)
            code, out, err = kunde('import', 'orders', path, '--db', self.db)
            self.assertNotEqual(code, 0, name)
            self.assertTrue(err.startswith('kunde: '), (name, err))
            self.assertNotIn('Sanitizer', err)
        code, out, err = kunde('import', 'orders', os.path.join(self.folder, 'missing.csv'), '--db', self.db)
        self.assertEqual(code, 1)

    def test_a_second_start_with_a_history_is_quick(self):
        with Server(self.folder) as s:
            for b in range(20):
                s.json('POST', '/v1/batch', {'batch': [{'type': 'track', 'event': 'Product Viewed', 'userId': 'u%d' % (i % 50), 'messageId': '%d-%d' % (b, i), 'properties': {'product_id': 'P%d' % i}} for i in range(500)]}, key='server')
            s.kill()
            s.start()
            self.assertEqual(s.json('GET', '/v1/admin/profiles/u1')['counts']['view']['count'], 200)


class OnlineRetail(unittest.TestCase):
    def test_the_real_file_gives_the_published_counts(self):
        path = shared('data', 'online-retail', 'lines.csv.gz')
        folder = tempfile.mkdtemp(prefix='kunde-test-')
        db = os.path.join(folder, 'kunde.db')
        with Server(folder):
            pass
        code, out, err = kunde('import', 'orders', path, '--db', db, '--currency', 'GBP', '--json', timeout=600)
        self.assertEqual(code, 0, err)
        counts = json.loads(out)[0]
        self.assertEqual((counts['rows'], counts['quarantined']), (541909, 0))
        self.assertEqual(counts['anonymousLines'], 135080)
        code, out, err = kunde('import', 'orders', path, '--db', db, '--currency', 'GBP', '--json', timeout=600)
        again = json.loads(out)[0]
        self.assertEqual(again['stored'], 0)
        shutil.rmtree(folder)
