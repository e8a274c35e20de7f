"""What the dashboard reads about everybody: lists, search, one event in full, the live stream, the pulse, jobs."""
import collections, datetime, http.client, json, os, random, socket, sqlite3, threading, time, unittest, urllib.parse
from harness import Server, SERVER_KEY, WRITE_KEY, kunde


def ids(events):
    return [e['messageId'] for e in events]


class Lists(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server()
        cls.s.json('PUT', '/v1/admin/products', [
            {'id': 'J1', 'title': 'Nordkap Storm Jacket', 'category': 'Outdoor > Jackets', 'brand': 'Nordkap', 'image': '/i/j1.jpg', 'price': '199.95', 'currency': 'EUR',
             'variants': [{'sku': 'J1-S', 'size': 'S'}, {'sku': 'J1-M', 'size': 'M'}]},
            {'id': 'J2', 'title': 'Ölzeug Jacke', 'category': 'Outdoor > Jackets', 'brand': 'Küste'},
            {'id': 'S1', 'title': 'Wool Socks', 'category': 'Basics > Socks', 'brand': 'Nordkap'}])
        cls.s.json('PUT', '/v1/admin/places', [{'id': 'p', 'name': 'P', 'kind': 'warehouse'}])
        cls.s.json('POST', '/v1/admin/stock', [{'sku': 'J2', 'place': 'p', 'stock': 0}, {'sku': 'S1', 'place': 'p', 'stock': 9}])
        for i in range(7):
            cls.s.track('Product Viewed', user='u%d' % (i % 3), properties={'product_id': 'J1', 'sku': 'J1-S', 'price': 199.95, 'currency': 'EUR'}, messageId='view-%d' % i)
        cls.s.json('POST', '/v1/identify', {'userId': 'u1', 'messageId': 'who', 'traits': {'email': 'ada@example.org', 'name': 'Ada <b>'}})
        cls.s.track('Order Completed', user='u1', messageId='order', properties={'order_id': 'A1', 'total': 210, 'currency': 'EUR',
                    'products': [{'product_id': 'J1', 'sku': 'J1-S', 'price': 199.95, 'quantity': 1}]})

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def test_nobody_else_may_read(self):
        for method, path in (('GET', '/v1/admin/me'), ('GET', '/v1/admin/profiles'), ('GET', '/v1/admin/events'), ('POST', '/v1/admin/search'), ('GET', '/v1/admin/categories')):
            for key in (None, 'write'):
                self.assertIn(self.s.request(method, path, {} if method == 'POST' else None, key=key)[0], (401, 403), path)

    def test_personal_answers_are_not_stored(self):
        for method, path, body in (('GET', '/v1/admin/profiles', None), ('GET', '/v1/admin/events', None), ('POST', '/v1/admin/search', {'q': 'u1'})):
            status, headers, _ = self.s.request(method, path, body, key='server')
            self.assertEqual((status, headers['cache-control']), (200, 'no-store'), path)

    def test_me(self):
        me = self.s.json('GET', '/v1/admin/me')
        self.assertEqual((me['role'], me['demo'], me['writeKey'], me['passwordSet']), ('server', False, WRITE_KEY, False))
        self.assertEqual(me['baseUrl'], 'http://127.0.0.1:%d' % self.s.port)

    def test_events_newest_first_by_pages(self):
        seen, cursor, seqs = [], '', []
        while cursor is not None:
            page = self.s.json('GET', '/v1/admin/events?limit=4' + ('&cursor=' + cursor if cursor else ''))
            self.assertLessEqual(len(page['events']), 4)
            seen += ids(page['events'])
            seqs += [e['seq'] for e in page['events']]
            cursor = page['cursor']
        self.assertEqual([m for m in seen if m != 'led'], ['order', 'who'] + ['view-%d' % i for i in reversed(range(7))])
        self.assertEqual(seqs, sorted(seqs, reverse=True))

    def test_an_entry_names_source_and_product(self):
        order, who = [e for e in self.s.json('GET', '/v1/admin/events')['events'] if e['messageId'] in ('order', 'who')]
        self.assertEqual((order['state'], order['source'], order['type'], order['name'], order['claimed']), ('stored', 'shop', 'track', 'Order Completed', False))
        self.assertEqual(order['product'], {'productId': 'J1', 'title': 'Nordkap Storm Jacket', 'image': '/i/j1.jpg'})
        self.assertEqual((who['type'], who['product']), ('identify', None))
        self.assertNotIn('ada@', json.dumps([order, who]))

    def test_wrong_pages_are_refused(self):
        for query in ('limit=0', 'limit=x', 'limit=201', 'cursor=0', 'cursor=-1', 'cursor=1.1', 'cursor=99999999', 'cursor=x'):
            self.s.json('GET', '/v1/admin/events?' + query, expect=400)
        for query in ('limit=0', 'limit=101'):
            self.s.json('GET', '/v1/admin/profiles?' + query, expect=400)

    def one(self, message):
        entry = next(e for e in self.s.json('GET', '/v1/admin/events')['events'] if e['messageId'] == message)
        return self.s.json('GET', '/v1/admin/events/%s/%s' % (entry['person'], entry['id']))

    def test_one_event_in_full(self):
        order = self.one('order')
        self.assertEqual(order['event']['properties']['order_id'], 'A1')
        kinds = {f['kind']: f for f in order['facts']}
        self.assertEqual((kinds['order']['productId'], kinds['order']['title'], kinds['order']['count'], kinds['order']['value']), ('J1', 'Nordkap Storm Jacket', 1, 199.95))
        self.assertEqual((kinds['orderId']['value'], kinds['total']['value']), ('A1', 210))
        who = self.one('who')
        self.assertIn({'kind': 'trait', 'name': 'email', 'value': 'ada@example.org'}, who['facts'])
        self.assertIn({'kind': 'identity', 'name': 'userId', 'value': 'u1'}, who['facts'])

    def test_no_such_event(self):
        entry = self.s.json('GET', '/v1/admin/events?limit=1')['events'][0]
        self.s.json('GET', '/v1/admin/events/%s/%s' % (entry['id'], entry['id']), expect=404)
        self.s.json('GET', '/v1/admin/events/x/y', expect=400)

    def test_decisions_that_an_event_led_to(self):
        self.s.track('Product Viewed', user='d1', properties={'product_id': 'J1'}, messageId='led')
        self.s.json('PUT', '/v1/admin/placements/seen', {'kind': 'recommendation', 'recipe': 'recently-viewed', 'count': 3, 'filter': {'includeOutOfStock': True}})
        decision = self.s.json('POST', '/v1/decide', {'customer': {'userId': 'd1'}, 'placements': ['seen']})['decisions'][0]
        self.assertEqual([i['productId'] for i in decision['items']], ['J1'])
        deadline = time.monotonic() + 10
        while not self.one('led')['decisions'] and time.monotonic() < deadline:
            time.sleep(0.1)  # receipts are written within a second
        self.assertEqual([(d['decisionId'], d['placement']) for d in self.one('led')['decisions']], [(decision['decisionId'], 'seen')])
        self.assertEqual(self.one('view-6')['decisions'], [])  # another person's

    def test_recent_people(self):
        people = self.s.json('GET', '/v1/admin/profiles?limit=2')['people']
        self.assertEqual(len(people), 2)
        everybody = self.s.json('GET', '/v1/admin/profiles')['people']
        self.assertGreaterEqual(len(everybody), 3)
        buyer = next(p for p in everybody if p['orders'])
        self.assertEqual((buyer['lastEvent'], buyer['source'], buyer['orders'], buyer['spent']), ('Order Completed', 'shop', 1, [{'currency': 'EUR', 'amount': 199.95}]))

    def search(self, q):
        found = self.s.json('POST', '/v1/admin/search', {'q': q})
        return [(p['why']) for p in found['people']], [p['productId'] for p in found['products']]

    def test_search(self):
        self.assertEqual(self.search('u1'), (['userId'], []))
        self.assertEqual(self.search('email:ada@example.org')[0], ['email'])
        self.assertEqual(self.search('Ada@Example.org')[0], ['email'])
        self.assertEqual(self.search('storm JACKET'), ([], ['J1']))
        self.assertEqual(self.search('ÖLZEUG'), ([], ['J2']))
        self.assertEqual(self.search('nordkap')[1], ['J1', 'S1'])
        self.assertEqual(self.search('J1-M')[1], ['J1'])
        self.assertEqual(self.search('nothing of this kind'), ([], []))
        person = self.s.json('POST', '/v1/admin/search', {'q': 'u1'})['people'][0]
        self.assertEqual(self.search(person['person'])[0], ['personId'])
        for q in ('', ' ', 'x' * 257, None):
            self.s.json('POST', '/v1/admin/search', {'q': q}, expect=400)

    def test_products_by_category_and_stock(self):
        def products(query):
            answer = self.s.json('GET', '/v1/admin/products?' + query)
            return [p['id'] for p in answer['products']], answer['total'], answer['cursor']
        outdoor = urllib.parse.quote('Outdoor > Jackets')
        self.assertEqual(products('category=' + outdoor), (['J1', 'J2'], 2, None))
        self.assertEqual(products('category=Outdoor&available=true'), (['J1'], 1, None))
        self.assertEqual(products('category=Outdoor&available=false'), (['J2'], 1, None))
        self.assertEqual(products('category=Out'), ([], 0, None))
        self.assertEqual(products('q=nordkap&limit=1')[:2], (['J1'], 2))
        cursor = products('q=nordkap&limit=1')[2]
        self.assertEqual(products('q=nordkap&limit=1&cursor=' + cursor), (['S1'], 2, None))
        self.s.json('GET', '/v1/admin/products?available=perhaps', expect=400)

    def test_categories(self):
        found = {c['category']: c['products'] for c in self.s.json('GET', '/v1/admin/categories')['categories']}
        self.assertEqual(found, {'Basics': 1, 'Basics > Socks': 1, 'Outdoor': 2, 'Outdoor > Jackets': 2})


class Stream:
    """A listener of /v1/admin/live; read() gives (event, data) one after another."""

    def __init__(self, s, last=None, timeout=15, headers=None):
        headers = dict(headers or {'Authorization': 'Bearer ' + SERVER_KEY})
        if last is not None:
            headers['Last-Event-ID'] = str(last)
        self.c = http.client.HTTPConnection('127.0.0.1', s.port, timeout=timeout)
        self.c.request('GET', '/v1/admin/live', headers=headers)
        self.answer = self.c.getresponse()
        self.status = self.answer.status

    def __enter__(self): return self
    def __exit__(self, *_): self.close()

    def close(self):
        self.answer.close()
        self.c.close()

    def read(self):
        event, data, seq = None, None, None
        while True:
            line = self.answer.readline().decode('utf-8')
            if line == '':
                return None, None
            line = line.rstrip('\n')
            if line.startswith('event: '):
                event = line[7:]
            elif line.startswith('id: '):
                seq = int(line[4:])
            elif line.startswith('data: '):
                data = json.loads(line[6:])
            elif line == '' and event:
                if event == 'entry':
                    assert seq == data['seq'], (seq, data)
                return event, data

    def tick(self):
        return next(d for e, d in iter(self.read, (None, None)) if e == 'tick')

    def entries(self, count):
        out = []
        while len(out) < count:
            event, data = self.read()
            if event is None:
                break
            if event == 'entry':
                out.append(data)
        return out


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server()

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def view(self, message, user='u1'):
        self.s.track('Product Viewed', user=user, properties={'product_id': 'J1'}, messageId=message)

    def test_only_for_admins(self):
        for key in (None, 'write'):
            self.assertIn(self.s.request('GET', '/v1/admin/live', key=key)[0], (401, 403))

    def test_headers(self):
        with Stream(self.s) as live:
            headers = dict((k.lower(), v) for k, v in live.answer.getheaders())
            self.assertEqual((live.status, headers['content-type'], headers['cache-control'], headers['x-accel-buffering']), (200, 'text/event-stream', 'no-store', 'no'))
        self.assertEqual(self.s.request('HEAD', '/v1/admin/live', key='server')[0], 200)

    def test_ends_with_what_it_was_opened_by(self):
        link = self.s.lines['login'].split(str(self.s.port), 1)[1]
        session = {'Cookie': self.s.request('GET', link, key=None)[1]['set-cookie'].split(';')[0]}
        key = self.s.json('POST', '/v1/admin/keys', {'type': 'server', 'name': 'for a while'}, expect=201)
        for headers, end in (({'Authorization': 'Bearer ' + key['key']}, lambda: self.s.json('DELETE', '/v1/admin/keys/' + key['id'])),
                             (session, lambda: self.s.request('POST', '/v1/admin/logout', headers={**session, 'Kunde-CSRF': '1'}))):
            with Stream(self.s, headers=headers) as live:
                self.view('before' + next(iter(headers)))
                self.assertEqual(len(live.entries(1)), 1)
                end()
                self.view('after' + next(iter(headers)))
                self.assertEqual(live.entries(1), [])
            with Stream(self.s, headers=headers) as live:
                self.assertEqual(live.status, 401)

    def test_order_and_resume(self):
        with Stream(self.s) as live:
            for i in range(20):
                self.view('a%d' % i)
            seen = live.entries(20)
        self.assertEqual(ids(seen), ['a%d' % i for i in range(20)])
        self.assertEqual([e['seq'] for e in seen], list(range(seen[0]['seq'], seen[0]['seq'] + 20)))
        self.assertTrue(all(e['state'] == 'stored' and e['source'] == 'shop' and e['person'] and e['id'] for e in seen))
        for i in range(20, 25):
            self.view('a%d' % i)  # nobody listens, for a moment
        with Stream(self.s, last=seen[9]['seq']) as live:
            self.assertEqual(ids(live.entries(15)), ['a%d' % i for i in range(10, 25)])
        with Stream(self.s) as live:  # without an id: from now on
            self.view('a99')
            self.assertEqual(ids(live.entries(1)), ['a99'])
        for nonsense in ('x', '-1', '1.5'):
            with Stream(self.s, last=nonsense) as live:
                self.assertEqual(live.status, 400)

    def test_a_stream_of_long_ago_and_of_the_future(self):
        with Stream(self.s, last=17) as live:
            self.view('old')
            self.assertEqual(ids(self.until(live, 'old'))[-1], 'old')
        with Stream(self.s, last=2 ** 60) as live:
            self.view('future')
            self.assertEqual(ids(live.entries(1)), ['future'])

    @staticmethod
    def until(live, message):
        out = []
        while not out or out[-1]['messageId'] != message:
            out += live.entries(1)
        return out

    def test_ticks(self):
        with Stream(self.s) as live:
            began = time.monotonic()
            for _ in range(3):
                tick = live.tick()
                self.assertEqual(set(tick), {'perSecond', 'dropped'})
            self.assertLess(time.monotonic() - began, 6)

    def test_duplicates_and_rejections(self):
        hostile = '<img src=x onerror=alert(1)>\u2028\u0000"\\\n</script>'
        with Stream(self.s) as live:
            self.view('twice')
            self.view('twice')
            self.s.json('POST', '/v1/batch', {'batch': [
                {'type': 'track', 'event': hostile, 'messageId': 'bad-1', 'properties': {'x': hostile}},
                {'type': hostile, 'userId': 'u1'},
                {'type': 'track', 'event': 'Fine', 'userId': 'u1', 'messageId': 'fine'},
                {'type': 'track', 'event': 'Long', 'userId': 'u1', 'messageId': 'long', 'properties': {'x': 'é' * 20000}}]}, key='server')
            status, _, _ = self.s.request('POST', '/v1/track', b'{"event":"\xff\xfe\x00 broken', {}, 'server')
            self.assertEqual(status, 400)
            self.s.json('POST', '/v1/identify', {'traits': {}}, expect=400)
            seen = live.entries(8)
        self.assertEqual(sorted((e['state'], e['messageId'] or '') for e in seen),
                         sorted([('stored', 'twice'), ('duplicate', 'twice'), ('rejected', 'bad-1'), ('rejected', ''), ('stored', 'fine'), ('rejected', ''), ('rejected', ''), ('rejected', '')]))
        bad = next(e for e in seen if e['messageId'] == 'bad-1')
        self.assertEqual((bad['name'], bad['type'], bad['field'], bad['person'], bad['id']), (hostile, 'track', '/userId', None, None))
        self.assertEqual(json.loads(bad['raw'])['event'], hostile)
        self.assertTrue(bad['reason'])
        long = next(e for e in seen if '"Long"' in (e.get('raw') or ''))
        self.assertTrue(8000 < len(long['raw'].encode()) <= 8192)
        broken = next(e for e in seen if 'broken' in (e.get('raw') or ''))
        self.assertIn('\ufffd', broken['raw'])
        identify = next(e for e in seen if e.get('raw') == '{"traits": {}}')
        self.assertEqual(identify['type'], 'identify')
        self.assertFalse(any('raw' in e for e in seen if e['state'] != 'rejected'))

    def test_what_strangers_send_is_not_shown(self):
        with Stream(self.s) as live:
            for headers in ({}, {'Authorization': 'Basic bm9uZXN1Y2g6'}):
                self.assertEqual(self.s.request('POST', '/v1/track', {'event': 'Product Viewed'}, headers)[0], 401)
            self.view('after-strangers')
            self.assertEqual(ids(live.entries(1)), ['after-strangers'])

    def all_left(self):
        deadline = time.monotonic() + 15  # those who have left are noticed
        while self.s.metric('kunde_live_listeners') > 0 and time.monotonic() < deadline:
            time.sleep(0.2)
        self.assertEqual(self.s.metric('kunde_live_listeners'), 0)

    def test_thirty_two_and_no_more(self):
        self.all_left()
        streams = [Stream(self.s) for _ in range(32)]
        self.assertEqual({x.status for x in streams}, {200})
        with Stream(self.s) as one_too_many:
            self.assertEqual(one_too_many.status, 429)
        self.view('to-all')
        for x in streams:
            self.assertEqual(ids(x.entries(1)), ['to-all'])
        for x in streams:
            x.close()
        self.all_left()

    def flood(self, count, name):
        for start in range(0, count, 1000):
            batch = [{'type': 'track', 'event': 'Product Viewed', 'userId': 'u%d' % i, 'messageId': '%s-%d' % (name, i), 'properties': {'product_id': 'J1'}} for i in range(start, start + 1000)]
            self.s.json('POST', '/v1/batch', {'batch': batch})

    def test_a_flood_is_thinned_and_told(self):
        with Stream(self.s) as live:
            self.flood(5000, 'flood')
            shown = dropped = 0
            while shown + dropped < 5000:
                event, data = live.read()
                if event == 'tick':
                    dropped += data['dropped']
                elif data['messageId'].startswith('flood'):
                    shown += 1
            self.assertEqual(shown + dropped, 5000)
            self.assertGreater(dropped, 1000)
            self.assertGreater(shown, 400)

    def test_a_slow_page_holds_nobody_up(self):
        slow = socket.create_connection(('127.0.0.1', self.s.port))
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        slow.sendall(b'GET /v1/admin/live HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ' + SERVER_KEY.encode() + b'\r\n\r\n')
        time.sleep(0.5)
        with Stream(self.s) as live:
            for n in range(6):
                self.flood(2000, 'slow%d' % n)
                time.sleep(1.1)
            self.view('still-there')
            self.until(live, 'still-there')
        # It reads at last, and is told what it missed.
        slow.settimeout(10)
        text, dropped = b'', 0
        while b'still-there' not in text:
            text += slow.recv(65536)
        for line in text.decode('utf-8', 'replace').splitlines():
            if line.startswith('data: {"perSecond"'):
                dropped += json.loads(line[6:])['dropped']
        self.assertGreater(dropped, 1000)
        slow.close()


class LiveEnds(unittest.TestCase):
    def test_a_server_with_listeners_stops_at_once_and_they_come_back(self):
        with Server() as s:
            streams = [Stream(s) for _ in range(5)]
            s.track('Product Viewed', user='u1', properties={'product_id': 'J1'}, messageId='before')
            last = [x.entries(1)[0]['seq'] for x in streams][0]
            began = time.monotonic()
            s.stop()
            self.assertLess(time.monotonic() - began, 4)
            for x in streams:
                self.assertEqual(x.entries(1), [])
                x.close()
            s.start()
            with Stream(s, last=last) as live:
                s.track('Product Viewed', user='u1', properties={'product_id': 'J1'}, messageId='after')
                entry = live.entries(1)[0]
                self.assertEqual(entry['messageId'], 'after')
                self.assertGreater(entry['seq'], last)

    def test_listeners_that_come_and_go_under_load(self):
        with Server() as s:
            stop = threading.Event()
            failures = []

            def watch():
                while not stop.is_set():
                    try:
                        with Stream(s) as live:
                            live.entries(3)
                    except Exception as e:  # noqa: whatever it is, the test shall say so
                        failures.append(repr(e))
            watchers = [threading.Thread(target=watch) for _ in range(6)]
            for w in watchers:
                w.start()
            for n in range(60):
                batch = [{'type': 'track', 'event': 'Product Viewed', 'userId': 'u%d' % i, 'properties': {'product_id': 'J1'}} for i in range(100)]
                s.json('POST', '/v1/batch', {'batch': batch})
            stop.set()
            for i in range(20):
                s.track('Product Viewed', user='u1', properties={'product_id': 'J1'})
                time.sleep(0.05)
            for w in watchers:
                w.join()
            self.assertEqual(failures, [])


class Recommendations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server()
        cls.s.json('PUT', '/v1/admin/places', [{'id': 'p', 'name': 'P', 'kind': 'warehouse'}])
        def product(i, **more):
            return dict({'id': i, 'title': 'Thing ' + i, 'category': 'Outdoor > Jackets', 'variants': [{'sku': i + '-S', 'size': 'S'}, {'sku': i + '-M', 'size': 'M'}]}, **more)
        cls.s.json('PUT', '/v1/admin/products', [product('bought'), product('sold-out'), product('small'), product('red', brand='Red'), product('asked'), product('cart'), product('free'),
                                                 product('gone', hidden=True)])
        cls.s.json('POST', '/v1/admin/stock', [{'sku': i + '-' + size, 'place': 'p', 'stock': 0 if i == 'sold-out' or (i == 'small' and size == 'M') else 9}
                                               for i in ('bought', 'sold-out', 'small', 'red', 'asked', 'cart', 'free', 'gone') for size in 'SM'])
        for i in range(3):
            cls.s.track('Order Completed', user='buyer', properties={'order_id': 'o%d' % i, 'products': [{'product_id': 'bought', 'sku': 'bought-M', 'price': 5, 'quantity': 1}]})
        cls.s.track('Product Added', user='buyer', properties={'product_id': 'cart', 'sku': 'cart-M', 'price': 5})
        cls.person = cls.s.json('POST', '/v1/admin/search', {'q': 'buyer'})['people'][0]['person']

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def ask(self, key='server', expect=200, **more):
        return self.s.json('POST', '/v1/recommend', dict({'recipe': 'popular', 'count': 20}, **more), key=key, expect=expect)

    def test_by_person_id(self):
        by_id = self.ask(customer={'personId': self.person})
        self.assertEqual((by_id['identity'], [i['productId'] for i in by_id['items']]), ('known', [i['productId'] for i in self.ask(customer={'userId': 'buyer'})['items']]))
        self.ask(customer={'personId': '01a20519-4861-7421-92f2-e0e45caf3f97'}, expect=404)
        self.ask(customer={'personId': 'x'}, expect=400)
        by_write_key = self.ask(key='write', customer={'personId': self.person})
        self.assertEqual((by_write_key['identity'], by_write_key['removed']['bought']), ('unproven', 0))
        self.s.json('PUT', '/v1/admin/placements/home', {'kind': 'recommendation', 'recipe': 'popular', 'count': 3})
        self.assertEqual(self.s.json('POST', '/v1/decide', {'customer': {'personId': self.person}, 'placements': ['home']})['identity'], 'known')

    def test_what_is_left_out_and_why(self):
        answer = self.ask(customer={'personId': self.person}, explain=True, products=['asked'], filter={'not': {'brand': 'Red'}})
        self.assertEqual([i['productId'] for i in answer['items']], ['free'])
        self.assertEqual({i['productId']: i['why'] for i in answer['removedItems'] if i['productId'] != 'gone'},
                         {'bought': 'bought', 'sold-out': 'stock', 'small': 'size', 'red': 'filter', 'asked': 'asked', 'cart': 'cart'})
        self.assertTrue(all(i['title'] == 'Thing ' + i['productId'] for i in answer['removedItems']))
        self.assertIn({'productId': 'gone', 'title': 'Thing gone', 'image': '', 'why': 'hidden'}, answer['removedItems'])

    def test_only_when_asked_and_only_for_those_who_may(self):
        self.assertNotIn('removedItems', self.ask(customer={'userId': 'buyer'}))
        self.assertNotIn('removedItems', self.ask(key='write', explain=True))


def day_of(days_ago):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days_ago)).strftime('%Y-%m-%d')


