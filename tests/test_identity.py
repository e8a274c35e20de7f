"""One customer over HTTP: what joins, what does not, staff's word, kill -9 between the steps, and that the next decision sees it."""
import random, shutil, tempfile, threading, time, unittest
from harness import Server




class Identity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.json('PUT', '/v1/admin/products', [dict(id='P%d' % n, title='Product %d' % n, price=10, currency='EUR', availability='in_stock') for n in range(1, 6)])

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def profile(self, who, expect=200):
        return self.server.json('GET', '/v1/admin/profiles/' + who, expect=expect)

    def graph(self, who, expect=200):
        return self.server.json('GET', '/v1/admin/profiles/%s/graph' % who, expect=expect)

    def order(self, n, **who):
        self.server.track('Order Completed', properties=dict(order_id='o%s' % n, products=[dict(product_id='P%s' % n, price=10, quantity=1)]), **who)

    def bought(self, who):
        return {p['productId'] for p in self.profile(who)['lastBought']}

    def test_a_login_is_seen_by_the_next_decision(self):
        s = self.server
        s.track('Product Viewed', anonymous='b1', properties={'product_id': 'PV1'}, key='write')
        self.order('1', user='u1')
        ask = lambda **who: s.json('POST', '/v1/recommend', {'customer': who, 'recipe': 'for-you', 'explain': True})
        self.assertNotIn('P1', self.bought('anonymousId:b1'))
        listed = lambda **who: {i['productId'] for i in s.json('POST', '/v1/recommend', {'customer': who, 'recipe': 'for-you', 'count': 20})['items']}
        self.assertIn('P1', listed(anonymousId='b1'))
        s.json('POST', '/v1/identify', dict(userId='u1', anonymousId='b1', traits={'email': 'One@Example.org'}))
        self.assertNotIn('P1', listed(anonymousId='b1'))  # bought by the customer whom this browser belongs to now
        self.assertIn('P1', {i['productId'] for i in s.json('POST', '/v1/recommend', {'customer': {'anonymousId': 'b1'}, 'recipe': 'for-you', 'count': 20}, key='write')['items']})
        self.assertIn('P1', self.bought('anonymousId:b1'))
        self.assertEqual({v['productId'] for v in self.profile('userId:u1')['lastViewed']}, {'PV1'})
        self.assertEqual(ask(anonymousId='b1')['identity'], 'known')
        mine, theirs = self.profile('email:one@example.org'), self.profile('userId:u1')
        self.assertEqual(mine['customerId'], theirs['customerId'])
        self.assertEqual(len(theirs['persons']), 2)  # the e-mail is a key without events of its own
        events = s.json('GET', '/v1/admin/profiles/userId:u1/events?limit=2')
        rest = s.json('GET', '/v1/admin/profiles/userId:u1/events?cursor=' + events['cursor'])
        everything = events['events'] + rest['events']
        self.assertEqual(len({e['personId'] for e in everything}), 2)
        times = [e['timestamp'] for e in everything]
        self.assertEqual(times, sorted(times, reverse=True))
        self.assertEqual(len({e['id'] for e in everything}), len(everything))
        s.json('GET', '/v1/admin/profiles/userId:u1/events?cursor=7', expect=400)

    def test_a_cursor_of_somebody_else_is_refused(self):
        for n in range(3):
            for user in ('cursor-a', 'cursor-b'):
                self.server.track('Looked', user)
        offsets = {user: [self.server.request('GET', '/v1/admin/profiles/%s/events?cursor=%d' % (user, at), key='server')[0] for at in range(1, 500)] for user in ('cursor-a', 'cursor-b')}
        for user, answers in offsets.items():
            self.assertEqual((answers.count(200), set(answers)), (3, {200, 400}), user)

    def test_an_alias_and_taking_it_back(self):
        s = self.server
        self.order('a1', user='old')
        self.order('a2', user='new')
        s.json('POST', '/v1/alias', dict(userId='new', previousId='old'))
        self.assertEqual(self.bought('userId:new'), {'Pa1', 'Pa2'})
        link = [l for l in self.graph('userId:new')['links'] if l['kind'] == 'alias'][0]
        self.assertTrue(link['used'] and link['proven'] and link['event'])
        body = dict(a=link['a'], b=link['b'], kind='alias')
        gone = s.json('POST', '/v1/admin/profiles/userId:new/graph/retract', body)
        self.assertEqual([l['why'] for l in gone['links']], ['taken-back'])
        self.assertEqual(self.bought('userId:new'), {'Pa2'})
        s.json('POST', '/v1/alias', dict(userId='new', previousId='old', timestamp='2020-01-01T00:00:00Z', messageId='late'))  # older than that: changes nothing
        self.assertEqual(self.bought('userId:new'), {'Pa2'})
        time.sleep(.01)
        s.json('POST', '/v1/alias', dict(userId='new', previousId='old'))
        self.assertEqual(self.bought('userId:old'), {'Pa1', 'Pa2'})
        apart = s.json('POST', '/v1/admin/profiles/userId:new/graph/apart', dict(a=link['a'], b=link['b']))
        self.assertEqual((apart['links'][0]['why'], len(apart['apart'])), ('apart', 1))
        time.sleep(.01)
        s.json('POST', '/v1/alias', dict(userId='new', previousId='old'))  # staff's word stands
        self.assertEqual(self.bought('userId:old'), {'Pa1'})
        together = s.json('POST', '/v1/admin/profiles/userId:new/graph/together', dict(a=link['a'], b=link['b']))
        self.assertEqual(together['apart'], [])
        self.assertEqual(self.bought('userId:old'), {'Pa1', 'Pa2'})
        for wrong, field in ((dict(a='x', b=link['b'], kind='alias'), '/a'), (dict(a=link['a'], b=link['a'], kind='alias'), '/b'), (dict(a=link['a'], b=link['b'], kind='x'), '/kind')):
            problem = s.json('POST', '/v1/admin/profiles/userId:new/graph/retract', wrong, expect=400)
            self.assertEqual(problem['errors'][0]['pointer'], field)
        s.json('POST', '/v1/admin/profiles/userId:new/graph/retract', dict(body, kind='login'), expect=404)

    def test_two_user_ids_and_the_public(self):
        s = self.server
        for n in '12':
            self.order('t' + n, user='tab' + n, anonymous='tablet')
        self.assertEqual(self.bought('userId:tab1'), {'Pt1'})
        graph = self.graph('userId:tab1')
        self.assertEqual([a['why'] for a in graph['setAside']], ['two-user-ids'])
        # a public key claims: it merges nothing, and shows in the graph as what it is
        self.order('c1', user='victim')
        s.json('POST', '/v1/identify', dict(userId='victim', anonymousId='thief'), key='write')
        s.json('POST', '/v1/alias', dict(userId='thief2', previousId='victim'), key='write')
        s.track('Product Viewed', anonymous='thief', properties={'product_id': 'PX'}, key='write')
        self.assertNotIn('PX', {v['productId'] for v in self.profile('userId:victim')['lastViewed']})
        self.assertEqual({l['why'] for l in self.graph('userId:victim')['links']}, {'claimed'})
        answer = s.json('POST', '/v1/recommend', {'customer': {'anonymousId': 'thief'}, 'recipe': 'for-you'}, key='write')
        self.assertNotEqual(answer['identity'], 'refused')
        # a browser that did log in opens, by the public key alone, only what it did itself
        s.json('POST', '/v1/identify', dict(userId='victim', anonymousId='browser'))
        s.track('Product Viewed', anonymous='browser', properties={'product_id': 'PY'}, key='write')
        self.assertIn('PY', {v['productId'] for v in self.profile('userId:victim')['lastViewed']})

    def test_namespaces(self):
        s = self.server
        ns = s.json('PUT', '/v1/admin/namespaces/clubPass', {'normalise': 'digits', 'limit': 5})
        self.assertEqual((ns['name'], ns['number'], ns['limit'], ns['unique'], ns['typed']), ('clubPass', 64, 5, True, 'guests'))
        self.assertEqual(s.json('PUT', '/v1/admin/namespaces/clubPass', {'normalise': 'digits'})['number'], 64)
        self.assertEqual(s.json('PUT', '/v1/admin/namespaces/otherPass', {})['number'], 65)
        self.assertEqual(len(s.json('GET', '/v1/admin/namespaces')['namespaces']), 10)
        for body, field in (({'limit': 0}, '/limit'), ({'unique': 1}, '/unique'), ({'typed': 'x'}, '/typed'), ({'number': 66}, '/number'), ({'colour': 1}, '/')):
            self.assertEqual(s.json('PUT', '/v1/admin/namespaces/clubPass', body, expect=400)['errors'][0]['pointer'], field)
        s.json('PUT', '/v1/admin/namespaces/email', {'normalise': 'lower'}, expect=400)
        s.json('GET', '/v1/admin/namespaces/none', expect=404)
        s.json('POST', '/v1/identify', dict(userId='club', context={'externalIds': [{'type': 'clubPass', 'id': '47-11'}]}))
        s.track('Product Viewed', properties={'product_id': 'PC'}, context={'externalIds': [{'type': 'clubPass', 'id': '47 11'}]})
        self.assertIn('PC', {v['productId'] for v in self.profile('userId:club')['lastViewed']})
        keys = {(k['type'], k['value']) for p in self.graph('userId:club')['persons'] for k in p['keys']}
        self.assertIn(('clubPass', '4711'), keys)
        # a policy acts at once: a limit of one sets the pass aside when a second person has it
        s.json('POST', '/v1/identify', dict(anonymousId='clubBrowser', context={'externalIds': [{'type': 'clubPass', 'id': '4711'}]}))
        s.json('PUT', '/v1/admin/namespaces/clubPass', {'normalise': 'digits', 'limit': 1})
        self.assertEqual({a['why'] for a in self.graph('userId:club')['setAside']}, {'over-limit'})
        self.assertNotIn('PC', {v['productId'] for v in self.profile('userId:club')['lastViewed']})

    def test_suggestions_are_for_people(self):
        s = self.server
        s.json('POST', '/v1/identify', dict(userId='s1', traits={'firstName': 'Änne', 'lastName': 'Krüger', 'postalCode': '50667', 'email': 'aenne.krueger@example.org'}))
        s.json('POST', '/v1/identify', dict(userId='s2', traits={'firstName': 'ANNE', 'lastName': 'Kruger', 'postalCode': '50667', 'email': 'a@example.net'}))
        s.json('POST', '/v1/identify', dict(userId='s3', traits={'email': 'aenne.kreuger@example.org'}))
        found = s.json('GET', '/v1/admin/identity/suggestions')['suggestions']
        whys = sorted(x['why'] for x in found)
        self.assertEqual(whys, ['name and postcode', 'nearly the same e-mail'])
        self.assertEqual(len(self.profile('userId:s1')['persons']), 1)
        pair = [x for x in found if x['why'] == 'name and postcode'][0]
        s.json('POST', '/v1/admin/profiles/userId:s1/graph/apart', dict(a=pair['a']['person'], b=pair['b']['person']))
        self.assertEqual(len(s.json('GET', '/v1/admin/identity/suggestions')['suggestions']), 1)


