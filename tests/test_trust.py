"""Sensitive matters over HTTP: who never said yes is never told, placements that name a concept are refused, counts keep their floor."""
import unittest
from harness import Server

PRODUCTS = [{'id': i, 'title': t, 'price': 10, 'currency': 'EUR', 'availability': 'in_stock', 'category': c, 'color': 'red'}
            for i, t, c in (('JEANS', 'Jeans', 'Women > Jeans'), ('HAT', 'Hat', 'Hats'), ('TEST', 'Pregnancy test', 'Drugstore'), ('BUMP', 'Dress', 'Women > Maternity'), ('CREAM', 'Cream', 'Drugstore'))]
MUMS = {'kind': 'recommendation', 'recipe': 'popular', 'filter': {'category': ['Women > Maternity']}}


class Trust(unittest.TestCase):
    def setUp(self):
        self.s = Server()
        self.addCleanup(lambda: self.s.close())
        self.s.json('PUT', '/v1/admin/products', PRODUCTS)

    def shown(self, who, recipe):
        answer = self.s.json('POST', '/v1/recommend', {'recipe': recipe, 'count': 10, 'customer': {'userId': who}, 'products': []})
        return [i['productId'] for i in answer['items']], answer

    def look(self, who):
        for product in ('TEST', 'BUMP', 'JEANS'):
            self.s.track('Product Viewed', who, properties={'product_id': product})

    def test_only_a_yes_opens_the_gate(self):
        self.look('ada')
        self.assertEqual(self.shown('ada', 'recently-viewed')[0], ['JEANS'])
        self.assertFalse({'TEST', 'BUMP'} & set(self.shown('ada', 'popular')[0]))
        profile = self.s.json('GET', '/v1/admin/profiles/ada')
        categories = [a['value'] for a in profile['affinities'].get('category', [])]
        self.assertIn('Women > Jeans', categories)
        self.assertNotIn('Women > Maternity', categories)
        self.assertNotIn('Drugstore', categories)
        self.s.json('POST', '/v1/admin/profiles/ada/consents', {'purpose': 'sensitive', 'granted': True, 'source': 'form'})
        self.assertEqual(set(self.shown('ada', 'recently-viewed')[0]), {'TEST', 'BUMP', 'JEANS'})
        self.assertIn('Women > Maternity', [a['value'] for a in self.s.json('GET', '/v1/admin/profiles/ada')['affinities']['category']])
        self.s.json('POST', '/v1/admin/profiles/ada/consents', {'purpose': 'sensitive', 'granted': False})
        self.assertEqual(self.shown('ada', 'recently-viewed')[0], ['JEANS'])

    def test_it_is_said_why_something_is_missing(self):
        self.look('eve')
        answer = self.s.json('POST', '/v1/recommend', {'recipe': 'recently-viewed', 'count': 5, 'customer': {'userId': 'eve'}, 'explain': True})
        self.assertEqual({r['productId'] for r in answer['removedItems'] if r['why'] == 'sensitive'}, {'TEST', 'BUMP'})

    def test_concepts_are_documents(self):
        listed = self.s.json('GET', '/v1/admin/sensitive')
        self.assertEqual((len(listed['concepts']), listed['total']), (7, 2))
        self.look('bob')
        self.s.json('PUT', '/v1/admin/sensitive', {'concepts': [{'id': 'pregnancy', 'except': ['TEST']}, {'id': 'drugstore', 'title': {'en': 'Drugstore', 'de': 'Drogerie'}, 'categories': ['Drugstore']}]})
        by_id = {c['id']: c for c in self.s.json('GET', '/v1/admin/sensitive')['concepts']}
        self.assertEqual((by_id['pregnancy']['marked'], by_id['drugstore']['marked'], by_id['drugstore']['seeded']), (1, 2, False))
        self.s.kill()
        self.s.start()
        by_id = {c['id']: c for c in self.s.json('GET', '/v1/admin/sensitive')['concepts']}
        self.assertEqual((by_id['pregnancy']['marked'], by_id['drugstore']['marked']), (1, 2))
        self.assertIn('sensitive.change', [e['verb'] for e in self.s.json('GET', '/v1/admin/audit')['entries']])
        for body, pointer in (({}, '/concepts'), ({'concepts': []}, '/concepts'), ({'concepts': [{'id': 'X'}]}, '/concepts/0/id'),
                              ({'concepts': [{'id': 'x', 'words': ['fine', 'a']}]}, '/concepts/0/words/1')):
            problem = self.s.json('PUT', '/v1/admin/sensitive', body, expect=400)
            self.assertEqual(problem['errors'][0]['pointer'], pointer)

    def test_a_placement_that_names_a_concept_is_refused_until_acknowledged(self):
        problem = self.s.json('PUT', '/v1/admin/placements/mums', MUMS, expect=409)
        self.assertEqual(problem['errors'][0]['pointer'], '/filter/category')
        self.assertIn('pregnancy', problem['detail'])
        self.s.json('GET', '/v1/admin/placements/mums', expect=404)
        self.s.json('PUT', '/v1/admin/placements/mums', dict(MUMS, acknowledged=['health']), expect=409)
        self.s.json('PUT', '/v1/admin/placements/mums', dict(MUMS, acknowledged='pregnancy'), expect=400)
        self.s.json('PUT', '/v1/admin/placements/mums', dict(MUMS, acknowledged=['pregnancy']))
        self.s.json('PUT', '/v1/admin/placements/banner', {'kind': 'content', 'content': {'head': 'Everything for your pregnancy'}})
        findings = {f['object']['id']: f for f in self.s.json('GET', '/v1/admin/findings')['findings'] if f['object']['kind'] == 'placement'}
        self.assertEqual((findings['mums']['severity'], findings['mums']['acknowledged']), ('blocking', True))
        self.assertEqual((findings['banner']['severity'], findings['banner']['text'], findings['banner']['field']), ('warning', 'pregnancy', '/content/head'))
        self.assertTrue(findings['banner']['suggestion']['en'] and findings['banner']['suggestion']['de'])
        trust = self.s.json('GET', '/v1/admin/trust')
        self.assertEqual((trust['findings']['blocking'], trust['findings']['warning'], trust['sensitive']['products']), (0, 1, 2))
        self.assertTrue(trust['audit']['whole'])

    def test_would_you_print_this(self):
        def preview(**body):
            return self.s.json('POST', '/v1/admin/findings/preview', body)
        self.assertEqual(preview(text='Because you like red')['verdict'], 'fine')
        told = preview(text='Weil Sie Umstandsmode mögen')
        self.assertEqual((told['verdict'], told['findings'][0]['text'], told['findings'][0]['concept']['id']), ('ask', 'Umstandsmode', 'pregnancy'))
        told = preview(product='TEST')
        self.assertEqual((told['verdict'], told['product']['sensitive']), ('ask', True))
        self.assertIn('because you bought Pregnancy test', [s['text'] for s in told['sentences']])
        self.assertEqual(preview(product='HAT')['verdict'], 'fine')
        self.s.json('POST', '/v1/admin/findings/preview', {}, expect=400)
        self.s.json('POST', '/v1/admin/findings/preview', {'product': 'NONE'}, expect=404)
        self.assertEqual({s['language'] for s in self.s.json('GET', '/v1/admin/findings')['sentences']}, {'en', 'de'})

    def test_counts_keep_their_floor(self):
        for i in range(12):
            self.s.track('Product Viewed', 'p%d' % i, properties={'product_id': 'HAT'})
        for i in range(3):
            self.s.json('POST', '/v1/admin/profiles/p%d/consents' % i, {'purpose': 'share', 'granted': True})
        now = {p['purpose']: p for p in self.s.json('GET', '/v1/admin/consents/summary')['now']}
        self.assertEqual(now['analyse']['unknown'], 12)                                      # nobody said anything: 12 of 12
        self.assertEqual((now['share']['granted'], now['share']['unknown']), ('<10', '<10')) # 3, and 9

    def test_a_write_key_may_nothing_of_this(self):
        for method, path in (('GET', 'trust'), ('GET', 'findings'), ('GET', 'sensitive'), ('PUT', 'sensitive'), ('POST', 'findings/preview')):
            self.s.json(method, '/v1/admin/' + path, {} if method != 'GET' else None, key='write', expect=403)


if __name__ == '__main__':
    unittest.main()
