"""Webhooks out: what was stored reaches another system once it answers, in order, signed, and only where its purpose has a basis."""
import base64, hashlib, hmac, http.server, json, threading, time, unittest
from harness import Server


class Receiver:
    """An endpoint that keeps what it gets; `answer(n, request)` gives the status of its nth message."""

    def __init__(self, answer=lambda n, r: 204, port=0):
        self.got, self.answer, self.lock = [], answer, threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                with outer.lock:
                    one = dict(id=self.headers['webhook-id'], time=self.headers['webhook-timestamp'], signature=self.headers['webhook-signature'], body=body, json=json.loads(body))
                    outer.got.append(one)
                    status = outer.answer(len(outer.got), one)
                self.send_response(status if isinstance(status, int) else status[0])
                for name, value in ([] if isinstance(status, int) else status[1].items()):
                    self.send_header(name, value)
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler)
        self.port = self.server.server_address[1]
        self.url = 'http://127.0.0.1:%d/hook' % self.port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with self.lock:
                if len(self.got) >= count:
                    return list(self.got)
            time.sleep(0.02)
        raise AssertionError('%d messages of %d' % (len(self.got), count))

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def signed(secret, message):
    key = base64.b64decode(secret[len('whsec_'):])
    text = ('%s.%s.' % (message['id'], message['time'])).encode() + message['body']
    return 'v1,' + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def put(s, webhook, receiver, expect=200, **more):
    return s.json('PUT', '/v1/admin/webhooks/' + webhook, {'url': receiver.url, 'purpose': 'operate', **more}, expect=expect)


def state(s, name):
    return next(w for w in s.json('GET', '/v1/admin/webhooks')['webhooks'] if w['id'] == name)


def until(check, seconds=20):
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise AssertionError('it did not come')
        time.sleep(0.05)


ORDER = {'order_id': 'o-1', 'total': 20, 'currency': 'EUR', 'products': [{'product_id': 'p-1', 'price': 20, 'quantity': 1}]}
ALLOWED = ('--webhook-private-hosts', 'true')


