"""Decisions and recommendations over HTTP and on the command line, over a shop of the simulator."""
import json, os, shutil, tempfile, unittest
from harness import Server, WRITE_KEY, SERVER_KEY, kunde


class Decide(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix='kunde-test-')
        code, out, err = kunde('demo', '--db', os.path.join(cls.folder, 'kunde.db'), '--customers', 1500, '--products', 300, '--seed', 7)
        assert code == 0, err
        cls.demo_out = out
        cls.s = Server(cls.folder)
        with open(os.path.join(cls.folder, 'kunde.db.truth.jsonl')) as f:
            cls.truth = [json.loads(line) for line in f]
        cls.buyers = []
        for t in cls.truth:
            status, _, data = cls.s.request('GET', '/v1/admin/profiles/' + t['userId'], key='server')
            if status == 200 and json.loads(data)['counts'].get('order', {}).get('count', 0) >= 1:
                cls.buyers.append(t['userId'])
            if len(cls.buyers) == 40:
                break

    @classmethod
    def tearDownClass(cls):
        cls.s.close()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def decide(self, **body):
        return self.s.json('POST', '/v1/decide', body)['decisions']

    def test_demo_prints_its_doors(self):
        for name in ('url: http://', 'login: http://', 'write key: ', 'server key: '):
            self.assertEqual(sum(line.startswith(name) for line in self.demo_out.split('\n')), 1, self.demo_out)

    def test_personal_and_never_what_was_bought(self):
        lists = set()
        self.assertGreaterEqual(len(self.buyers), 20)
        for user in self.buyers:
            decision, = self.decide(customer={'userId': user}, placements=['home'])
            self.assertEqual(decision['kind'], 'recommendation')
            self.assertEqual(len(decision['items']), 10)
            lists.add(tuple(i['productId'] for i in decision['items']))
            events = self.s.json('GET', '/v1/admin/profiles/%s/events?limit=500' % user)['events']
            bought, returned = set(), set()
            for e in events:
                name = e['event'].get('event')
                ids = {p['product_id'] for p in e['event'].get('properties', {}).get('products', [])} if name else set()
                if name == 'Order Completed': bought |= ids
                if name == 'Order Refunded': returned |= ids
            for item in decision['items']:
                if item.get('category', '').split(' > ')[0] in ('Basics', 'Care') or 'Energy' in item['title']:
                    continue  # consumables come again
                self.assertNotIn(item['productId'], bought - returned)
        self.assertGreater(len(lists), len(self.buyers) * 3 // 4)

    def test_reasons_are_the_terms_of_the_score(self):
        for user in self.buyers[:10]:
            for item in self.decide(customer={'userId': user}, placements=['home'])[0]['items']:
                self.assertTrue(item['reasons'])
                self.assertAlmostEqual(sum(r['weight'] for r in item['reasons']), item['score'], delta=2e-5)
                self.assertTrue(all(r['text'] for r in item['reasons']))

    def test_several_placements_do_not_repeat_a_product(self):
        decisions = self.decide(customer={'userId': self.buyers[0]}, placements=['home', 'trending', 'service'])
        shown = [i['productId'] for d in decisions for i in d['items']]
        self.assertEqual(len(shown), len(set(shown)))
        self.assertEqual(decisions[2]['kind'], 'content')
        self.assertIn('text', decisions[2]['content'])
        self.assertEqual(len({d['decisionId'] for d in decisions}), 3)

    def test_a_stranger_gets_something_and_stays_a_stranger(self):
        before = self.s.json('GET', '/v1/admin/state')
        decision, = self.decide(customer={'anonymousId': 'never-seen'}, placements=['home'])
        self.assertEqual(len(decision['items']), 10)
        self.s.json('GET', '/v1/admin/profiles/never-seen', expect=404)

    def test_a_write_key_does_not_open_a_user(self):
        user = self.buyers[0]
        mine = self.s.json('POST', '/v1/decide', {'customer': {'userId': user}, 'placements': ['home']})
        theirs = self.s.json('POST', '/v1/decide', {'customer': {'userId': user, 'anonymousId': 'stranger'}, 'placements': ['home']}, key='write')
        nobody = self.s.json('POST', '/v1/decide', {'customer': {'anonymousId': 'stranger'}, 'placements': ['home']}, key='write')
        ids = lambda a: [i['productId'] for i in a['decisions'][0]['items']]
        self.assertEqual(ids(theirs), ids(nobody))
        self.assertNotEqual(ids(theirs), ids(mine))
        kinds = {r['kind'] for i in theirs['decisions'][0]['items'] for r in i['reasons']}
        self.assertFalse(kinds & {'bought', 'viewed', 'cart', 'wished'}, kinds)

    def test_an_event_changes_the_next_decision(self):
        base = self.decide(customer={'userId': 'fresh-1'}, placements=['home'])[0]['items']
        target = self.decide(customer={'userId': self.buyers[0]}, placements=['home'])[0]['items'][0]['productId']
        self.s.track('Product Viewed', 'fresh-1', properties={'product_id': target})
        after = self.decide(customer={'userId': 'fresh-1'}, placements=['home'])[0]['items']
        self.assertNotEqual([i['productId'] for i in base], [i['productId'] for i in after])
        self.assertTrue(any(r.get('product') == target for i in after for r in i['reasons']))

    def test_bought_now_is_gone_now(self):
        user = 'fresh-2'
        first = next(i for i in self.decide(customer={'userId': user}, placements=['home'])[0]['items'] if i['category'].split(' > ')[0] in ('Fashion', 'Outdoor'))
        self.s.track('Order Completed', user, properties={'order_id': 'x1', 'products': [{'product_id': first['productId'], 'price': 10, 'quantity': 1}]})
        after = self.decide(customer={'userId': user}, placements=['home', 'trending'])
        self.assertNotIn(first['productId'], [i['productId'] for d in after for i in d['items']])

    def test_out_of_stock_is_not_shown(self):
        first = self.decide(customer={'anonymousId': 'stock'}, placements=['trending'])[0]['items'][0]
        product = self.s.json('GET', '/v1/admin/products/' + first['productId'])
        levels = [{'sku': v['sku'], 'place': place, 'stock': 0} for v in product['variants'] for place in ('web', 'flensburg', 'hamburg', 'muenchen')]
        self.s.json('POST', '/v1/admin/stock', {'levels': levels})
        after = self.decide(customer={'anonymousId': 'stock'}, placements=['trending'])[0]['items']
        self.assertNotIn(first['productId'], [i['productId'] for i in after])

    def test_recommend_recipes(self):
        top = self.s.json('POST', '/v1/recommend', {'recipe': 'popular', 'count': 5})['items']
        self.assertEqual(len(top), 5)
        for recipe in ('also-bought', 'also-viewed', 'viewed-then-bought', 'cart'):
            answer = self.s.json('POST', '/v1/recommend', {'recipe': recipe, 'products': [top[0]['productId']], 'count': 8})
            self.assertEqual(len(answer['items']), 8, recipe)
            self.assertNotIn(top[0]['productId'], [i['productId'] for i in answer['items']])
        filtered = self.s.json('POST', '/v1/recommend', {'recipe': 'popular', 'count': 5, 'filter': {'brand': [top[0]['brand']], 'price': {'max': 100}}})['items']
        self.assertTrue(filtered and all(i['brand'] == top[0]['brand'] and float(i['price']) <= 100 for i in filtered))

    def test_receipts_stand_in_the_timeline(self):
        user = self.buyers[1]
        decision, = self.decide(customer={'userId': user}, placements=['home'])
        import time
        for _ in range(40):
            found = [e for e in self.s.json('GET', '/v1/admin/profiles/%s/events' % user)['events'] if e.get('kind') == 'decision']
            if any(decision['decisionId'] in json.dumps(e) for e in found):
                return
            time.sleep(.1)
        self.fail('no receipt within four seconds')

    def test_problems_name_the_field(self):
        for body, status, word in (({'customer': {'userId': 'u'}, 'placements': ['nowhere']}, 404, 'nowhere'), ({'customer': {'userId': 'u'}}, 400, 'placements'),
                                   ({'customer': 'x', 'placements': ['home']}, 400, 'customer'), ({'placements': ['home'] * 33}, 400, 'placements')):
            got, headers, data = self.s.request('POST', '/v1/decide', body, key='server')
            self.assertEqual(got, status, data)
            self.assertEqual(headers['content-type'].split(';')[0], 'application/problem+json')
            self.assertIn(word, data.decode())
            for member in ('type', 'title', 'status', 'detail'):
                self.assertIn(member, json.loads(data))
        self.assertEqual(self.s.request('POST', '/v1/decide', {'placements': ['home']})[0], 401)

    def test_answers_with_personal_data_are_not_cached(self):
        _, headers, _ = self.s.request('POST', '/v1/decide', {'customer': {'userId': self.buyers[0]}, 'placements': ['home']}, key='server')
        self.assertIn('no-store', headers['cache-control'])
        _, headers, _ = self.s.request('GET', '/v1/admin/profiles/' + self.buyers[0], key='server')
        self.assertIn('no-store', headers['cache-control'])

    def test_german_reasons(self):
        item = self.decide(customer={'userId': self.buyers[0]}, placements=['home'], context={'language': 'de'})[0]['items'][0]
        self.assertRegex(item['reasons'][0]['text'], r'(weil|wegen|gerade|hier|passt|haben|neu|nach|wird)')

    def test_placements_are_documents(self):
        self.s.json('PUT', '/v1/admin/placements/sale', {'title': 'Sale', 'kind': 'recommendation', 'recipe': 'popular', 'count': 3, 'filter': {'price': {'max': 60}}})
        decision, = self.decide(customer={}, placements=['sale'])
        self.assertEqual(len(decision['items']), 3)
        got, _, data = self.s.request('PUT', '/v1/admin/placements/bad', {'kind': 'recommendation', 'recipe': 'magic'}, key='server')
        self.assertEqual(got, 400)
        self.assertIn('recipe', data.decode())
        self.s.json('DELETE', '/v1/admin/placements/sale')
        self.assertEqual(self.s.request('POST', '/v1/decide', {'placements': ['sale']}, key='server')[0], 404)

    def test_command_line_says_the_same(self):
        user = self.buyers[2]
        over_http = self.s.json('POST', '/v1/recommend', {'customer': {'userId': user}, 'recipe': 'for-you', 'count': 5})['items']
        code, out, err = self.s.command('recommend', '--customer', user, '--count', 5, '--json')  # runs inside the server
        self.assertEqual(code, 0, err)
        self.assertEqual([i['productId'] for i in json.loads(out)['items']], [i['productId'] for i in over_http])
        code, out, _ = self.s.command('decide', 'home', 'service', '--customer', user)
        self.assertEqual(code, 0)
        self.assertIn('home: recommendation', out)
        code, _, err = self.s.command('decide', 'nowhere', '--customer', user)
        self.assertNotEqual(code, 0)
        self.assertIn('nowhere', err)

    def test_train_swaps_the_model_live(self):
        before = self.s.json('POST', '/v1/recommend', {'recipe': 'popular'})['modelVersion']
        code, out, err = self.s.command('train', '--json')
        self.assertEqual(code, 0, err)
        json.loads(out)
        after = self.s.json('POST', '/v1/recommend', {'recipe': 'popular'})['modelVersion']
        self.assertGreater(int(after), int(before))


class DemoIsDeterministic(unittest.TestCase):
    def test_the_same_seed_makes_the_same_shop(self):
        outs = []
        for _ in range(2):
            folder = tempfile.mkdtemp(prefix='kunde-test-')
            db = os.path.join(folder, 'kunde.db')
            code, out, err = kunde('demo', '--db', db, '--customers', 300, '--products', 100, '--seed', 3)
            self.assertEqual(code, 0, err)
            with Server(folder) as s:
                users = ['c-%06d' % i for i in range(1, 301, 17)]
                texts = []
                for u in users:
                    status, _, data = s.request('GET', '/v1/admin/profiles/%s/events?limit=500' % u, key='server')
                    texts.append([(e['messageId'], e['timestamp']) for e in json.loads(data)['events'] if e['kind'] != 'decision'] if status == 200 else status)
                outs.append((texts, open(db + '.truth.jsonl').read(), out.split('demo shop')[1].split(' in ')[:2][0]))
            shutil.rmtree(folder)
        self.assertEqual(outs[0], outs[1])
