"""What the person's page reads: orders with their lines, sizes, activity, the evidence of a taste, a timeline with products."""
import unittest
from harness import Server

PRODUCTS = [
    {'id': 'HAT', 'title': 'Hat <b>bold</b>', 'brand': 'Nord', 'category': 'Winter > Hats', 'image': '/hat.svg', 'price': 20, 'currency': 'EUR',
     'variants': [{'sku': 'HAT-S', 'size': 'S', 'color': 'navy', 'stock': 5}, {'sku': 'HAT-M', 'size': 'M', 'color': 'red', 'stock': 5, 'image': '/hat-red.svg'}]},
    {'id': 'MUG', 'title': 'Mug', 'brand': 'Clay', 'category': 'Home > Mugs', 'price': 9, 'currency': 'EUR'},
]


def order(products, **more):
    return dict(order_id='o1', currency='EUR', products=products, **more)


class People(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server()
        cls.s.json('PUT', '/v1/admin/products', PRODUCTS)
        hat, mug = {'product_id': 'HAT', 'sku': 'HAT-M', 'price': 20, 'quantity': 2}, {'product_id': 'MUG', 'price': 9, 'quantity': 1}
        for number, (event, properties, day) in enumerate([
                ('Product Viewed', {'product_id': 'MUG'}, 1), ('Order Completed', order([hat, mug]), 2), ('Order Refunded', order([mug]), 3),
                ('Order Refunded', {'order_id': 'o9'}, 3), ('Product Added to Wishlist', {'product_id': 'HAT'}, 3)]):
            cls.s.track(event, 'ada', properties=properties, messageId='m%d' % number, timestamp='2026-01-%02dT10:00:00Z' % day)
        cls.profile = cls.s.json('POST', '/v1/admin/profiles/find', {'id': 'ada'})

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def test_orders_have_their_lines_and_pictures(self):
        (got,) = self.profile['orderHistory']
        self.assertEqual((got['at'], got['messageId'], got['currency'], got['claimed'], len(got['lines'])), ('2026-01-02T10:00:00.000Z', 'm1', 'EUR', False, 2))
        line = next(line for line in got['lines'] if line['productId'] == 'HAT')
        self.assertEqual({k: line[k] for k in ('title', 'image', 'sku', 'size', 'color', 'quantity', 'price')},
                         {'title': 'Hat <b>bold</b>', 'image': '/hat-red.svg', 'sku': 'HAT-M', 'size': 'M', 'color': 'red', 'quantity': 2, 'price': 20})

    def test_a_return_by_order_id_has_no_lines(self):
        lines = {r['messageId']: [line['productId'] for line in r['lines']] for r in self.profile['returnHistory']}
        self.assertEqual(lines, {'m2': ['MUG'], 'm3': []})
        self.assertEqual([w['productId'] for w in self.profile['lastWished']], ['HAT'])

    def test_sizes_come_with_their_purchases(self):
        self.assertEqual(self.profile['sizes'], [{'category': 'Winter', 'size': 'M', 'purchases': 1, 'lastAt': '2026-01-02T10:00:00.000Z'}])

    def test_activity_counts_days(self):
        self.assertEqual(self.profile['activity'], [{'day': '2026-01-03', 'events': 3, 'orders': 0}, {'day': '2026-01-02', 'events': 1, 'orders': 1},
                                                    {'day': '2026-01-01', 'events': 1, 'orders': 0}])

    def test_evidence_names_the_product_that_has_the_value(self):
        brands = {a['value']: a['evidence'] for a in self.profile['affinities']['brand']}
        self.assertEqual((brands['Nord']['kind'], brands['Nord']['product']['productId'], brands['Nord']['at']), ('order', 'HAT', '2026-01-02T10:00:00.000Z'))
        self.assertEqual((brands['Clay']['kind'], brands['Clay']['product']['productId']), ('return', 'MUG'))

    def test_the_timeline_names_products(self):
        events = {e['messageId']: e for e in self.s.json('GET', '/v1/admin/profiles/ada/events')['events']}
        self.assertEqual((events['m1']['products'], events['m1']['product']['productId']), (2, 'HAT'))
        self.assertEqual(events['m0']['product'], {'productId': 'MUG', 'title': 'Mug'})
        self.assertNotIn('product', events['m3'])
        self.assertRegex(events['m0']['id'], '^[0-9a-f-]{36}$')
        self.assertIn('channel', events['m0'])


if __name__ == '__main__':
    unittest.main()
