"""Consent over HTTP: what a person says acts on the next decision, is asked before anything is kept, and survives a kill."""
import time, unittest
from harness import Server

PRODUCTS = [{'id': p, 'title': p, 'price': 10, 'currency': 'EUR', 'availability': 'in_stock', 'category': c}
            for p, c in (('HAT', 'Hats'), ('CAP', 'Hats'), ('MUG', 'Kitchen'), ('CUP', 'Kitchen'), ('SOCK', 'Socks'))]
SHOP = {'consent': {'categoryPreferences': {'personalise': True, 'analyse': True, 'share': False}}}
REFUSES = {'consent': {'categoryPreferences': {'personalise': False, 'analyse': False}}}


class Consent(unittest.TestCase):
    def setUp(self):
        self.s = Server()
        self.addCleanup(lambda: self.s.close())
        self.s.json('PUT', '/v1/admin/products', PRODUCTS)

    def viewed(self, who):
        return self.decide(who, recipe='recently-viewed')

    def decide(self, who, recipe='for-you', headers=None, **more):
        return self.s.json('POST', '/v1/recommend', dict(recipe=recipe, count=10, customer={'userId': who}, **more), headers=headers)

    def consents(self, who):
        got = self.s.json('GET', '/v1/admin/profiles/%s/consents' % who)
        return {p['purpose']: p for p in got['purposes']}, got

    def say(self, who, purpose, granted, **more):
        return self.s.json('POST', '/v1/admin/profiles/%s/consents' % who, dict(purpose=purpose, granted=granted, **more))

    def test_a_withdrawal_acts_on_the_next_decision(self):
        self.s.track('Product Viewed', 'ada', properties={'product_id': 'HAT'})
        self.s.track('Order Completed', 'ada', properties={'order_id': 'o1', 'products': [{'product_id': 'MUG', 'quantity': 1, 'price': 5}]})
        self.assertEqual([i['productId'] for i in self.viewed('ada')['items']], ['HAT'])
        got = self.say('ada', 'personalise', False, source='phone', policy='2026-05', proof='call 4711')
        self.assertNotIn('personalise', got['allowed'])
        answer = self.viewed('ada')
        self.assertEqual((answer['items'], answer['identity']), ([], 'refused'))
        answer = self.decide('ada')
        self.assertEqual(answer['identity'], 'refused')
        shown = [i['productId'] for i in answer['items']]
        self.assertNotIn('MUG', shown) # what was bought stays out: that serves the order, not a taste
        self.assertTrue(shown)
        for item in answer['items']:
            for reason in item['reasons']:
                self.assertIn(reason['kind'], ('trend', 'popular', 'recent'))
        purposes, got = self.consents('ada')
        self.assertEqual((purposes['personalise']['state'], purposes['personalise']['source'], purposes['personalise']['policy'],
                          purposes['personalise']['proof'], purposes['personalise']['basis']),
                         ('refused', 'phone', '2026-05', 'call 4711', 'legitimate-interest'))
        self.assertEqual(got['history'][0]['refused'], ['personalise'])
        self.say('ada', 'personalise', True)
        self.assertEqual([i['productId'] for i in self.viewed('ada')['items']], ['HAT'])

    def test_what_is_refused_is_counted_and_not_kept(self):
        self.s.track('Product Viewed', 'bob', properties={'product_id': 'HAT'}, context=SHOP)
        self.s.track('Product Viewed', 'bob', properties={'product_id': 'CUP'}, context=REFUSES) # its statement is kept, itself is not
        self.s.track('Product Viewed', 'bob', properties={'product_id': 'CAP'}, context=REFUSES) # nothing new: nothing is
        self.s.track('Order Completed', 'bob', properties={'order_id': 'o2', 'products': [{'product_id': 'SOCK', 'quantity': 1, 'price': 5}]}, context=REFUSES)
        events = self.s.json('GET', '/v1/admin/profiles/bob/events')['events']
        names = [e['name'] for e in events]
        self.assertEqual(names, ['Order Completed', 'Consent Recorded', 'Product Viewed'])
        self.assertEqual(self.s.metric('kunde_events_withheld_total'), 1)
        self.assertEqual(self.consents('bob')[1]['allowed'], ['operate'])
        self.s.track('Product Viewed', 'bob', properties={'product_id': 'CAP'}, context=SHOP)
        self.assertEqual([i['productId'] for i in self.viewed('bob')['items']], ['CAP', 'HAT'])

    def test_dialects(self):
        self.s.json('POST', '/v1/identify', {'userId': 'rud', 'context': {'consentManagement': {'provider': 'oneTrust', 'allowedConsentIds': ['C0002'],
                                                                                                'deniedConsentIds': ['C0003', 'C0004']}}})
        purposes, _ = self.consents('rud')
        self.assertEqual([purposes[p]['state'] for p in ('analyse', 'personalise', 'share', 'market-email')], ['granted', 'refused', 'refused', 'unknown'])
        self.s.track('Segment Consent Preference Updated', 'seg', context={'consent': {'categoryPreferences': {'Advertising': True, 'Analytics': False, 'Functional': True}}})
        purposes, _ = self.consents('seg')
        self.assertEqual([purposes[p]['state'] for p in ('share', 'analyse', 'personalise')], ['granted', 'refused', 'granted'])
        self.s.json('POST', '/v1/track', {'userId': 'seg', 'event': 'Segment Consent Preference Updated'}, expect=400)
        self.s.json('POST', '/v1/track', {'userId': 'seg', 'event': 'Page', 'context': {'consent': {'categoryPreferences': {'Advertising': 'perhaps'}}}}, expect=400)
        self.s.track('Hello', 'silent', context={'consent': {'categoryPreferences': {}}}) # empty: all refused
        purposes, got = self.consents('silent')
        self.assertEqual({purposes[p]['state'] for p in purposes if p != 'operate'}, {'refused'})
        self.s.track('Hello', 'said', context={'consent': {}})
        self.assertEqual({p['state'] for p in self.consents('said')[0].values()}, {'unknown'})

    def test_strings_of_the_advertising_industry(self):
        whole = lambda **consent: {'userId': 'iab', 'event': 'Page', 'context': {'consent': consent}}
        self.s.json('POST', '/v1/track', whole(tcString='CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA'))
        purposes, _ = self.consents('iab')
        self.assertEqual([(purposes[p]['state'], purposes[p]['source']) for p in ('personalise', 'analyse', 'share')], [('refused', 'tcf')] * 3)
        for broken in (whole(tcString='CPXx'), whole(tcString=''), whole(tcString=7), whole(gppString='DBABL~')):
            got = self.s.json('POST', '/v1/track', broken, expect=400)
            self.assertIn(got['field'], ('/context/consent/tcString', '/context/consent/gppString'))
        self.s.json('POST', '/v1/track', {'userId': 'us', 'event': 'Page', 'context': {'consent': {'gppString': 'DBABL~BAAQAAAAAA'}}})
        self.assertEqual(self.consents('us')[0]['share']['state'], 'refused')

    def test_a_browser_speaks_for_itself_only(self):
        grant = {'consent': {'categoryPreferences': {'market-email': True, 'share': True}}}
        self.s.track('Page', 'eve', properties={})
        self.s.track('Page', user='eve', anonymous='browser-1', context=grant, key='write')
        self.assertEqual(self.consents('eve')[0]['share']['state'], 'unknown')
        self.s.track('Page', anonymous='browser-2', context=grant, key='write')
        self.assertEqual(self.consents('browser-2')[0]['share']['state'], 'granted')
        self.s.track('Page', user='eve', anonymous='browser-3', context={'consent': {'categoryPreferences': {'market-email': False, 'operate': False}}}, key='write')
        purposes, got = self.consents('eve')
        self.assertEqual((purposes['market-email']['state'], purposes['operate']['state']), ('refused', 'unknown'))
        self.assertIn('operate', got['allowed'])

    def test_gpc(self):
        self.assertEqual(self.s.json('GET', '/.well-known/gpc.json', key=None)['gpc'], True)
        body = {'anonymousId': 'quiet', 'event': 'Product Viewed', 'properties': {'product_id': 'HAT'}, 'context': {'consent': {'categoryPreferences': {'share': True, 'personalise': True}}}}
        self.s.json('POST', '/v1/track', body, key='write', headers={'Sec-GPC': '1'})
        purposes, _ = self.consents('quiet')
        self.assertEqual((purposes['share']['state'], purposes['share']['source'], purposes['personalise']['state']), ('refused', 'context, gpc', 'granted'))

    def test_nothing_biometric_and_nothing_without_a_purpose(self):
        answer = self.s.json('POST', '/v1/identify', {'userId': 'ada', 'traits': {'voicePrint': 'x'}}, expect=400)
        self.assertIn('biometric', str(answer))
        for path, body in (('fields/face_template', {'purposes': ['operate']}), ('fields/shoe', {}), ('fields/shoe', {'purposes': []}), ('fields/shoe', {'class': 'nothing'}),
                           ('data-classes/odd', {'title': 'odd'}), ('data-classes/odd', {'purposes': ['fun']}), ('purposes/fun', {'basis': 'consent'}),
                           ('purposes/share', {'basis': 'maybe'}), ('purposes/share', {'basis': 'consent', 'gpc': False})):
            problem = self.s.json('PUT', '/v1/admin/' + path, body, expect=400)
            self.assertTrue(problem['errors'][0]['pointer'] or problem['detail'])
        self.assertEqual(self.s.json('PUT', '/v1/admin/fields/shoe', {'title': 'Shoe size', 'class': 'account'})['purposes'], ['operate', 'personalise', 'analyse'])

    def test_a_basis_changes_for_everybody_at_once(self):
        self.s.track('Product Viewed', 'ada', properties={'product_id': 'HAT'})
        self.s.json('PUT', '/v1/admin/purposes/personalise', {'title': 'Personal', 'basis': 'consent', 'categories': ['Functional']})
        self.assertEqual(self.viewed('ada')['identity'], 'refused') # unknown is no
        self.say('ada', 'personalise', True)
        self.assertEqual([i['productId'] for i in self.viewed('ada')['items']], ['HAT'])
        for days in ('from=2000-01-01', 'from=2026-02-01&to=2026-01-01', 'from=x'):
            self.assertEqual(self.s.json('GET', '/v1/admin/consents/summary?' + days, expect=400)['errors'][0]['pointer'], '/from')
        now = {p['purpose']: p for p in self.s.json('GET', '/v1/admin/consents/summary')['now']}
        self.assertEqual((now['personalise']['granted'], now['share']['unknown'], now['share']['granted']), ('<10', '<10', 0))

    def test_an_acknowledged_withdrawal_survives_a_kill(self):
        self.s.track('Product Viewed', 'ada', properties={'product_id': 'HAT'})
        for i in range(5):
            granted = i % 2 == 1
            self.say('ada', 'personalise', granted)
            time.sleep(0.002)
            self.s.kill()
            self.s.start()
            self.assertEqual(self.viewed('ada')['identity'], 'known' if granted else 'refused')

    def test_import(self):
        import os
        path = os.path.join(self.s.folder, 'consents.csv')
        with open(path, 'w') as f:
            f.write('userId,purpose,granted,time,source,policy,proof\n'
                    'imp,market-email,yes,2026-01-02T03:04:05Z,till,2025-12,form 77\n'
                    'imp,Personalization,no,2026-01-02,,,\n'
                    'imp,dancing,yes,2026-01-02,,,\n'
                    'imp,share,perhaps,2026-01-02,,,\n'
                    'imp,share,yes,,,,\n')
        code, out, err = self.s.command('import', 'consents', path)
        self.assertEqual(code, 0, out + err)
        self.assertIn('3', out)
        purposes, _ = self.consents('imp')
        self.assertEqual([purposes[p]['state'] for p in ('market-email', 'personalise', 'share')], ['granted', 'refused', 'unknown'])
        self.assertEqual((purposes['market-email']['source'], purposes['market-email']['policy'], purposes['market-email']['proof'], purposes['market-email']['time'][:10]),
                         ('till', '2025-12', 'form 77', '2026-01-02'))
        self.say('imp', 'market-email', False)
        self.s.command('import', 'consents', path) # of January: the withdrawal is later
        self.assertEqual(self.consents('imp')[0]['market-email']['state'], 'refused')

    def test_the_receipt_says_what_was_allowed(self):
        self.s.track('Product Viewed', 'ada', properties={'product_id': 'HAT'})
        self.say('ada', 'analyse', False)
        answer = self.s.json('POST', '/v1/decide', {'placements': ['home'], 'customer': {'userId': 'ada'}})
        for _ in range(50):
            status, _, data = self.s.request('GET', '/v1/admin/decisions/%s?person=ada' % answer['decisions'][0]['decisionId'], key='server')
            if status == 200:
                break
            time.sleep(0.1)
        self.assertEqual(status, 200)
        self.assertIn(b'"allowed":["operate","personalise"]', data)

    def test_training_reads_who_allows_it(self):
        for who, refuses in (('a', False), ('b', False), ('c', True), ('d', True)):
            for product in ('HAT', 'CAP') if not refuses else ('MUG', 'CUP'):
                self.s.track('Order Completed', who, properties={'order_id': who + product, 'products': [{'product_id': product, 'quantity': 1, 'price': 5}]})
            if refuses:
                self.say(who, 'personalise', False)
        self.s.json('POST', '/v1/admin/train', {})
        deadline = time.monotonic() + 60
        while 'left_out=' not in self.s.log_text() or 'ev=trained' not in self.s.log_text():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.assertIn('allowed=2 left_out=2', self.s.log_text())
        def also(product):
            answer = self.s.json('POST', '/v1/recommend', {'recipe': 'also-bought', 'count': 1, 'context': {'products': [product]}, 'customer': {}})
            return [(i['productId'], i['layer']) for i in answer['items']]
        self.assertEqual(also('HAT'), [('CAP', 0)])
        self.assertNotIn(('CUP', 0), also('MUG'))


if __name__ == '__main__':
    unittest.main()
