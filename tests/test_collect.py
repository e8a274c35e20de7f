"""The collect door over HTTP, as SDKs and their retries use it."""
import base64, gzip, json, time, unittest
from harness import Server, WRITE_KEY, SERVER_KEY, raw

BASIC = 'Basic ' + base64.b64encode((WRITE_KEY + ':').encode()).decode()


class Collect(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server()

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def events(self, who):
        return self.s.json('GET', '/v1/admin/profiles/%s/events' % who)['events']

    def post(self, path, body, headers=None, key='write', expect=200):
        status, got_headers, data = self.s.request('POST', path, body, headers, key)
        self.assertEqual(status, expect, data[:500])
        return json.loads(data) if data else None, got_headers

    def test_every_call_and_its_short_name(self):
        calls = {'identify': 'i', 'track': 't', 'page': 'p', 'screen': 's', 'group': 'g', 'alias': 'a'}
        for number, (name, short) in enumerate(calls.items()):
            for path in ('/v1/' + name, '/v1/' + short, '/v1/' + name + '/'):
                body = {'userId': 'call-%d' % number, 'event': 'Something', 'name': 'Home', 'groupId': 'g1', 'previousId': 'anon-%d' % number, 'traits': {'plan': 'x'}}
                answer, _ = self.post(path, body)
                self.assertEqual(answer, {'success': True}, path)
        for path in ('/v1/batch', '/v1/b'):
            answer, _ = self.post(path, {'batch': [{'type': 'track', 'event': 'E', 'userId': 'call-9'}]})
            self.assertEqual(answer, {'success': True})
        self.assertEqual(len(self.events('call-9')), 2)

    def test_content_types_of_real_clients(self):
        for content_type in ('text/plain', 'application/x-www-form-urlencoded', 'application/json;charset=UTF-8', None):
            headers = {'Content-Type': content_type} if content_type else {}
            self.post('/v1/t', json.dumps({'userId': 'ct-user', 'event': 'Typed', 'messageId': str(content_type)}).encode(), headers)
        self.assertEqual(len(self.events('ct-user')), 4)

    def test_gzip_and_its_cap(self):
        body = gzip.compress(json.dumps({'batch': [{'type': 'track', 'event': 'Zipped', 'userId': 'zip-user', 'messageId': 'z1'}]}).encode())
        self.post('/v1/batch', body, {'Content-Encoding': 'gzip'})
        self.assertEqual(self.events('zip-user')[0]['messageId'], 'z1')
        bomb = gzip.compress(b' ' * (80 << 20))
        status, _, _ = self.s.request('POST', '/v1/batch', bomb, {'Content-Encoding': 'gzip'}, 'write')
        self.assertIn(status, (400, 413))
        status, _, _ = self.s.request('POST', '/v1/batch', body[:-9], {'Content-Encoding': 'gzip'}, 'write')
        self.assertEqual(status, 400)

    def test_keys(self):
        event = {'userId': 'key-user', 'event': 'E'}
        status, _, data = self.s.request('POST', '/v1/track', event)
        self.assertEqual((status, json.loads(data)['success']), (401, False))
        status, _, _ = self.s.request('POST', '/v1/track', event, {'Authorization': 'Basic ' + base64.b64encode(b'nobody:').decode()})
        self.assertEqual(status, 401)
        self.post('/v1/track', dict(event, writeKey=WRITE_KEY), key=None)
        self.post('/v1/track', event, {'Authorization': 'Basic ' + base64.b64encode((SERVER_KEY + ':').encode()).decode()}, key=None)
        self.post('/v1/track', event, {'Authorization': 'Bearer ' + SERVER_KEY}, key=None)
        self.assertGreaterEqual(self.s.metric('kunde_unauthorized_total'), 2)

    def test_the_same_batch_twice_is_one(self):
        stamped = {'batch': [{'type': 'track', 'event': 'Order Completed', 'userId': 'dup-user', 'messageId': 'm-%d' % i, 'timestamp': '2026-01-02T03:04:05.%03dZ' % i,
                              'properties': {'order_id': 'o%d' % i, 'products': [{'product_id': 'P1', 'price': 9.99, 'quantity': 1}]}} for i in range(5)]}
        bare = {'batch': [{'type': 'track', 'event': 'Viewed', 'userId': 'dup-user', 'messageId': 'n-%d' % i} for i in range(5)]}
        for _ in range(2):
            for batch in (stamped, bare):
                batch['sentAt'] = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())
                self.post('/v1/batch', batch)
            time.sleep(2.5)
        ids = sorted(e['messageId'] for e in self.events('dup-user'))
        self.assertEqual(ids, sorted(['m-%d' % i for i in range(5)] + ['n-%d' % i for i in range(5)]))
        profile = self.s.json('GET', '/v1/admin/profiles/dup-user')
        self.assertEqual(profile['counts']['order']['count'], 5)

    def test_one_bad_event_does_not_take_the_others(self):
        batch = {'batch': [{'type': 'track', 'event': 'Good', 'userId': 'mix-user', 'messageId': 'g1'},
                           {'type': 'track', 'userId': 'mix-user', 'messageId': 'no-event'},
                           {'type': 'track', 'event': 'Nobody', 'messageId': 'no-id'},
                           {'type': 'teleport', 'userId': 'mix-user', 'messageId': 'what'},
                           {'type': 'track', 'event': 'Long', 'userId': 'mix-user', 'messageId': 'long', 'properties': {'x': 'y' * 40000}},
                           {'type': 'track', 'event': 'Id', 'userId': 'mix-user', 'messageId': 'i' * 101},
                           {'type': 'track', 'event': 'Good', 'userId': 'mix-user', 'messageId': 'g2'}]}
        answer, _ = self.post('/v1/batch', batch)
        self.assertIs(answer['success'], True)
        self.assertEqual([r['index'] for r in answer['rejected']], [1, 2, 3, 4, 5])
        for r in answer['rejected']:
            self.assertTrue(r['field'] and r['reason'], r)
        self.assertEqual(sorted(e['messageId'] for e in self.events('mix-user')), ['g1', 'g2'])

    def test_broken_bodies(self):
        for body in (b'', b'{', b'[]', b'"x"', b'{"batch":{}}', b'\xff\xfe', b'{"event":"x","userId":"u"} trailing', b'{"a":' * 200 + b'1' + b'}' * 200):
            status, _, data = self.s.request('POST', '/v1/batch', body, {'Content-Type': 'application/json'}, 'write')
            self.assertEqual(status, 400, (body[:40], data))
            self.assertIs(json.loads(data)['success'], False)
        status, _, _ = self.s.request('POST', '/v1/batch', b'{"batch":[' + b' ' * (5 << 20) + b']}', None, 'write')
        self.assertEqual(status, 413)
        status, _, _ = self.s.request('POST', '/v1/batch', {'batch': [{'type': 'track', 'event': 'E', 'userId': 'u'}] * 2501}, None, 'write')
        self.assertEqual(status, 400)

    def test_numeric_ids_and_kept_unknown_events(self):
        self.post('/v1/track', {'userId': 4711, 'event': 'Some Custom Thing', 'properties': {'deep': {'er': [1, 2.50, None]}}})
        event = self.events('4711')[0]
        self.assertEqual(event['event']['properties']['deep'], {'er': [1, 2.50, None]})

    def test_clock_skew_is_corrected(self):
        ahead = time.time() + 7200
        stamp = lambda t: time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(t))
        self.post('/v1/track', {'userId': 'skew-user', 'event': 'E', 'timestamp': stamp(ahead - 60), 'sentAt': stamp(ahead)})
        event = self.events('skew-user')[0]
        import calendar
        when = calendar.timegm(time.strptime(event['timestamp'][:19], '%Y-%m-%dT%H:%M:%S'))
        self.assertAlmostEqual(when, time.time() - 60, delta=10)

    def test_ga4_names(self):
        self.post('/v1/batch', {'batch': [
            {'type': 'track', 'event': 'view_item', 'userId': 'ga4-user', 'properties': {'currency': 'EUR', 'value': 10, 'items': [{'item_id': 'GA1', 'item_name': 'Thing', 'price': 10}]}},
            {'type': 'track', 'event': 'purchase', 'userId': 'ga4-user', 'properties': {'transaction_id': 'T1', 'currency': 'EUR', 'value': 20, 'items': [{'item_id': 'GA1', 'price': 10, 'quantity': 2}]}}]})
        profile = self.s.json('GET', '/v1/admin/profiles/ga4-user')
        self.assertEqual(profile['counts']['view']['count'], 1)
        self.assertEqual(profile['counts']['order']['count'], 1)

    def test_who_speaks_is_known(self):
        self.post('/v1/track', {'userId': 'speaker', 'event': 'Order Completed', 'messageId': 'claimed', 'properties': {'order_id': 'c1', 'products': [{'product_id': 'X', 'price': 5}]}})
        self.s.track('Order Completed', 'speaker', properties={'order_id': 'p1', 'products': [{'product_id': 'Y', 'price': 5}]}, messageId='proven')
        by_id = {e['messageId']: e for e in self.events('speaker')}
        self.assertIs(by_id['claimed']['claimed'], True)
        self.assertIs(by_id['proven']['claimed'], False)

    def test_browser_documents_and_cors(self):
        status, headers, data = self.s.request('GET', '/v1/projects/%s/settings' % WRITE_KEY, headers={'Origin': 'https://shop.example'})
        self.assertEqual(json.loads(data)['integrations']['Segment.io']['apiKey'], WRITE_KEY)
        self.assertIn(headers['access-control-allow-origin'], ('https://shop.example', '*'))
        for path in ('/sourceConfig', '/sourceConfig/'):
            status, _, data = self.s.request('GET', path + '?p=npm&v=3&build=modern&writeKey=' + WRITE_KEY, headers={'Authorization': BASIC})
            self.assertEqual((status, json.loads(data)['source']['writeKey']), (200, WRITE_KEY))
        status, headers, _ = self.s.request('OPTIONS', '/v1/batch', headers={'Origin': 'https://shop.example', 'Access-Control-Request-Method': 'POST',
                                            'Access-Control-Request-Headers': 'anonymousid, authorization, content-type, sentat'})
        self.assertIn(status, (200, 204))
        allowed = headers['access-control-allow-headers'].lower()
        for name in ('anonymousid', 'authorization', 'content-type', 'sentat'):
            self.assertIn(name, allowed)
        self.assertGreater(int(headers['access-control-max-age']), 0)

    def test_an_acknowledged_event_is_in_the_next_answer(self):
        c = self.s.connection()
        for i in range(50):
            self.s.json('POST', '/v1/track', {'userId': 'ryw', 'event': 'Product Viewed', 'properties': {'product_id': 'R%d' % i}}, key='server', connection=c)
            profile = self.s.json('GET', '/v1/admin/profiles/ryw', connection=c)
            self.assertEqual(profile['counts']['view']['count'], i + 1)

    def test_never_a_redirect_and_clear_404(self):
        for path in ('/v1/nothing', '/v1/track/x', '/v1'):
            status, headers, data = self.s.request('POST', path, {}, key='write')
            self.assertEqual(status, 404)
            self.assertEqual(headers['content-type'].split(';')[0], 'application/problem+json')