class Webhooks(unittest.TestCase):
    def test_in_order_signed_and_chosen(self):
        receiver = Receiver()
        with Server(flags=ALLOWED) as s:
            made = put(s, 'warehouse', receiver, events=['order', 'Gift Wrapped'], name='Warehouse', purpose='analyse')
            self.assertTrue(made['secret'].startswith('whsec_'))
            self.assertNotIn('secret', state(s, 'warehouse'))
            for i in range(30):
                s.track('Product Viewed', user='u1', properties={'product_id': 'p-1'})
                s.track('Order Completed', user='u%d' % (i % 3), properties=dict(ORDER, order_id='o-%d' % i))
            s.track('Gift Wrapped', user='u1', properties={'paper': 'stars'})
            got = receiver.wait(31)
            self.assertEqual([m['json']['data']['event']['properties'].get('order_id') for m in got], ['o-%d' % i for i in range(30)] + [None])
            self.assertEqual([m['json']['type'] for m in got], ['order'] * 30 + ['custom'])
            for m in got:
                self.assertEqual(m['signature'], signed(made['secret'], m))
                self.assertLess(abs(int(m['time']) - time.time()), 60)
            self.assertEqual(len({m['id'] for m in got}), 31)
            until(lambda: state(s, 'warehouse')['delivered'] == 31)
            # a new secret signs, the old one beside it
            again = s.json('POST', '/v1/admin/webhooks/warehouse/secret')
            self.assertNotEqual(again['secret'], made['secret'])
            s.json('POST', '/v1/admin/webhooks/warehouse/test')
            test = receiver.wait(32)[-1]
            self.assertEqual(test['json']['type'], 'kunde.test')
            self.assertEqual(test['signature'].split(' '), [signed(again['secret'], test), signed(made['secret'], test)])
            # off: nothing comes, and nothing is lost
            put(s, 'warehouse', receiver, events=['order'], purpose='analyse', enabled=False)
            s.track('Order Completed', user='u9', properties=dict(ORDER, order_id='o-later'))
            time.sleep(0.5)
            self.assertEqual(len(receiver.got), 32)
            put(s, 'warehouse', receiver, events=['order'], purpose='analyse')
            self.assertEqual(receiver.wait(33)[-1]['json']['data']['event']['properties']['order_id'], 'o-later')
            self.assertEqual(s.json('DELETE', '/v1/admin/webhooks/warehouse'), {'success': True})
            self.assertEqual(s.json('GET', '/v1/admin/webhooks'), {'webhooks': []})
            # made anew it begins anew, also after a restart: what was stored meanwhile is not told
            time.sleep(1.5)
            s.track('Order Completed', user='u9', properties=dict(ORDER, order_id='o-meanwhile'))
            s.kill()
            s.start()
            put(s, 'warehouse', receiver, events=['order'], purpose='analyse')
            self.assertEqual(state(s, 'warehouse')['delivered'], 0)
            s.track('Order Completed', user='u9', properties=dict(ORDER, order_id='o-again'))
            self.assertEqual(receiver.wait(34)[33]['json']['data']['event']['properties']['order_id'], 'o-again')
        receiver.close()

    def test_failures_are_tried_again_and_refusals_passed_over(self):
        receiver = Receiver(lambda n, r: {1: (503, {'Retry-After': '1'}), 3: 400}.get(n, 200))
        with Server(flags=ALLOWED) as s:
            put(s, 'crm', receiver, events=['order'])
            for i in range(3):
                s.track('Order Completed', user='u1', properties=dict(ORDER, order_id='o-%d' % i))
            got = receiver.wait(4)
            self.assertEqual([m['json']['data']['event']['properties']['order_id'] for m in got], ['o-0', 'o-0', 'o-1', 'o-2'])
            self.assertEqual(got[0]['id'], got[1]['id'])
            self.assertGreaterEqual(int(got[1]['time']) - int(got[0]['time']), 1)
            until(lambda: state(s, 'crm')['delivered'] == 2)
            self.assertEqual(state(s, 'crm')['refused'], 1)
        receiver.close()
        gone = Receiver(lambda n, r: 410)
        with Server(flags=ALLOWED) as s:
            put(s, 'old', gone, purpose='analyse')
            s.track('A', user='u1')
            s.track('B', user='u1')
            gone.wait(1)
            until(lambda: state(s, 'old')['state'] == 'gone')
            time.sleep(0.3)
            self.assertEqual(len(gone.got), 1)
        gone.close()

    def test_a_kill_loses_nothing(self):
        receiver = Receiver()
        port = receiver.port
        with Server(flags=ALLOWED) as s:
            put(s, 'erp', receiver, events=['order'], **{'from': 'beginning'})
            for i in range(5):
                s.track('Order Completed', user='u1', properties=dict(ORDER, order_id='o-%d' % i))
            first = receiver.wait(5)
            receiver.close() # nobody answers any more
            for i in range(5, 12):
                s.track('Order Completed', user='u2', properties=dict(ORDER, order_id='o-%d' % i))
            until(lambda: state(s, 'erp')['state'] == 'failing')
            s.kill()
            back = Receiver(port=port)
            s.start()
            s.json('POST', '/v1/admin/webhooks/erp/resume')
            until(lambda: {m['json']['data']['event']['properties']['order_id'] for m in first + back.got} == {'o-%d' % i for i in range(12)})
            ids = {}
            for m in first + back.got: # what came twice says so
                ids.setdefault(m['json']['data']['event']['properties']['order_id'], set()).add(m['id'])
            self.assertTrue(all(len(x) == 1 for x in ids.values()))
            back.close()

    def test_only_with_a_basis(self):
        receiver = Receiver()
        with Server(flags=ALLOWED) as s:
            s.json('PUT', '/v1/admin/webhooks/mailer', {'url': receiver.url, 'purpose': 'market-email', 'events': ['message_opened']})
            consent = {'consent': {'categoryPreferences': {'Newsletter': True}}}
            s.json('POST', '/v1/identify', {'userId': 'yes', 'context': consent})
            for user in ('no', 'yes'):
                s.track('Email Opened', user=user, properties={'email_id': 'm-1'})
            got = receiver.wait(1)
            time.sleep(0.3)
            self.assertEqual([m['json']['data']['event']['userId'] for m in receiver.got], ['yes'])
            self.assertEqual(state(s, 'mailer')['skipped'], 1)
            self.assertEqual(len(got), 1)
        receiver.close()

    def test_keys_are_told_where_their_class_serves(self):
        told, mail = Receiver(), Receiver()
        with Server(flags=ALLOWED) as s:
            put(s, 'figures', told, purpose='analyse', events=['X'])
            put(s, 'shop', mail, purpose='operate', events=['order'])
            keys = {'userId': 'carl@mail.example', 'anonymousId': 'a-1', 'context': {'externalIds': [{'type': 'email', 'id': 'carl@mail.example'}], 'traits': {'phone': '+4934112345'}}}
            s.json('POST', '/v1/track', dict(keys, event='X', properties={'email': 'carl@mail.example', 'emailAddress': 'carl@mail.example', 'Mobile_Phone': '+49341', 'name': 'Wool hat', 'n': 1}))
            s.json('POST', '/v1/track', dict(keys, event='Order Completed', properties=ORDER))
            event = told.wait(1)[0]['json']['data']['event']
            self.assertEqual((event['properties'], event['context'], set(event) & set(keys)), ({'name': 'Wool hat', 'n': 1}, {'traits': {}}, {'context'}))
            event = mail.wait(1)[0]['json']['data']['event']
            self.assertEqual((event['userId'], event['context']), (keys['userId'], keys['context']))
        told.close()
        mail.close()

    def test_bad_documents(self):
        with Server() as s:
            for document, field in (({'purpose': 'operate'}, '/url'), ({'url': 'ftp://x.example', 'purpose': 'operate'}, '/url'), ({'url': 'https://x.example'}, '/purpose'),
                                    ({'url': 'https://x.example', 'purpose': 'mind reading'}, '/purpose'), ({'url': 'http://x.example', 'purpose': 'operate'}, '/url'),
                                    ({'url': 'https://a:b@x.example', 'purpose': 'operate'}, '/url'), ({'url': 'https://x.example', 'purpose': 'operate', 'events': 'order'}, '/events'),
                                    ({'url': 'https://x.example', 'purpose': 'operate', 'from': 'yesterday'}, '/from'), ({'url': 'https://x.example', 'purpose': 'operate', 'enabled': 1}, '/enabled')):
                answer = s.json('PUT', '/v1/admin/webhooks/w', document, expect=400)
                self.assertEqual(answer['errors'][0]['pointer'], field, answer)
            s.json('PUT', '/v1/admin/webhooks/a.b', {'url': 'https://x.example', 'purpose': 'operate'}, expect=400)
            s.json('POST', '/v1/admin/webhooks/none/test', expect=404)
            s.json('PUT', '/v1/admin/webhooks/w', {'url': 'https://x.example', 'purpose': 'operate'}, key='write', expect=403)

    def test_never_inside(self):
        receiver = Receiver()
        with Server() as s:
            # https is taken, but its address is this machine: no connection is made
            s.json('PUT', '/v1/admin/webhooks/w', {'url': 'https://localhost:%d/hook' % receiver.port, 'purpose': 'analyse'})
            s.track('A', user='u1')
            until(lambda: state(s, 'w')['state'] == 'failing')
            self.assertEqual(receiver.got, [])
        receiver.close()


if __name__ == '__main__':
    unittest.main()
