"""A write key is public: an order that arrives by it alone is a claim, kept apart from what is proven, whoever it speaks of."""
import unittest
from harness import Server, kunde

PRODUCTS = [{'id': p, 'title': p, 'price': 10, 'currency': 'EUR', 'availability': 'in_stock'} for p in ('HAT', 'MUG', 'SOCK', 'BELT')]


def order(product, order_id, price=5):
    return {'order_id': order_id, 'currency': 'EUR', 'products': [{'product_id': product, 'price': price, 'quantity': 1}]}


class Claims(unittest.TestCase):
    def setUp(self):
        self.s = Server()
        self.addCleanup(lambda: self.s.close())
        self.s.json('PUT', '/v1/admin/products', PRODUCTS)
        self.s.track('Product Viewed', 'ada', properties={'product_id': 'SOCK'})
        self.s.track('Order Completed', 'ada', properties=order('MUG', 'real', 7))

    def restart(self, *flags):
        self.s.stop()
        self.s.flags = list(flags)
        self.s.start()

    def profile(self, who):
        return self.s.json('POST', '/v1/admin/profiles/find', {'id': who})

    def shown(self, **customer):
        answer = self.s.json('POST', '/v1/recommend', {'recipe': 'for-you', 'count': 10, 'customer': customer})
        return {item['productId'] for item in answer['items']}

    def test_an_order_by_write_key_is_nobodys_purchase(self):
        self.s.track('Order Completed', 'ada', properties=order('HAT', 'forged', 900), key='write')
        self.s.track('Order Refunded', 'ada', properties=order('MUG', 'real', 7), key='write')
        got = self.profile('ada')
        self.assertEqual((got['orders'], got['returns']), (1, 0))
        self.assertEqual(got['revenue'], [{'currency': 'EUR', 'bought': 7, 'returned': 0}])
        self.assertEqual([p['productId'] for p in got['lastBought']], ['MUG'])
        self.assertEqual([line['productId'] for o in got['orderHistory'] for line in o['lines']], ['MUG'])
        claimed = got['claimed']
        self.assertEqual((claimed['counted'], claimed['orders'], claimed['returns']), (False, 1, 1))
        self.assertEqual(claimed['revenue'], [{'currency': 'EUR', 'bought': 900, 'returned': 7}])
        self.assertEqual([line['productId'] for o in claimed['orderHistory'] for line in o['lines']], ['HAT'])
        self.assertEqual(got['counts']['order']['count'], 2)
        self.assertEqual(self.shown(userId='ada'), {'HAT', 'SOCK', 'BELT'})

    def test_the_setting_reads_the_same_facts_otherwise(self):
        self.s.track('Order Completed', 'ada', properties=order('HAT', 'web-1', 20), key='write')
        self.restart('--trust-browser-orders', 'true')
        got = self.profile('ada')
        self.assertEqual((got['orders'], got['claimed']['counted'], got['claimed']['orders']), (2, True, 1))
        self.assertEqual(got['revenue'], [{'currency': 'EUR', 'bought': 27, 'returned': 0}])
        self.assertEqual({p['productId'] for p in got['lastBought']}, {'MUG', 'HAT'})
        self.assertEqual(self.shown(userId='ada'), {'SOCK', 'BELT'})
        self.restart()
        self.assertEqual(self.profile('ada')['orders'], 1)
        self.assertEqual(self.shown(userId='ada'), {'HAT', 'SOCK', 'BELT'})

    def test_a_browser_is_believed_about_itself(self):
        self.s.track('Order Completed', anonymous='6f8a3c5e-1d2b-4c7f-9e0a-5b4c3d2e1f0a', properties=order('BELT', 'web-2'), key='write')
        self.assertNotIn('BELT', self.shown(anonymousId='6f8a3c5e-1d2b-4c7f-9e0a-5b4c3d2e1f0a'))
        got = self.profile('6f8a3c5e-1d2b-4c7f-9e0a-5b4c3d2e1f0a')
        self.assertEqual((got['orders'], got['revenue'], got['claimed']['orders']), (0, [], 1))

    def test_a_switch_is_true_or_false(self):
        code, _, err = kunde('config', '--trust-browser-orders', 'perhaps')
        self.assertEqual(code, 2)
        self.assertIn('trust_browser_orders must be true or false, not "perhaps"', err)


if __name__ == '__main__':
    unittest.main()
