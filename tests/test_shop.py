"""The storefront's own backend under /shop/api: a demo's, and nobody else's; what it tells, takes and refuses."""
import json, os, shutil, tempfile, threading, time, unittest, uuid
from harness import KUNDE, Server, kunde

PERSONAS = ['persona-swimmer', 'persona-mother', 'persona-runner', 'persona-fashion', 'persona-store']
GUARD = {'Kunde-CSRF': '1'}


class Shop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix='kunde-shop-')
        code, out, err = kunde('demo', '--db', os.path.join(cls.folder, 'kunde.db'), '--customers', '300', '--products', '300', '--days', '365')
        if code != 0:
            raise AssertionError(out + err)
        cls.server = Server(cls.folder)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def get(self, path, expect=200, headers=None):
        return self.server.json('GET', '/shop/api/' + path, key=None, expect=expect, headers=headers)

    def post(self, path, body, expect=200, headers=None):
        return self.server.json('POST', '/shop/api/' + path, body, key=None, expect=expect, headers=dict(GUARD, **(headers or {})))

    def login(self, persona):
        answer = self.post('login', {'persona': persona})
        return {'Kunde-User-Id': persona, 'Kunde-User-Token': answer['userToken']}

    def in_stock(self, place='web', least=1, most=10 ** 6):
        """(sku, units, product) of a variant of which a place has so many."""
        for offset in range(0, 300, 60):
            for card in self.get('products?limit=60&place=%s&offset=%d' % (place, offset))['products']:
                for v in self.get('products/' + card['id'])['variants']:
                    if least <= v['stock'].get(place, 0) <= most:
                        return v['sku'], v['stock'][place], card
        self.fail('nothing like that is in stock')

    def order(self, lines, expect=200, headers=None, checkout=None, delivery=None):
        body = {'checkoutId': checkout or str(uuid.uuid4()), 'lines': lines, 'delivery': delivery or {'kind': 'home'}}
        return self.post('checkout', body, expect, headers)

    def stock(self, sku, place='web'):
        return next(v['stock'].get(place, 0) for v in self.get('products/' + sku.split('-')[0])['variants'] if v['sku'] == sku)

    # ---- the door ----
    def test_pages(self):
        for path in ['', '/c/outdoor', '/c/outdoor/jackets', '/p/P00001', '/cart', '/checkout', '/account', '/search', '/people']:
            status, headers, body = self.server.request('GET', '/shop' + path)
            self.assertEqual(status, 200, path)
            self.assertIn("default-src 'none'", headers['content-security-policy'])
            self.assertIn(b'<div id="root">', body)
        self.assertEqual(self.server.request('GET', '/shop/nothing')[0], 404)

    def test_start(self):
        start = self.get('start')
        self.assertEqual([p['userId'] for p in start['personas']], PERSONAS)
        self.assertEqual({p['id'] for p in start['places']}, {'web', 'flensburg', 'hamburg', 'muenchen'})
        self.assertEqual(sum(c['products'] for c in start['categories']), 300)
        self.assertTrue(start['writeKey'].startswith('wk_'))
        self.assertNotIn('sk_', json.dumps(start))
        self.assertEqual(len(start['contents']), 12)

    def test_not_in_a_real_shop(self):
        with Server() as plain:
            for method, path in [('GET', '/shop'), ('GET', '/shop/p/P00001'), ('GET', '/shop/api/start'), ('GET', '/shop/api/products'), ('GET', '/shop/api/products/P00001'), ('GET', '/shop/api/account'),
                                 ('GET', '/shop/api/glass'), ('POST', '/shop/api/login'), ('POST', '/shop/api/checkout')]:
                status, _, body = plain.request(method, path, b'{}' if method == 'POST' else None, GUARD)
                self.assertEqual(status, 404, path)
                self.assertIn(b'demo', body)

    def test_changes_need_the_header(self):
        for path in ['login', 'checkout']:
            status, _, body = self.server.request('POST', '/shop/api/' + path, b'{"persona":"persona-swimmer"}')
            self.assertEqual(status, 403)
            self.assertIn(b'Kunde-CSRF', body)
        status, headers, _ = self.server.request('OPTIONS', '/shop/api/login', headers={'Origin': 'https://elsewhere.example', 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'kunde-csrf'})
        self.assertNotIn('access-control-allow-origin', headers)

    # ---- shelves ----
    def test_lists(self):
        everything = self.get('products?limit=5')
        self.assertEqual((everything['total'], len(everything['products']), everything['sort']), (300, 5, 'popular'))
        jackets = self.get('products?category=Outdoor%20%3E%20Jackets&limit=60')
        self.assertTrue(all(p['category'] == 'Outdoor > Jackets' for p in jackets['products']))
        outdoor = self.get('products?category=Outdoor&limit=60')
        self.assertGreater(outdoor['total'], jackets['total'])
        prices = [p['price'] for p in self.get('products?sort=price-up&limit=60')['products']]
        self.assertEqual(prices, sorted(prices))
        prices = [p['price'] for p in self.get('products?sort=price-down&limit=60')['products']]
        self.assertEqual(prices, sorted(prices, reverse=True))
        cheap = self.get('products?max=20&limit=60')
        self.assertTrue(cheap['products'] and all(p['price'] <= 20 for p in cheap['products']))
        facets = {f['value']: f['products'] for f in outdoor['facets']['color']}
        navy = self.get('products?category=Outdoor&color=navy&limit=60')
        self.assertEqual(navy['total'], facets['navy'])
        self.assertTrue(all('navy' in p['colors'] for p in navy['products']))
        small = self.get('products?category=Outdoor&color=navy&size=S&place=hamburg&limit=60')
        for p in small['products']:
            self.assertTrue(any(v['stock'].get('hamburg', 0) > 0 and v['size'] == 'S' and v['color'] == 'navy' for v in self.get('products/' + p['id'])['variants']))
        brand = outdoor['facets']['brand'][0]
        self.assertEqual(self.get('products?category=Outdoor&brand=' + brand['value'].replace(' ', '%20').replace('&', '%26'))['total'], brand['products'])
        self.assertGreater(self.get('products?q=jacket')['total'], 0)
        self.assertEqual(self.get('products?q=nosuchthing')['products'], [])
        first, second = self.get('products?limit=3')['products'], self.get('products?limit=3&offset=3')['products']
        self.assertFalse({p['id'] for p in first} & {p['id'] for p in second})

    def test_lists_refuse(self):
        for query, field in [('sort=best', 'sort'), ('limit=0', 'limit'), ('limit=61', 'limit'), ('limit=x', 'limit'), ('offset=-1', 'offset'), ('max=-3', 'max'), ('max=cheap', 'max'), ('place=moon', 'place'),
                             ('size=' + ','.join('abcdefghijklmnopq'), 'size')]:
            problem = self.get('products?' + query, expect=400)
            self.assertEqual(problem['errors'][0]['pointer'], '/' + field, query)

    def test_for_you_differs(self):
        everybody = [p['id'] for p in self.get('products?limit=20')['products']]
        swimmer = self.get('products?limit=20&sort=for-you', headers=self.login('persona-swimmer'))
        self.assertEqual(swimmer['sort'], 'for-you')
        self.assertNotEqual(everybody, [p['id'] for p in swimmer['products']])
        self.assertTrue(any(p['category'].startswith('Swim') for p in swimmer['products'][:6]))

    def test_product(self):
        product = self.get('products/P00001')
        self.assertEqual((product['id'], product['url']), ('P00001', '/shop/p/P00001'))
        self.assertGreaterEqual(len(product['variants']), 1)
        for v in product['variants']:
            self.assertEqual(set(v['stock']), {'web', 'flensburg', 'hamburg', 'muenchen'})
            self.assertEqual(self.server.request('GET', v['image'])[0], 200)
        for missing in ['P99999', '..', '%00', 'x' * 300]:
            self.get('products/' + missing, expect=404)

    # ---- who is there ----
    def test_login(self):
        for persona in PERSONAS:
            answer = self.post('login', {'persona': persona})
            self.assertEqual(answer['persona']['userId'], persona)
            self.assertGreater(answer['expires'], time.time() + 3600)
            # The token proves the persona to the engine itself, as a real shop's would.
            decided = self.server.json('POST', '/v1/decide', {'customer': {'userId': persona, 'userToken': answer['userToken']}, 'placements': ['home']}, key='write')
            self.assertEqual(decided['identity'], 'known')
        for body in [{}, {'persona': 'c-000001'}, {'persona': None}, {'persona': ['persona-swimmer']}]:
            self.post('login', body, expect=404)
        for body in [b'', b'[]', b'{', b'"persona-swimmer"']:
            self.assertEqual(self.server.request('POST', '/shop/api/login', body, GUARD)[0], 400)

    def test_swimmer_is_never_sold_ski_underwear(self):
        token = self.login('persona-swimmer')['Kunde-User-Token']
        decided = self.server.json('POST', '/v1/decide', {'customer': {'userId': 'persona-swimmer', 'userToken': token}, 'placements': ['home']}, key='write')
        items = decided['decisions'][0]['items']
        self.assertEqual(len(items), 10)
        self.assertFalse([i['title'] for i in items if i['category'].startswith('Winter')])
        self.assertGreater(len([i for i in items if i['category'].startswith('Swim')]), 0)

    def test_only_oneself(self):
        swimmer, mother = self.login('persona-swimmer'), self.login('persona-mother')
        for path in ['account', 'glass', 'products?sort=for-you']:
            for headers in [dict(swimmer, **{'Kunde-User-Id': 'persona-mother'}), dict(swimmer, **{'Kunde-User-Id': 'c-000001'}), {'Kunde-User-Id': 'c-000001'}, {'Kunde-User-Id': 'persona-swimmer', 'Kunde-User-Token': '9999999999.' + 'A' * 43},
                            {'Kunde-User-Id': 'persona-swimmer', 'Kunde-User-Token': '1.' + mother['Kunde-User-Token'].split('.')[1]}, {'Kunde-User-Id': 'persona-swimmer', 'Kunde-User-Token': 'nonsense'}]:
                self.get(path, expect=401, headers=headers)
            # Browsers of the made-up customers have ids that can be guessed: no way in.
            for guess in ['anon-000001', 'anon-persona-swimmer', 'till-receipt-1', 'c-000001', "' or 1=1", 'g' * 32, 'a' * 31]:
                problem = self.get(path, expect=400, headers={'Kunde-Anonymous-Id': guess})
                self.assertEqual(problem['errors'][0]['pointer'], '/Kunde-Anonymous-Id')
        # A UUID that nobody sent is nobody, and a person's own id is no key.
        self.assertEqual(self.get('glass', headers={'Kunde-Anonymous-Id': str(uuid.uuid4())})['known'], False)
        person = self.get('glass', headers=swimmer)['profile']['personId']
        self.assertEqual(self.get('glass', headers={'Kunde-Anonymous-Id': person})['known'], False)
        self.assertEqual(self.get('account', headers={'Kunde-Anonymous-Id': person})['orders'], [])
        self.assertEqual(self.get('account')['orders'], [])

    def test_glass(self):
        visitor = uuid.uuid4().hex # the browser tag writes no dashes
        headers = {'Kunde-Anonymous-Id': visitor}
        empty = self.get('glass', headers=headers)
        self.assertEqual((empty['known'], 'profile' in empty), (False, False))
        self.assertTrue(empty['why']['items'])
        self.assertEqual(empty['page']['decisions'], [])
        page = self.get('glass?placements=home,product&products=P00001&lang=de', headers=self.login('persona-swimmer'))['page']
        self.assertEqual([d['placement'] for d in page['decisions']], ['home', 'product'])
        # What was decided for the swimmer lies in her timeline as a receipt that can be read, and under its own id.
        who = self.login('persona-swimmer')
        made = self.server.json('POST', '/v1/decide', {'customer': {'userId': 'persona-swimmer', 'userToken': who['Kunde-User-Token']}, 'placements': ['home']}, key='write')['decisions'][0]
        for _ in range(50):
            receipts = [e['event'] for e in self.get('glass', headers=who)['timeline']['events'] if e['kind'] == 'decision' and e['id'] == made['decisionId']]
            if receipts:
                break
            time.sleep(.1)
        self.assertEqual([i['productId'] for i in receipts[0]['items']], [i['productId'] for i in made['items']])
        self.assertEqual(self.server.json('GET', '/v1/admin/decisions/%s?person=userId:persona-swimmer' % made['decisionId'])['placement'], 'home')
        nobody = self.server.json('POST', '/v1/decide', {'placements': ['trending']}, key='write')['decisions'][0]
        time.sleep(1.5)
        self.assertEqual(self.server.json('GET', '/v1/admin/decisions/' + nobody['decisionId'])['placement'], 'trending')
        self.assertTrue(any('weil Sie' in r['text'] for i in page['decisions'][0]['items'] for r in i['reasons']))
        self.get('glass?placements=hone', expect=404)
        self.get('glass?placements=product', expect=400)
        self.server.track('Product Viewed', anonymous=visitor, properties={'product_id': 'P00001'}, key='write')
        status, answered, body = self.server.request('GET', '/shop/api/glass', headers=headers)
        seen = json.loads(body)
        self.assertEqual(answered['cache-control'], 'no-store')
        self.assertEqual(seen['profile']['lastViewed'][0]['productId'], 'P00001')
        self.assertEqual(seen['timeline']['events'][0]['name'], 'Product Viewed')
        self.assertIn('removed', seen['why'])
        bought = [i for i in self.get('glass', headers=self.login('persona-swimmer'))['why']['removedItems'] if i['why'] == 'bought']
        self.assertTrue(bought and all(i['title'] and i['image'] for i in bought))
        self.assertTrue(all(item['reasons'] for item in seen['why']['items']))
        again = dict(headers, **{'If-None-Match': answered['etag']})
        self.assertEqual(self.server.request('GET', '/shop/api/glass', headers=again)[0], 304)
        self.assertEqual(self.server.request('GET', '/shop/api/glass?lang=de', headers=again)[0], 200)
        self.server.track('Product Viewed', anonymous=visitor, properties={'product_id': 'P00002'}, key='write')
        self.assertEqual(self.server.request('GET', '/shop/api/glass', headers=again)[0], 200)

    # ---- the till ----
    def test_order_of_a_persona(self):
        who = self.login('persona-runner')
        sku, units, card = self.in_stock(least=3)
        before = self.get('account', headers=who)['orders']
        answer = self.order([{'sku': sku, 'quantity': 2}], headers=who)
        self.assertRegex(answer['orderId'], r'^K\d{6}-[2-9A-Z]{5}$')
        self.assertAlmostEqual(answer['total'], round(card['price'] * 2, 2))
        self.assertEqual(self.stock(sku), units - 2)
        orders = self.get('account', headers=who)['orders']
        self.assertEqual(len(orders), min(len(before) + 1, 20))
        self.assertEqual((orders[0]['orderId'], orders[0]['lines'][0]['sku'], orders[0]['lines'][0]['quantity']), (answer['orderId'], sku, 2))
        profile = self.server.json('GET', '/v1/admin/profiles/userId:persona-runner')
        self.assertEqual(profile['orderHistory'][0]['claimed'], False) # told by the server: proven
        self.assertEqual(profile['orderHistory'][0]['messageId'][:9], 'checkout-')

    def test_order_of_a_guest(self):
        sku, _, card = self.in_stock(least=2)
        visitor = {'Kunde-Anonymous-Id': str(uuid.uuid4())}
        answer = self.order([{'sku': sku, 'quantity': 1}], headers=visitor)
        self.assertEqual(self.get('account', headers=visitor)['orders'][0]['orderId'], answer['orderId'])
        self.assertEqual(self.get('glass', headers=visitor)['profile']['orders'], 1)
        # Who allowed no id orders all the same; the order is a receipt without a name.
        nobody = self.order([{'sku': sku, 'quantity': 1}])
        self.assertEqual(self.server.json('GET', '/v1/admin/profiles/anonymousId:order-' + nobody['orderId'])['orders'], 1)
        self.assertEqual(len(self.get('account', headers=visitor)['orders']), 1)

    def test_collect_in_store(self):
        sku, units, _ = self.in_stock(place='muenchen', least=1)
        web = self.stock(sku)
        answer = self.order([{'sku': sku, 'quantity': 1}], delivery={'kind': 'store', 'place': 'muenchen'})
        self.assertEqual((answer['delivery'], answer['pickup_store']), ('store', 'muenchen'))
        self.assertEqual((self.stock(sku, 'muenchen'), self.stock(sku)), (units - 1, web))

    def test_asked_twice_is_one_order(self):
        sku, units, _ = self.in_stock(least=4)
        checkout = str(uuid.uuid4())
        first, second = (self.order([{'sku': sku, 'quantity': 1}], checkout=checkout) for _ in range(2))
        self.assertEqual(first['orderId'], second['orderId'])
        self.assertEqual(self.stock(sku), units - 1)

    def test_the_last_piece(self):
        """Many ask for it at once: one gets it, and the stock never goes below nothing."""
        sku, _, _ = self.in_stock(least=1)
        self.server.json('POST', '/v1/admin/stock', [{'sku': sku, 'place': 'web', 'stock': 1}])
        outcomes = []

        def buy():
            status, _, body = self.server.request('POST', '/shop/api/checkout', {'checkoutId': str(uuid.uuid4()), 'lines': [{'sku': sku, 'quantity': 1}], 'delivery': {'kind': 'home'}}, GUARD)
            outcomes.append((status, json.loads(body)))
        threads = [threading.Thread(target=buy) for _ in range(8)]
        for t in threads: t.start()
        for t in threads: t.join()
        self.assertEqual(sorted(s for s, _ in outcomes), [200] + [409] * 7)
        refused = next(b for s, b in outcomes if s == 409)
        self.assertEqual(refused['errors'][0]['pointer'], '/lines/0/quantity')
        self.assertIn('sold out', refused['detail'])
        self.assertEqual(self.stock(sku), 0)

    def test_checkout_refuses(self):
        sku, units, card = self.in_stock(least=2)
        many = [{'sku': 'P%05d' % i, 'quantity': 1} for i in range(21)]
        good = {'checkoutId': str(uuid.uuid4()), 'lines': [{'sku': sku, 'quantity': 1}], 'delivery': {'kind': 'home'}}
        for change, field in [({'checkoutId': 'one'}, '/checkoutId'), ({'checkoutId': None}, '/checkoutId'), ({'checkoutId': '00000000-0000-0000-0000-000000000000'}, '/checkoutId'), ({'lines': []}, '/lines'), ({'lines': {}}, '/lines'),
                              ({'lines': many}, '/lines'), ({'lines': [{'sku': 'P99999-x', 'quantity': 1}]}, '/lines/0/sku'), ({'lines': [{'quantity': 1}]}, '/lines/0/sku'), ({'lines': ['x']}, '/lines/0/sku'),
                              ({'lines': [{'sku': sku, 'quantity': 0}]}, '/lines/0/quantity'), ({'lines': [{'sku': sku, 'quantity': 11}]}, '/lines/0/quantity'), ({'lines': [{'sku': sku, 'quantity': -1}]}, '/lines/0/quantity'),
                              ({'lines': [{'sku': sku, 'quantity': 1.5}]}, '/lines/0/quantity'), ({'lines': [{'sku': sku}]}, '/lines/0/quantity'), ({'lines': [{'sku': sku, 'quantity': 1}] * 2}, '/lines/1/sku'),
                              ({'delivery': None}, '/delivery/kind'), ({'delivery': {'kind': 'moon'}}, '/delivery/kind'), ({'delivery': {'kind': 'store', 'place': 'web'}}, '/delivery/place'),
                              ({'delivery': {'kind': 'store'}}, '/delivery/place'), ({'delivery': {'kind': 'store', 'place': 'oz'}}, '/delivery/place')]:
            problem = self.post('checkout', dict(good, **change), expect=400)
            self.assertEqual(problem['errors'][0]['pointer'], field, change)
        self.post('checkout', good, expect=401, headers={'Kunde-User-Id': 'persona-store', 'Kunde-User-Token': '1.x'})
        self.assertEqual(self.stock(sku), units)

    def test_account(self):
        fashion = self.get('account', headers=self.login('persona-fashion'))
        self.assertGreaterEqual(len(fashion['orders']), 10)
        self.assertGreater(sum(line['returned'] for o in fashion['orders'] for line in o['lines']), 5)
        self.assertEqual(len(fashion['cart']), 1)
        self.assertTrue({'S', 'M'} & {s['size'] for s in fashion['sizes'] if s['category'] == 'Fashion'})
        store = self.get('account', headers=self.login('persona-store'))
        self.assertEqual({o['store'] for o in store['orders']}, {'muenchen'})
        for o in fashion['orders']:
            self.assertTrue(o['lines'] and all(line['title'] and line['image'] for line in o['lines']))


if __name__ == '__main__':
    unittest.main()
