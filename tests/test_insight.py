"""What the dashboard reads about everybody: lists, search, one event in full, the live stream, the pulse, jobs."""
import json, os, time, unittest, urllib.parse
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


if __name__ == '__main__':
    unittest.main()