def at(days_ago, hour=12):
    """A time of that UTC day; today, a moment ago."""
    if days_ago == 0:
        return datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%S.%fZ')
    return '%sT%02d:00:00Z' % (day_of(days_ago), hour)


def complete(s):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        pulse = s.json('GET', '/v1/admin/pulse')
        if pulse['complete']:
            return pulse
        time.sleep(0.05)
    raise AssertionError('the pulse does not catch up')


def by_day(pulse):
    return {d['day']: d for d in pulse['days']}


class Pulse(unittest.TestCase):
    times = {}  # a message that is sent again has the time of before

    @classmethod
    def setUpClass(cls):
        cls.s = Server()
        cls.till = cls.s.json('POST', '/v1/admin/keys', {'type': 'server', 'name': 'Till', 'source': 'till'}, expect=201)['key']
        for weeks in range(1, 9):
            for i in range(weeks):
                cls.order(weeks * 7, 'usual-%d-%d' % (weeks, i), 100)
        cls.order(0, 'today-1', 50, user='u1')
        cls.order(0, 'today-2', 70, user='u2')
        cls.order(0, 'claimed', 1000, user='u3', key='write')
        cls.s.json('POST', '/v1/track', {'event': 'Order Refunded', 'userId': 'u1', 'messageId': 'refund', 'timestamp': at(0),
                   'properties': {'order_id': 'today-1', 'currency': 'EUR', 'products': [{'product_id': 'P', 'price': 50, 'quantity': 1}]}})
        headers = {'Authorization': 'Bearer ' + cls.till}
        cls.s.json('POST', '/v1/track', {'event': 'Order Completed', 'userId': 'u1', 'messageId': 'till-1', 'timestamp': at(3), 'properties': {
            'order_id': 't1', 'currency': 'CHF', 'products': [{'product_id': 'P', 'price': '19.95', 'quantity': 2}]}}, key=None, headers=headers)
        cls.s.json('POST', '/v1/track', {'event': 'Order Completed', 'messageId': 'till-bad'}, key=None, headers=headers, expect=400)
        cls.order(0, 'today-2', 70, user='u2')  # again

    @classmethod
    def order(cls, days_ago, name, price, user='old', key='server'):
        cls.s.json('POST', '/v1/track', {'event': 'Order Completed', 'userId': user, 'messageId': name, 'timestamp': cls.times.setdefault(name, at(days_ago)),
                   'properties': {'order_id': name, 'currency': 'EUR', 'products': [{'product_id': 'P', 'price': price, 'quantity': 1}]}}, key=key)

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def test_only_for_admins(self):
        for path in ('/v1/admin/pulse', '/v1/admin/sources'):
            for key in (None, 'write'):
                self.assertIn(self.s.request('GET', path, key=key)[0], (401, 403))

    def test_days(self):
        pulse = complete(self.s)
        days = by_day(pulse)
        self.assertEqual([d['day'] for d in pulse['days']], [day_of(n) for n in range(56, -1, -1)])  # every day, from the first
        today = days[day_of(0)]
        self.assertEqual((today['events'], today['orders'], today['claimedOrders'], today['people'], today['newPeople']), (4, 2, 1, 3, 3))
        self.assertEqual((today['revenue'], today['returned']), ([{'currency': 'EUR', 'amount': 120}], [{'currency': 'EUR', 'amount': 50}]))
        self.assertEqual(days[day_of(3)]['revenue'], [{'currency': 'CHF', 'amount': 39.9}])
        self.assertEqual((days[day_of(5)]['events'], days[day_of(5)]['revenue']), (0, []))
        self.assertEqual({k: v for k, v in pulse['today'].items() if k != 'usual'}, today)

    def test_usual(self):
        usual = complete(self.s)['today']['usual']
        self.assertEqual(usual, {'days': 8, 'orders': {'mean': 4.5, 'low': 1, 'high': 8}, 'revenue': {'currency': 'EUR', 'mean': 450, 'low': 100, 'high': 800}})

    def test_now(self):
        pulse = complete(self.s)
        self.assertEqual(len(pulse['now']['perMinute']), 60)
        self.assertEqual(sum(pulse['now']['perMinute']), 4)
        self.assertEqual(pulse['now']['people'], 3)
        self.assertEqual(pulse['leftOut'], 0)

    def test_sources(self):
        sources = {x['source']: x for x in self.s.json('GET', '/v1/admin/sources')['sources']}
        of_pulse = {x['source']: x for x in complete(self.s)['sources']}
        self.assertEqual({name: {k: x[k] for k in of_pulse[name]} for name, x in sources.items()}, of_pulse)  # and more: test_sources.py
        self.assertEqual(set(sources), {'shop', 'till'})
        self.assertEqual((sources['till']['events'], sources['till']['events24h'], sources['till']['rejected'], sources['till']['duplicates']), (1, 1, 1, 0))
        self.assertEqual((sources['shop']['events'], sources['shop']['duplicates'], sources['shop']['rejected']), (40, 1, 0))
        self.assertGreaterEqual(sources['shop']['lastEventAt'], day_of(0))

    def test_ranges_and_one_source(self):
        pulse = self.s.json('GET', '/v1/admin/pulse?from=%s&to=%s' % (day_of(14), day_of(7)))
        self.assertEqual([d['day'] for d in pulse['days']], [day_of(n) for n in range(14, 6, -1)])
        self.assertEqual(pulse['today']['day'], day_of(0))
        till = self.s.json('GET', '/v1/admin/pulse?source=till')
        self.assertEqual(sum(d['events'] for d in till['days']), 1)
        self.assertIsNone(till['days'][0]['people'])
        self.assertEqual(sum(d['events'] for d in self.s.json('GET', '/v1/admin/pulse?source=nobody')['days']), 0)
        for query in ('from=yesterday', 'to=2026-13-01', 'from=2026-02-02&to=2026-02-01', 'from=1990-01-01&to=2026-01-01', 'from=2026-1-1'):
            self.s.json('GET', '/v1/admin/pulse?' + query, expect=400)