class Guard(unittest.TestCase):
    """What the HTTP library is lenient about, and we are not."""

    @classmethod
    def setUpClass(cls):
        cls.s = Server(flags=['--http-timeout-s', '3'])

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def status(self, data):
        answer = raw(self.s.port, data, timeout=6)
        return int(answer.split(b' ', 2)[1]) if answer.startswith(b'HTTP/1.') else 0

    def test_probe_list(self):
        host = b'Host: 127.0.0.1:%d\r\n' % self.s.port
        body = b'{"userId":"u","event":"e"}'
        auth = b'Authorization: ' + BASIC.encode() + b'\r\n'
        good = b'POST /v1/track HTTP/1.1\r\n' + host + auth
        refused = {
            'two Content-Length': good + b'Content-Length: 26\r\nContent-Length: 5\r\n\r\n' + body,
            'two equal Content-Length': good + b'Content-Length: 26\r\nContent-Length: 26\r\n\r\n' + body,
            'Content-Length and Transfer-Encoding': good + b'Content-Length: 26\r\nTransfer-Encoding: chunked\r\n\r\n1a\r\n' + body + b'\r\n0\r\n\r\n',
            'blank before the colon': good + b'Content-Length : 26\r\n\r\n' + body,
            'Content-Length with a sign': good + b'Content-Length: +26\r\n\r\n' + body,
            'unknown Transfer-Encoding': good + b'Transfer-Encoding: xchunked\r\n\r\n1a\r\n' + body + b'\r\n0\r\n\r\n',
            'a bare CR in a value': good + b'X: a\rTransfer-Encoding: chunked\r\nContent-Length: 26\r\n\r\n' + body,
            'a NUL in a value': good + b'X: a\0b\r\nContent-Length: 26\r\n\r\n' + body,
            'a folded header': good + b'X: a\r\n b\r\nContent-Length: 26\r\n\r\n' + body,
            'no Host': b'POST /v1/track HTTP/1.1\r\n' + auth + b'Content-Length: 26\r\n\r\n' + body,
            'two Hosts': good + host + b'Content-Length: 26\r\n\r\n' + body,
            '64 KB of header': good + b'X: ' + b'a' * 65536 + b'\r\nContent-Length: 26\r\n\r\n' + body,
        }
        self.assertEqual(self.status(good + b'Content-Length: 26\r\n\r\n' + body), 200)
        for name, data in refused.items():
            with self.subTest(name):
                self.assertIn(self.status(data), (0, 400, 413, 414, 431, 501), name)
        self.assertEqual(self.status(good + b'Content-Length: 26\r\n\r\n' + body), 200)

    def test_slow_and_half_requests_end(self):
        started = time.monotonic()
        raw(self.s.port, b'POST /v1/track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nabc', timeout=20)
        self.assertLess(time.monotonic() - started, 15)

    def test_a_foreign_host_name_is_refused_on_loopback(self):
        status, _, _ = self.s.request('GET', '/v1/admin/state', headers={'Host': 'evil.example', 'Authorization': 'Bearer ' + SERVER_KEY})
        self.assertIn(status, (400, 403, 421))


class Full(unittest.TestCase):
    def test_a_full_queue_says_when_to_come_back(self):
        import threading
        with Server(flags=['--queue-bytes-max', '65536', '--batch-events-max', '50']) as s:
            batch = {'batch': [{'type': 'track', 'event': 'E', 'anonymousId': 'a%d' % i, 'properties': {'x': 'y' * 900}} for i in range(60)]}
            seen = []
            def load():
                for _ in range(30):
                    status, headers, _ = s.request('POST', '/v1/batch', batch, key='write')
                    seen.append((status, headers.get('retry-after')))
            threads = [threading.Thread(target=load) for _ in range(12)]
            for t in threads: t.start()
            for t in threads: t.join()
            self.assertTrue(all(status in (200, 429) for status, _ in seen), set(seen))
            for status, retry in seen:
                if status == 429:
                    self.assertGreaterEqual(int(retry), 1)
            self.assertIn(429, {status for status, _ in seen})
