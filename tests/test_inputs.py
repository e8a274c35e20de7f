"""The classes of input through one kind of command, and what other systems send: docs/inputs.md."""
import base64, gzip, hashlib, hmac, json, os, tempfile, time, unittest
from harness import Server, shared

JSON = {'Content-Type': 'application/json'}
TILL = '''Receipt No;Till;Store;Date;Article;Pieces;Price;Card;Type
17;1;hamburg;2026-03-02 11:20;MUG-1;2;7,50;K-17;sale
17;1;hamburg;2026-03-02 11:20;TEA-3;1;12,90;K-17;sale
17;2;hamburg;2026-03-02 11:21;TEA-3;1;12,90;;sale
17;1;hamburg;2026-03-03 09:00;MUG-1;1;7,50;K-17;return
18;1;hamburg;2026-03-03 09:05;MUG-1;1;7,50;K-17;swap
'''
SECRET = 'whsec_' + base64.b64encode(b'0123456789abcdef0123456789abcdef').decode()
OLD_SECRET = 'whsec_' + base64.b64encode(b'fedcba9876543210fedcba9876543210').decode()


def rows_of(path):
    with gzip.open(path, 'rt') as f:
        return sum(1 for _ in f) - 1


class House(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Server(KUNDE_TEST_SECRETS=SECRET + ' ' + OLD_SECRET)

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def load(self, what, *arguments, text=None, suffix='.csv', expect=0):
        path = None
        if text is not None:
            handle, path = tempfile.mkstemp(suffix=suffix)
            os.write(handle, text.encode())
            os.close(handle)
        try:
            code, out, err = self.s.command('import', what, *([path] if path else []), *arguments, '--json')
        finally:
            if path:
                os.remove(path)
        self.assertEqual(code, expect, err[-2000:])
        return json.loads(out)[0] if expect == 0 else err

    def profile(self, who):
        return self.s.json('GET', '/v1/admin/profiles/%s' % who)


class Files(House):
    def test_receipts_of_tills(self):
        flags = ('--decimal-comma', '--source', 'tills')
        c = self.load('receipts', *flags, text=TILL)
        self.assertEqual((c['rows'], c['quarantined'], c['orderLines'], c['returnLines'], c['anonymousLines']), (5, 1, 3, 1, 1))
        self.assertEqual((c['orders'], c['returns'], c['stored']), (2, 1, 3))  # number 17 of two tills, and of another day
        again = self.load('receipts', *flags, text=TILL)
        self.assertEqual((again['stored'], again['duplicates']), (0, 3))
        self.s.track('Order Completed', user='ada', properties={'order_id': 'w1', 'currency': 'EUR', 'products': [{'product_id': 'TEA-3', 'quantity': 1, 'price': 12.9}]},
                     context={'traits': {'loyalty_id': 'K-17'}})
        till = self.profile('K-17')
        self.assertEqual({h['channel'] for h in till['orderHistory']} >= {'store'}, True)
        self.assertEqual(till['returns'], 1)

    def test_a_receipt_over_http_is_a_receipt(self):
        self.load('receipts', '--source', 'door', text='receipt,store,date,product,quantity,price,customer\n9001,kiel,2026-03-02T10:00:00Z,P1,2,3.50,till-file\n')
        self.s.json('POST', '/v1/track', dict(event='Order Completed', userId='till-http', timestamp='2026-03-02T10:00:00Z', context={'channel': 'store'},
                    properties={'order_id': '9001', 'store_id': 'kiel', 'currency': 'EUR', 'products': [{'product_id': 'P1', 'quantity': 2, 'price': 3.5}]}))
        file, http = self.profile('till-file'), self.profile('till-http')
        for name in ('orders', 'revenue'):
            self.assertEqual(file[name], http[name])
        strip = lambda h: [{k: v for k, v in o.items() if k in ('at', 'channel', 'currency', 'lines')} for o in h['orderHistory']]
        self.assertEqual(strip(file), strip(http))

    def test_what_reached_a_person(self):
        self.load('campaigns', text='campaign,name,channel,start,end,cost\nspring,Spring,email,2026-03-01,2026-03-31,"120.50"\nbad,Bad,post,2026-04-02,2026-04-01,1\n')
        text = 'customer,action,campaign,channel,time,cost\nmia,sent,spring,email,,0.05\nmia,opened,spring,email,2026-03-02T08:00:00Z,\nmia,Link Clicked,spring,email,2026-03-02T08:01:00Z,\n' \
               'mia,sent,,sms,2026-03-05,0.10\nmia,danced,spring,email,2026-03-05,\nmia,sent,unknown,email,,\nmia,redeemed,spring,store,2026-03-06,\n'
        c = self.load('contacts', text=text)
        self.assertEqual((c['rows'], c['quarantined'], c['stored']), (7, 3, 4))  # no such action; no time; no coupon named
        self.assertEqual(self.load('contacts', text=text)['stored'], 0)
        counts = {e['name'] for e in self.s.json('GET', '/v1/admin/profiles/mia/events')['events']}
        self.assertEqual(counts, {'Email Sent', 'Email Opened', 'Email Clicked', 'SMS Sent'})

    def test_points_are_a_ledger(self):
        text = 'customer,points,type,reason,date\npia,100,earned,order 1,2026-01-01\npia,"30",redeemed,mug,2026-01-02\npia,-5,expired,old,2026-01-03\npia,-10,adjusted,mistake,2026-01-04\npia,ten,earned,,2026-01-05\n'
        self.assertEqual(self.load('points', text=text)['quarantined'], 1)
        self.load('points', text=text)
        self.s.track('Points Earned', user='pia', properties={'points': 2.5})
        self.assertEqual(self.profile('pia')['points'], {'balance': 57.5, 'credited': 102.5, 'taken': 45})
        self.assertEqual(self.profile('pia')['revenue'], [])

    def test_what_goes_on_outside(self):
        days = 'region,date,name,kind\nDE-HH,31.10.2026,Reformationstag,holiday\nDE-HH,32.10.2026,Never,holiday\n'
        self.assertEqual(self.load('calendar', text=days)['documents'], 1)
        said = 'product,date,network,mentions,sentiment\nMUG-1,2026-03-01,forum,12,0.4\nMUG-1,2026-03-02,forum,3,2\n'
        c = self.load('mentions', text=said)
        self.assertEqual((c['documents'], c['quarantined']), (1, 1))
        self.assertEqual(self.load('weather', text='store,date,temperature\nhamburg,2026-03-01,7.5\n')['documents'], 1)

    def test_texts(self):
        text = 'customer,product_id,rating,text,date\nlea,MUG-1,5,"A fine mug, and blue",2026-03-01\nlea,MUG-1,five,Bad number,2026-03-01\nlea,,,Where is my parcel?,2026-03-02\nlea,MUG-1,1,,2026-03-02\n'
        c = self.load('texts', text=text)
        self.assertEqual((c['stored'], c['quarantined']), (2, 2))
        names = [e['name'] for e in self.s.json('GET', '/v1/admin/profiles/lea/events')['events']]
        self.assertEqual(sorted(names), ['Product Reviewed', 'Service Message Received'])

    def test_numbers_that_only_tills_know(self):
        text = 'receipt,store,date,product,price,till_customer,e_receipt\n1,kiel,2026-03-01,P1,2,T-5,\n2,kiel,2026-03-02,P1,2,T-5,E-77\n3,kiel,2026-03-03,P1,2,,E-78\n3,kiel,2026-03-03,P2,2,,E-78\n4,kiel,2026-03-03,P2,2,,\n'
        c = self.load('receipts', '--source', 'numbers', text=text)
        self.assertEqual((c['orders'], c['customers'], c['anonymousLines'], c['stored']), (4, 2, 1, 4))

    def test_set_names_its_fields(self):
        self.assertIn('no field', self.load('receipts', '--set', 'colour=red', text=TILL, expect=2))


class CompleteJourney(House):
    """Every table of the set, whole."""

    def test_every_table(self):
        folder = shared('data', 'complete-journey')
        at = lambda name: os.path.join(folder, name + '.csv.gz')
        products = ('products', at('products'), '--map', 'product_id=id', '--map', 'product_type=title', '--map', 'department=category')
        c = self.load(*products)
        self.assertEqual((c['rows'], c['documents'] + c['quarantined']), (92331, 92331))
        self.assertEqual(c['quarantined'], 528)  # without a product type there is no name
        c = self.load('campaigns', at('campaign_descriptions'), '--set', 'channel=post')
        self.assertEqual((c['rows'], c['documents'], c['quarantined']), (27, 27, 0))
        c = self.load('coupons', at('coupons'))
        self.assertEqual((c['rows'], c['quarantined']), (116204, 0))
        c = self.load('customers', at('demographics'), '--source', 'journey')
        self.assertEqual((c['stored'], c['quarantined']), (801, 0))
        sent = ('contacts', at('campaigns'), '--set', 'action=sent', '--set', 'channel=post', '--source', 'mailings')
        redeemed = ('contacts', at('coupon_redemptions'), '--set', 'action=redeemed', '--set', 'channel=store', '--source', 'redemptions')
        self.assertEqual(self.load(*sent)['stored'], 6589)
        self.assertEqual(self.load(*redeemed)['stored'], 2102)
        receipts = ('receipts', at('transactions_sample'), '--source', 'journey', '--currency', 'USD')
        c = self.load(*receipts)
        self.assertEqual((c['rows'], c['orderLines'] + c['returnLines'] + c['adjustments'] + c['quarantined']), (75000, 75000))
        self.assertEqual((c['customers'], c['quarantined']), (2377, 1))  # one amount is written 4.440892e-16
        for again in (sent, redeemed, receipts):
            self.assertEqual(self.load(*again)['stored'], 0)


class Hillstrom(House):
    def test_the_experiment(self):
        path = shared('data', 'hillstrom', 'customers.csv.gz')
        self.s.json('PUT', '/v1/admin/sources/hillstrom', {'name': 'Hillstrom', 'kind': 'file', 'owner': 'crm',
                    'transform': [{'do': 'drop-event', 'when': 'segment == "No E-Mail"'}]})
        self.assertEqual(self.load('customers', path, '--set', 'customer=h-{line}', '--source', 'people')['stored'], 64000)
        mails = ('contacts', path, '--set', 'customer=h-{line}', '--set', 'action=sent', '--set', 'time=2008-03-20', '--map', 'channel=shop_channel',
                 '--set', 'channel=email', '--map', 'segment=campaign', '--source', 'hillstrom')
        c = self.load(*mails)
        self.assertEqual((c['stored'], c['dropped'], c['quarantined']), (21307 + 21387, 21306, 0))
        self.assertEqual(self.load(*mails)['stored'], 0)


class Inbound(House):
    def cloud(self, body, headers, key='server', expect=200):
        status, _, data = self.s.request('POST', '/v1/cloudevents', body if isinstance(body, (bytes, str)) else json.dumps(body), headers, key)
        self.assertEqual(status, expect, data[:600])
        return json.loads(data)

    def names(self, who):
        return sorted(e.get('name', e['type']) for e in self.s.json('GET', '/v1/admin/profiles/%s/events' % who)['events'])

    def test_cloudevents(self):
        one = {'specversion': '1.0', 'id': 'a1', 'source': '/till/3', 'type': 'com.example.receipt', 'time': '2026-03-01T10:00:00Z',
               'data': {'userId': 'ce1', 'order_id': 'R1', 'store_id': 'kiel', 'currency': 'EUR', 'products': [{'product_id': 'P1', 'quantity': 2, 'price': 3.5}]}}
        structured = {'Content-Type': 'application/cloudevents+json; charset=utf-8'}
        self.cloud(one, structured)
        self.cloud(one, structured)  # the same id and source: known
        self.assertEqual(self.profile('ce1')['orders'], 1)
        self.assertEqual(self.profile('ce1')['orderHistory'][0]['channel'], 'store')
        many = [dict(one, id='a2', type='org.shop.track', data={'event': 'Product Viewed', 'userId': 'ce1', 'properties': {'product_id': 'P1'}}),
                dict(one, id='a3', type='com.example.chair.assembled', userid='ce1', data={'legs': 4})]
        self.cloud(many, {'Content-Type': 'application/cloudevents-batch+json'})
        self.cloud(json.dumps({'email': 'x@example.org', 'traits': {'size': 'M'}, 'userId': 'ce1'}),
                   {'Content-Type': 'application/json', 'ce-specversion': '1.0', 'ce-id': 'a4', 'ce-source': '/crm', 'ce-type': 'identify'})
        self.assertEqual(self.names('ce1'), ['Order Completed', 'Product Viewed', 'com.example.chair.assembled', 'identify'])
        for broken, field in ((dict(one, specversion='0.3'), '/specversion'), (dict(one, id=''), '/id'), ({'specversion': '1.0'}, '/id')):
            self.assertIn(field, json.dumps(self.cloud(broken, structured, expect=400)))
        self.cloud(one, structured, key=None, expect=401)
        self.cloud('[', structured, expect=400)
        self.cloud(dict(one, id='a9', data={'order_id': 'R2'}), structured, expect=400)  # of nobody

    def sign(self, secret, id, when, body):
        key = base64.b64decode(secret[6:])
        return 'v1,' + base64.b64encode(hmac.new(key, b'%s.%d.' % (id.encode(), when) + body, hashlib.sha256).digest()).decode()

    def hook(self, source, id, body, secret=SECRET, when=None, signature=None):
        when, body = int(time.time()) if when is None else when, json.dumps(body).encode()
        headers = {'Content-Type': 'application/json', 'webhook-id': id, 'webhook-timestamp': str(when),
                   'webhook-signature': signature or 'v1a,ignored ' + self.sign(secret, id, when, body)}
        status, _, data = self.s.request('POST', '/v1/webhooks/' + source, body, headers, None)
        return status, data

    def test_signed_webhooks(self):
        self.s.json('PUT', '/v1/admin/sources/pay', {'name': 'Payments', 'kind': 'webhook', 'owner': 'shop', 'secret': 'env:KUNDE_TEST_SECRETS'})
        self.s.json('PUT', '/v1/admin/sources/mute', {'name': 'Mute', 'kind': 'webhook', 'owner': 'shop'})
        order = {'type': 'order.completed', 'timestamp': '2026-03-01T10:00:00Z', 'data': {'userId': 'wh1', 'order_id': 'W1', 'products': [{'product_id': 'P1', 'quantity': 1, 'price': 2}]}}
        self.assertEqual(self.hook('pay', 'm1', order)[0], 200)
        self.assertEqual(self.hook('pay', 'm1', order)[0], 200)                      # a retry
        self.assertEqual(self.hook('pay', 'm2', dict(order, type='order.refunded'), OLD_SECRET)[0], 200)  # while the secret is changed
        self.assertEqual(self.names('wh1'), ['Order Completed', 'Order Refunded'])
        now = int(time.time())
        self.assertEqual(self.hook('pay', 'm3', order, when=now - 301)[0], 401)
        self.assertEqual(self.hook('pay', 'm3', order, when=now + 400)[0], 401)
        self.assertEqual(self.hook('pay', 'm3', order, 'whsec_' + base64.b64encode(b'x' * 32).decode())[0], 401)
        self.assertEqual(self.hook('pay', 'm3', order, signature='v1,AAAA')[0], 401)
        self.assertEqual(self.hook('mute', 'm3', order)[0], 403)
        self.assertEqual(self.hook('nobody', 'm3', order)[0], 404)
        self.assertEqual(self.hook('pay', '', order)[0], 400)
        self.assertEqual(self.names('wh1'), ['Order Completed', 'Order Refunded'])


if __name__ == '__main__':
    unittest.main()