class PulseLaw(unittest.TestCase):
    """Whatever happens to the process, the pulse is a recount of what was acknowledged."""

    def send(self, s, rng, model, count, name):
        batch = []
        for i in range(count):
            ago, kind, user = rng.randrange(30), rng.choice(['Product Viewed', 'Order Completed', 'Order Refunded']), 'u%d' % rng.randrange(80)
            batch.append({'type': 'track', 'event': kind, 'userId': user, 'messageId': '%s-%d' % (name, i), 'timestamp': at(ago, rng.randrange(24)) if ago else at(0),
                          'properties': {'order_id': '%s-%d' % (name, i), 'currency': rng.choice(['EUR', 'USD']), 'products': [{'product_id': 'P1', 'price': rng.randrange(1, 90), 'quantity': rng.randrange(1, 4)}]}})
        s.json('POST', '/v1/batch', {'batch': batch})
        for e in batch:
            day, line = model[e['timestamp'][:10]], e['properties']['products'][0]
            day['events'] += 1
            day['people'].add(e['userId'])
            day['orders'] += e['event'] == 'Order Completed'
            if e['event'] != 'Product Viewed':
                day['revenue' if e['event'] == 'Order Completed' else 'returned'][e['properties']['currency']] += line['price'] * line['quantity']

    def check(self, s, model):
        pulse = complete(s)
        days = by_day(pulse)
        self.assertEqual(sum(d['events'] for d in days.values()), sum(m['events'] for m in model.values()))
        for day, want in model.items():
            got = days[day]
            self.assertEqual((got['events'], got['orders']), (want['events'], want['orders']), day)
            for sums in ('revenue', 'returned'):
                self.assertEqual({x['currency']: x['amount'] for x in got[sums] if x['amount']}, {c: a for c, a in want[sums].items() if a}, (day, sums))
            self.assertLessEqual(abs(got['people'] - len(want['people'])), 2 + 0.05 * len(want['people']))
        self.assertEqual(sum(d['newPeople'] for d in days.values()), len(set().union(*(m['people'] for m in model.values()))))
        # And of the log itself, as the list of events tells it.
        logged, cursor = collections.Counter(), ''
        while cursor is not None:
            page = s.json('GET', '/v1/admin/events?limit=200' + ('&cursor=' + cursor if cursor else ''))
            logged.update(e['time'][:10] for e in page['events'])
            cursor = page['cursor']
        self.assertEqual(logged, collections.Counter({day: m['events'] for day, m in model.items()}))

    def test_restarts_kills_and_a_database_without_one(self):
        rng = random.Random(4711)
        model = collections.defaultdict(lambda: {'events': 0, 'orders': 0, 'people': set(), 'revenue': collections.Counter(), 'returned': collections.Counter()})
        with Server() as s:
            for turn in range(6):
                for i in range(4):
                    self.send(s, rng, model, 50, '%d-%d' % (turn, i))
                if turn % 2:
                    self.check(s, model)
                if turn == 4:
                    s.stop()
                    with sqlite3.connect(s.db) as db:  # as a program without a pulse leaves it
                        db.execute("DELETE FROM record WHERE kind='pulse'")
                    db.close()
                elif turn % 3 == 0:
                    s.stop()
                else:
                    s.kill()
                s.start()
                self.check(s, model)