class Killed(unittest.TestCase):
    def test_kill_9_while_evidence_comes_and_goes(self):
        """What was acknowledged holds after every crash, from whichever person one asks; nobody is joined on one side only."""
        folder = tempfile.mkdtemp(prefix='kunde-test-')
        server, rng = Server(folder), random.Random(7)
        truth = {}
        for n in range(6):
            server.track('Product Viewed', user='k%d' % n, properties={'product_id': 'K%d' % n})
        ids = [server.json('GET', '/v1/admin/profiles/userId:k%d' % n)['personId'] for n in range(6)]
        for _ in range(12):
            stop = threading.Event()

            def work():
                try:
                    c = server.connection(timeout=10)
                    while not stop.is_set():
                        a, b = sorted(rng.sample(range(6), 2))
                        word = rng.choice(['apart', 'together'])
                        truth[a, b] = None  # under way: either is right
                        server.json('POST', '/v1/admin/profiles/%s/graph/%s' % (ids[a], word), dict(a=ids[a], b=ids[b]), connection=c)
                        truth[a, b] = word
                except Exception:
                    pass
            thread = threading.Thread(target=work)
            thread.start()
            time.sleep(rng.uniform(.05, .3))
            server.kill()
            stop.set()
            thread.join()
            server = Server(folder)
            homes = [server.json('GET', '/v1/admin/profiles/' + i)['customerId'] for i in ids]
            members = [sorted(server.json('GET', '/v1/admin/profiles/' + i)['persons']) for i in ids]
            for a in range(6):
                for b in range(6):
                    self.assertEqual(homes[a] == homes[b], members[a] == members[b])
                    self.assertEqual(ids[b] in members[a], ids[a] in members[b])
            for (a, b), word in truth.items():
                if word == 'apart':
                    self.assertNotEqual(homes[a], homes[b])
        server.stop()
        shutil.rmtree(folder)


if __name__ == '__main__':
    unittest.main()