class Jobs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server()
        batch = [{'type': 'track', 'event': 'Product Viewed', 'userId': 'u%d' % (i % 200), 'properties': {'product_id': 'J%d' % (i % 9), 'note': 'x' * 900}} for i in range(2000)]
        for i in range(5):
            cls.s.json('POST', '/v1/batch', {'batch': batch})

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def run_job(self, kind):
        job = self.s.json('POST', '/v1/admin/' + kind, {}, expect=202)['job']
        seen, deadline = [], time.monotonic() + 60
        while time.monotonic() < deadline:
            state = self.s.json('GET', '/v1/admin/jobs/' + job)
            seen.append((state['done'], state['total']))
            if state['state'] != 'running':
                return state, seen
            time.sleep(0.01)
        raise AssertionError('the job does not end: %s' % state)

    def test_needs_an_admin(self):
        for method, path in (('POST', '/v1/admin/backup'), ('POST', '/v1/admin/doctor'), ('GET', '/v1/admin/jobs'), ('GET', '/v1/admin/jobs/x')):
            for key in (None, 'write'):
                self.assertIn(self.s.request(method, path, {} if method == 'POST' else None, key=key)[0], (401, 403), path)

    def test_backup(self):
        state, seen = self.run_job('backup')
        self.assertEqual((state['kind'], state['state'], state['error']), ('backup', 'done', None))
        self.assertEqual(os.path.getsize(state['result']['file']), state['result']['bytes'])
        self.assertTrue(state['result']['file'].startswith(self.s.db + '.backup-20'))
        self.assertEqual(state['done'], state['total'])
        self.assertGreater(state['total'], 100)
        self.assertEqual([d for d, _ in seen], sorted(d for d, _ in seen))
        self.assertGreaterEqual(state['endedAt'], state['startedAt'])
        code, out, err = kunde('doctor', '--db', state['result']['file'], '--key-file', self.s.db + '.key')
        self.assertEqual(code, 0, out + err)

    def test_doctor(self):
        state, _ = self.run_job('doctor')
        self.assertEqual((state['state'], state['result']['ok']), ('done', True))
        self.assertGreater(len(state['result']['findings']), 4)
        self.assertTrue(all(f['ok'] and f['finding'] for f in state['result']['findings']))
        os.chmod(self.s.db + '.key', 0o644)
        try:
            state, _ = self.run_job('doctor')
        finally:
            os.chmod(self.s.db + '.key', 0o600)
        self.assertEqual((state['state'], state['result']['ok']), ('done', False))
        self.assertEqual(len([f for f in state['result']['findings'] if not f['ok']]), 1)

    def test_the_list_and_unknown_ones(self):
        first, _ = self.run_job('doctor')
        second, _ = self.run_job('backup')
        listed = self.s.json('GET', '/v1/admin/jobs')['jobs']
        self.assertEqual([j['id'] for j in listed[:2]], [second['id'], first['id']])
        for unknown in ('x', '00000000-0000-0000-0000-000000000000', '01a20519-4861-7421-92f2-e0e45caf3f97'):
            self.s.json('GET', '/v1/admin/jobs/' + unknown, expect=404)

    def test_one_of_a_kind_at_a_time(self):
        codes = [self.s.request('POST', '/v1/admin/doctor', {}, key='server')[0] for _ in range(8)]
        self.assertEqual(codes[0], 202)
        self.assertLessEqual(set(codes), {202, 409})
        self.assertIn(409, codes)
        while any(j['state'] == 'running' for j in self.s.json('GET', '/v1/admin/jobs')['jobs']):
            time.sleep(0.05)

    def test_only_fifty_are_kept(self):
        with Server() as s:
            jobs = []
            while len(jobs) < 53:
                status, _, data = s.request('POST', '/v1/admin/doctor', {}, key='server')
                if status == 202:
                    jobs.append(json.loads(data)['job'])
            self.assertEqual([j['id'] for j in s.json('GET', '/v1/admin/jobs')['jobs']], jobs[:2:-1])
            s.json('GET', '/v1/admin/jobs/' + jobs[0], expect=404)

    def test_a_server_stops_while_a_job_runs(self):
        with Server() as s:
            s.track('Product Viewed', user='u1', properties={'product_id': 'J1'})
            s.json('POST', '/v1/admin/backup', {}, expect=202)
            s.json('POST', '/v1/admin/doctor', {}, expect=202)
            began = time.monotonic()
            s.stop()
            self.assertLess(time.monotonic() - began, 20)
            left = [n for n in os.listdir(s.folder) if '.backup-' in n and n.endswith('.part')]
            self.assertEqual(left, [])


if __name__ == '__main__':
    unittest.main()
