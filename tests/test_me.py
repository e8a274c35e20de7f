"""The shopper's own console: what is told reaches the very next decision; nobody sees or changes anybody else; pages work without a script."""
import html, json, re, time, unittest, urllib.parse, uuid
from harness import Server

COLORS, SIZES = ('red', 'navy'), ('S', 'M')


def product(i):
    return dict(id='p%d' % i, title='Thing %d <i>&"' % i, brand='Alto' if i % 2 else 'Basso', category='Top > C%d' % (i % 5), price='9.00', currency='EUR',
                variants=[dict(sku='p%d-%s-%s' % (i, z, c), size=z, color=c, stock=3) for z in SIZES for c in COLORS])


def order(s, user, order_id, *products):
    s.track('Order Completed', user=user, properties=dict(order_id=order_id, total=9, currency='EUR', products=[dict(product_id=p, sku='%s-M-red' % p, price=9, quantity=1) for p in products]))


class Shop(Server):
    def __init__(self, **more):
        super().__init__(**more)
        self.json('PUT', '/v1/admin/products', [product(i) for i in range(60)])
        self.json('PUT', '/v1/admin/placements/home', dict(kind='recommendation', recipe='for-you', count=6))

    def decide(self, **customer):
        return self.json('POST', '/v1/decide', dict(placements=['home'], customer=customer))

    def items(self, **customer):
        return self.decide(**customer)['decisions'][0]['items']

    def me(self, method, path, body=None, user='ada', expect=200, key='server', **headers):
        names = {'Kunde-User-Id': user} if user else {}
        names.update({k.replace('_', '-'): v for k, v in headers.items()})
        return self.json(method, '/v1/me' + path, body, key=key, expect=expect, headers=names)

    def link(self, who='ada', **more):
        return self.json('POST', '/v1/admin/profiles/%s/me-link' % who, more)['url']

    def session(self, who='ada'):
        status, headers, _ = self.request('GET', self.link(who)[len(self.url):])
        assert status == 303 and headers['location'] == '/me', (status, headers)
        return headers['set-cookie'].split(';')[0]

    def page(self, cookie, path='/me', **headers):
        status, answer, body = self.request('GET', path, headers=dict(Cookie=cookie, **headers))
        assert status == 200, (status, body[:300])
        return answer, body.decode()

    def form(self, cookie, what, fields, csrf=None):
        if csrf is None:
            csrf = re.search(r'name="csrf" value="([^"]+)"', self.page(cookie)[1]).group(1)
        return self.request('POST', '/me/' + what, urllib.parse.urlencode([('csrf', csrf), *fields]).encode(), dict(Cookie=cookie, **{'Content-Type': 'application/x-www-form-urlencoded'}))


class Me(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Shop()

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def setUp(self):
        self.user = 'u-' + uuid.uuid4().hex
        self.s.json('POST', '/v1/identify', dict(userId=self.user, traits=dict(firstName='Ada')))

    def me(self, method, path, body=None, **more):
        return self.s.me(method, path, body, user=self.user, **more)

    # ---- what was told outranks what is inferred, in the very next decision
    def test_told_in_the_very_next_decision(self):
        for _ in range(5):
            order(self.s, self.user, uuid.uuid4().hex, 'p2', 'p4')  # all evidence speaks for Basso, red, M
        self.me('PUT', '/preferences', dict(brand=['Alto'], color=['navy'], size=['S']))
        items = self.s.items(userId=self.user)
        self.assertEqual(len(items), 6)
        for item in items:
            self.assertEqual((item['brand'], item['color'], item['size']), ('Alto', 'navy', 'S'))
            self.assertEqual({r['kind'] for r in item['reasons'][:2]}, {'stated'})
            self.assertEqual(item['reasons'][0]['text'], 'because you told us you like Alto')
            self.assertAlmostEqual(sum(r['weight'] for r in item['reasons']), item['score'], places=4)
        self.me('PUT', '/preferences', dict(brand=None, color=None, size=['M']))
        self.assertEqual({i['size'] for i in self.s.items(userId=self.user)}, {'M'})
        self.assertFalse(any(r['kind'] == 'stated' for i in self.s.items(userId=self.user) for r in i['reasons']))

    def test_a_category_and_its_size(self):
        self.me('PUT', '/preferences', {'category': ['Top > C1'], 'size': ['M'], 'size.Top': ['S']})
        for item in self.s.items(userId=self.user):
            self.assertEqual((item['category'], item['size']), ('Top > C1', 'S'))
        german = self.s.json('POST', '/v1/decide', dict(placements=['home'], customer=dict(userId=self.user), context=dict(language='de')))
        self.assertEqual(german['decisions'][0]['items'][0]['reasons'][0]['text'], 'weil Sie uns gesagt haben, dass Sie C1 mögen')

    def test_not_for_me_is_never_shown(self):
        shown = [i['productId'] for i in self.s.items(userId=self.user)]
        self.me('POST', '/not-for-me', dict(productId=shown[0]))
        self.me('POST', '/not-for-me', dict(category='Top > C2'))
        after = self.s.items(userId=self.user)
        self.assertNotIn(shown[0], [i['productId'] for i in after])
        self.assertNotIn('Top > C2', [i['category'] for i in after])
        self.me('POST', '/not-for-me', dict(productId=shown[0], value=False))
        self.assertIn(shown[0], [i['productId'] for i in self.s.items(userId=self.user)])

    def test_a_gift_is_no_taste_but_bought(self):
        order(self.s, self.user, 'O/7 %', 'p3')
        self.assertTrue(any(i['value'] == 'Alto' for i in self.me('GET', '')['inferred']))
        self.assertEqual({i['size'] for i in self.s.items(userId=self.user)}, {'M'})
        self.me('POST', '/gift', dict(orderId='O/7 %', productId='p3'))
        me = self.me('GET', '')
        self.assertEqual(me['inferred'], [])
        self.assertTrue(me['purchases'][0]['gift'])
        items = self.s.items(userId=self.user)
        self.assertNotIn('p3', [i['productId'] for i in items])
        self.assertEqual({i['size'] for i in items}, {'S'})  # the size of a gift is nobody's: the first there is

    def test_pause_and_appearance(self):
        order(self.s, self.user, uuid.uuid4().hex, 'p2')
        hidden = self.s.items()[0]['productId']
        self.me('PUT', '/preferences', {'brand': ['Alto'], 'theme': 'dark', 'layout': 'list', 'startPage': '/women', 'language': 'de', 'notForMe/' + hidden: True})
        answer = self.s.decide(userId=self.user)
        self.assertEqual(answer['appearance'], dict(theme='dark', layout='list', startPage='/women', language='de'))
        self.assertIn('weil Sie uns gesagt haben', answer['decisions'][0]['items'][0]['reasons'][0]['text'])  # the language told
        self.me('POST', '/pause', dict(paused=True))
        paused = self.s.decide(userId=self.user)
        self.assertEqual(paused['identity'], 'refused')
        self.assertEqual(paused['appearance']['theme'], 'dark')
        ids = [i['productId'] for i in paused['decisions'][0]['items']]
        self.assertNotIn('p2', ids)
        self.assertNotIn(hidden, ids)
        for item in paused['decisions'][0]['items']:
            self.assertFalse({r['kind'] for r in item['reasons']} & {'stated', 'bought', 'viewed', 'cart', 'wished'})
        self.me('POST', '/pause', dict(paused=False))
        self.assertEqual(self.s.decide(userId=self.user)['identity'], 'known')

    def test_surprise_takes_at_most_half(self):
        for i in range(0, 60, 5):
            self.s.track('Product Viewed', user=self.user, properties=dict(product_id='p%d' % i))
        for dial, most in ((0, 0), (0.5, 1), (1, 3)):
            self.me('PUT', '/preferences', dict(surprise=dial))
            surprises = [i for i in self.s.items(userId=self.user) if i['reasons'][0]['kind'] == 'surprise']
            self.assertLessEqual(len(surprises), most)
            self.assertFalse(any(i['category'] == 'Top > C0' for i in surprises))

    # ---- what is refused
    def test_what_may_not_be_told(self):
        for body, field in ((dict(nonsense=1), '/nonsense'), (dict(surprise=2), '/surprise'), (dict(paused='yes'), '/paused'), ({'startPage': '//evil.example'}, '/startPage'),
                            ({'size': [['S']]}, '/size'), ({'brand': [str(i) for i in range(21)]}, '/brand'), ({'theme': 'pink'}, '/theme'), ({'notForMe/a/b': True}, '/notForMe~1a~1b'), ({}, '/')):
            answer = self.me('PUT', '/preferences', body, expect=400)
            self.assertTrue(answer['errors'][0]['pointer'], (body, answer))
        for path, body in (('/gift', dict(productId='p1')), ('/gift', dict(orderId='a', productId='p', value=1)), ('/not-for-me', {}), ('/correct', dict(trait='nope', value='x')),
                           ('/consents', {'operate': False}), ('/consents', {'personalise': 'no'}), ('/consents', {'nonsense': True}), ('/erase', dict(confirm='yes'))):
            self.assertEqual(self.me('PUT' if path == '/consents' else 'POST', path, body, expect=400)['status'], 400)
        self.me('PUT', '/preferences', {'topic.%d' % i: True for i in range(65)}, expect=413)

    def test_at_most_256_preferences(self):
        for start in range(0, 256, 64):
            self.me('PUT', '/preferences', {'topic.%d' % i: True for i in range(start, start + 64)})
        self.me('PUT', '/preferences', {'topic.more': True}, expect=413)
        self.me('PUT', '/preferences', {'topic.5': False})  # one that is there may change

    def test_too_many_changes_a_minute(self):
        codes = set()
        for i in range(130):
            codes.add(self.s.request('POST', '/v1/me/pause', dict(paused=bool(i % 2)), {'Kunde-User-Id': self.user}, 'server')[0])
            if 429 in codes:
                break
        self.assertEqual(codes, {200, 429})

    # ---- who may come in
    def test_by_write_key(self):
        anonymous = str(uuid.uuid4())
        self.me('GET', '', expect=401, key='write')  # a user id without its token
        self.me('GET', '', expect=401, key='write', **{'Kunde-User-Token': '99999999999.' + 'A' * 43})
        self.s.me('GET', '', user=None, expect=400, key='write', **{'Kunde-Anonymous-Id': 'guessable'})
        self.assertFalse(self.s.me('GET', '', user=None, key='write', **{'Kunde-Anonymous-Id': anonymous})['known'])
        self.s.me('PUT', '/preferences', dict(brand=['Basso']), user=None, key='write', **{'Kunde-Anonymous-Id': anonymous})
        self.assertEqual({i['brand'] for i in self.s.items(anonymousId=anonymous)}, {'Basso'})
        # joined with the account by a login, the visitor still sees and changes the browser's own person only
        self.s.json('POST', '/v1/identify', dict(userId=self.user, anonymousId=anonymous, traits=dict(secret='42')))
        seen = json.dumps(self.s.me('GET', '', user=None, key='write', **{'Kunde-Anonymous-Id': anonymous}))
        self.assertNotIn('secret', seen)
        self.assertNotIn(self.user, seen)
        self.s.me('POST', '/erase', dict(confirm='forget me'), user=None, key='write', expect=403, **{'Kunde-Anonymous-Id': anonymous})

    def test_an_anonymous_id_speaks_for_its_browser_only(self):
        anonymous = str(uuid.uuid4())
        by = {'Kunde-Anonymous-Id': anonymous}
        state = lambda **who: {c['purpose']: c['state'] for c in self.s.json('GET', '/v1/me/consents', key=who.pop('key', 'server'), headers=who)['consents']}['market-email']
        self.s.json('PUT', '/v1/me/consents', {'market-email': True}, key='write', headers=by)
        self.assertEqual(state(key='write', **by), 'granted')  # of a browser that nobody else knows
        self.s.json('POST', '/v1/identify', dict(userId=self.user, anonymousId=anonymous, traits=dict(lastName='Byron')))
        self.me('PUT', '/consents', {'market-email': False})
        self.s.json('PUT', '/v1/me/consents', {'market-email': True}, key='write', headers=by)
        self.assertEqual(state(**{'Kunde-User-Id': self.user}), 'refused')  # whoever sits at that browser grants nothing for the customer
        self.s.json('POST', '/v1/identify', dict(anonymousId=anonymous, traits=dict(city='Rome')))
        self.s.json('POST', '/v1/me/correct', dict(trait='city', value='Oslo'), key='write', headers=by, expect=403)
        self.s.json('POST', '/v1/identify', dict(anonymousId=anonymous, traits=dict(nick='A')), key='write')
        self.s.json('POST', '/v1/me/correct', dict(trait='nick', value='B'), key='write', headers=by)
        self.assertEqual([(t['name'], t['value'], t['proven']) for t in self.me('GET', '')['traits'] if t['name'] in ('city', 'nick')], [('city', 'Rome', True), ('nick', 'B', False)])

    def test_the_whole_customer(self):
        anonymous = str(uuid.uuid4())
        self.s.me('PUT', '/preferences', dict(brand=['Basso']), user=None, **{'Kunde-Anonymous-Id': anonymous})
        self.s.json('POST', '/v1/identify', dict(userId=self.user, anonymousId=anonymous))  # a login, proven
        self.assertEqual([p['value'] for p in self.me('GET', '/preferences')['preferences']], [['Basso']])
        self.assertIn(anonymous, json.dumps(self.me('GET', '')['identities']))

    def test_what_a_write_key_says_of_somebody_changes_nothing(self):
        self.s.track('Preference Stated', user=self.user, key='write', properties={'brand': ['Alto'], 'paused': True})
        self.assertEqual(self.me('GET', '/preferences')['preferences'], [])
        self.assertEqual(self.s.decide(userId=self.user)['identity'], 'known')

    def test_links_and_sessions(self):
        url = self.s.link(self.user, hours=1)[len(self.s.url):]
        token = url.split('t=')[1]
        for bad in ('', token[:-1], token + 'A', token[:-4] + 'AAAA', 'B' + token[1:], token[:10] + ('B' if token[10] != 'B' else 'C') + token[11:], '%00', 'x' * 500, '../' + token):
            status, headers, body = self.s.request('GET', '/me?t=' + urllib.parse.quote(bad))
            self.assertEqual(status, 401, bad)
            self.assertNotIn('set-cookie', headers)
        status, headers, _ = self.s.request('GET', url)
        self.assertEqual((status, headers['location']), (303, '/me'))
        self.assertRegex(headers['set-cookie'], r'^kunde_me=[A-Za-z0-9_-]+; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600$')
        self.assertEqual(headers['cache-control'], 'no-store')
        self.assertEqual(headers['referrer-policy'], 'no-referrer')
        self.assertEqual(self.s.request('GET', '/me', headers=dict(Cookie='kunde_me=' + token))[0], 401)  # a link is no session
        session = headers['set-cookie'].split(';')[0].split('=')[1]
        self.assertEqual(self.s.request('GET', '/me?t=' + session)[0], 401)                                 # and a session no link
        self.assertEqual(self.s.request('POST', '/u/' + session, b'List-Unsubscribe=One-Click')[0], 404)
        self.assertEqual(self.s.request('GET', '/me')[0], 401)
        self.assertEqual(self.s.request('POST', '/v1/admin/profiles/%s/me-link' % self.user, {}, key='write')[0], 403)
        self.s.json('POST', '/v1/admin/profiles/%s/me-link' % self.user, dict(hours=721), expect=400)
        self.s.json('POST', '/v1/admin/profiles/nobody-knows/me-link', {}, expect=404)

    def test_another_persons_session_shows_only_that_person(self):
        other = 'v-' + uuid.uuid4().hex
        self.s.json('POST', '/v1/identify', dict(userId=other, traits=dict(firstName='Grace', city='Arlington')))
        cookie = self.s.session(self.user)
        _, page = self.s.page(cookie)
        self.assertIn(self.user, page)
        self.assertNotIn(other, page)
        self.assertNotIn('Arlington', page)
        token = re.search(r'name="csrf" value="([^"]+)"', self.s.page(self.s.session(other))[1]).group(1)
        self.assertEqual(self.s.form(cookie, 'pause', [('paused', 'true')], csrf=token)[0], 403)  # the secret of another session
        self.assertEqual(self.s.form(cookie, 'pause', [('paused', 'true')], csrf='')[0], 403)
        self.assertFalse(self.me('GET', '/preferences')['paused'])
        status, _, body = self.s.request('PUT', '/v1/me/preferences', dict(paused=True), headers=dict(Cookie=cookie))
        self.assertEqual(status, 403)  # a cookie alone, without the header no other site can send
        self.assertEqual(self.s.request('PUT', '/v1/me/preferences', dict(theme='dark'), headers={'Cookie': cookie, 'Kunde-CSRF': '1'})[0], 200)

    # ---- pages
    def test_pages_hold_no_markup_from_outside_and_no_script(self):
        evil = '<script>alert(1)</script>"\'><img src=x onerror=alert(2)>'
        self.s.json('POST', '/v1/identify', dict(userId=self.user, traits={'firstName': evil, '<b>name': 'x', 'website': 'javascript:alert(3)'}))
        order(self.s, self.user, '"><script>alert(4)</script>', 'p1')
        self.me('PUT', '/preferences', {'brand': ['Alto', evil[:80]], 'topic.<u>': True})
        self.s.items(userId=self.user)
        time.sleep(1.5)
        headers, page = self.s.page(self.s.session(self.user))
        self.assertNotRegex(page, r'(?i)<script|<img src=x|<b>name|<u>|<i>&"')
        self.assertNotRegex(page, r'(?i)(href|src|action)="javascript:')
        for tag in re.findall(r'<[^>]*>', re.sub(r'"[^"]*"', '""', page)):
            self.assertNotRegex(tag, r'(?i)\son[a-z]+=|\sstyle=')
        self.assertIn(html.escape(evil).replace('&#x27;', '&#39;'), page)
        self.assertIn("default-src 'none'", headers['content-security-policy'])
        self.assertNotIn('unsafe', headers['content-security-policy'])
        self.assertEqual((headers['cache-control'], headers['referrer-policy']), ('no-store', 'no-referrer'))
        self.assertIn('because you told us you like', page)

    def test_forms(self):
        order(self.s, self.user, 'A/1', 'p3')
        cookie = self.s.session(self.user)
        for what, fields in (('preferences', [('names', 'color'), ('names', 'brand'), ('color', 'navy'), ('brand', 'Alto'), ('surprise', '0.25')]),
                             ('preferences', [('theme', 'dark'), ('layout', ''), ('startPage', '/women'), ('channel.email', 'false'), ('frequency', 'seldom')]),
                             ('gift', [('order', 'A/1'), ('product', 'p3'), ('value', 'true')]), ('not-for-me', [('product', 'p5')]), ('not-for-me', [('category', 'Top > C4')]),
                             ('pause', [('paused', 'true')]), ('consents', [('purpose', 'market-email'), ('granted', 'true')]), ('correct', [('trait', 'firstName'), ('value', 'Grace')])):
            status, headers, body = self.s.form(cookie, what, fields)
            self.assertEqual((status, headers.get('location')), (303, '/me?saved=1'), (what, body[:200]))
        told = {p['name']: p['value'] for p in self.me('GET', '/preferences')['preferences']}
        self.assertEqual(told, {'brand': ['Alto'], 'channel.email': False, 'color': ['navy'], 'frequency': 'seldom', 'gift/A%2F1/p3': True, 'notForMe/category/Top > C4': True,
                                'notForMe/p5': True, 'paused': True, 'startPage': '/women', 'surprise': 0.25, 'theme': 'dark'})
        me = self.me('GET', '')
        self.assertEqual([t['value'] for t in me['traits'] if t['name'] == 'firstName'], ['Grace'])
        self.assertTrue([c for c in me['consents'] if c['purpose'] == 'market-email'][0]['allowed'])
        _, page = self.s.page(cookie, '/me?saved=1&lang=de')
        self.assertIn('lang="de" data-theme="dark"', page)
        self.assertIn('Gespeichert.', page)
        self.s.form(cookie, 'preferences', [('names', 'color')])  # nothing ticked any more
        self.s.form(cookie, 'correct', [('trait', 'firstName'), ('remove', '1')])
        self.assertNotIn('color', {p['name'] for p in self.me('GET', '/preferences')['preferences']})
        self.assertEqual([t for t in self.me('GET', '')['traits'] if t['name'] == 'firstName'], [])
        status, headers, body = self.s.form(cookie, 'preferences', [('startPage', 'https://evil.example')])
        self.assertEqual(status, 400)
        self.assertIn('role="alert"', body.decode())
        self.assertEqual(self.s.form(cookie, 'nonsense', [])[0], 404)
        status, headers, body = self.s.form(cookie, 'export', [])
        self.assertEqual((status, body[:2]), (200, b'PK'))
        status, headers, _ = self.s.form(cookie, 'leave', [])
        self.assertIn('Max-Age=0', headers['set-cookie'])

    def test_languages(self):
        cookie = self.s.session(self.user)
        self.assertIn('What we know', self.s.page(cookie)[1])
        self.assertIn('Was wir wissen', self.s.page(cookie, **{'Accept-Language': 'de-AT,de;q=0.9,en;q=0.5'})[1])
        self.me('PUT', '/preferences', dict(language='de'))
        self.assertIn('Was wir wissen', self.s.page(cookie)[1])
        self.assertIn('What we know', self.s.page(cookie, '/me?lang=en')[1])

    def test_how_is_public_and_names_no_one(self):
        status, headers, body = self.s.request('GET', '/me/how')
        self.assertEqual(status, 200)
        self.assertIn('home', body.decode())
        self.assertNotIn(self.user, body.decode())

    def test_why(self):
        self.me('PUT', '/preferences', dict(brand=['Alto']))
        shown = self.s.items(userId=self.user)
        for _ in range(40):
            decisions = self.me('GET', '/decisions')['decisions']
            if decisions:
                break
            time.sleep(0.1)
        self.assertEqual(decisions[0]['placement'], 'home')
        self.assertEqual([i['productId'] for i in decisions[0]['items']], [i['productId'] for i in shown[:4]])
        self.assertIn('because you told us you like Alto', decisions[0]['items'][0]['why'])

    def test_consents_have_a_history(self):
        self.me('PUT', '/consents', {'market-email': True, 'personalise': False})
        self.assertEqual(self.s.decide(userId=self.user)['identity'], 'refused')
        self.me('PUT', '/consents', {'personalise': True})
        answer = self.me('GET', '/consents')
        self.assertEqual({c['purpose']: c['state'] for c in answer['consents'] if c['state'] != 'unknown'}, {'market-email': 'granted', 'personalise': 'granted'})
        self.assertEqual([(h['purpose'], h['granted'], h['source']) for h in answer['consentHistory']],
                         [('personalise', True, 'me'), ('personalise', False, 'me'), ('market-email', True, 'me')])
        self.assertEqual(self.s.decide(userId=self.user)['identity'], 'known')

    def test_being_forgotten(self):
        order(self.s, self.user, uuid.uuid4().hex, 'p3')
        cookie = self.s.session(self.user)
        self.assertEqual(self.s.form(cookie, 'erase', [('confirm', 'yes')])[0], 400)
        status, headers, body = self.s.form(cookie, 'erase', [('confirm', 'Forget me')])
        self.assertEqual(status, 200, body[:300])
        self.assertIn('Max-Age=0', headers['set-cookie'])
        for _ in range(200):
            if self.s.request('GET', '/me', headers=dict(Cookie=cookie))[0] != 200:
                break
            time.sleep(0.1)
        self.assertIn(self.s.request('GET', '/me', headers=dict(Cookie=cookie))[0], (401, 410))
        self.assertFalse(self.me('GET', '')['known'])

    def test_one_click_unsubscribe(self):
        self.me('PUT', '/consents', {'market-email': True})
        link = self.s.json('POST', '/v1/admin/profiles/%s/me-link' % self.user, dict(unsubscribe='market-email'))
        self.assertRegex(link['listUnsubscribe'], r'^<http://127\.0\.0\.1:\d+/u/[A-Za-z0-9_-]+>$')
        self.assertEqual(link['listUnsubscribePost'], 'List-Unsubscribe=One-Click')
        path = link['listUnsubscribe'][1:-1][len(self.s.url):]
        status, headers, body = self.s.request('GET', path)
        self.assertEqual(status, 200)
        self.assertIn('Offers by e-mail', body.decode())
        self.assertEqual([c['state'] for c in self.me('GET', '/consents')['consents'] if c['purpose'] == 'market-email'], ['granted'])  # looking withdraws nothing
        self.assertEqual(self.s.request('POST', path, b'')[0], 400)
        self.assertEqual(self.s.request('POST', path[:-3] + 'AAA', b'List-Unsubscribe=One-Click')[0], 404)
        status, headers, _ = self.s.request('POST', path, b'List-Unsubscribe=One-Click', {'Content-Type': 'application/x-www-form-urlencoded'})
        self.assertEqual(status, 200)  # no cookie, no login, no redirect
        self.assertNotIn('set-cookie', headers)
        after = self.me('GET', '/consents')
        self.assertEqual([c['state'] for c in after['consents'] if c['purpose'] == 'market-email'], ['refused'])
        self.assertEqual(after['consentHistory'][0]['source'], 'unsubscribe')
        self.assertEqual(self.s.request('POST', path, b'List-Unsubscribe=One-Click')[0], 200)  # again is no fault


class Crash(unittest.TestCase):
    def test_what_was_acknowledged_is_there_after_a_kill(self):
        with Shop() as s:
            for i in range(20):
                s.me('PUT', '/preferences', {'brand': ['Alto'], 'topic.%d' % i: True}, user='ada') if i else s.json('POST', '/v1/identify', dict(userId='ada', traits={}))
            s.kill()
            s.start()
            told = {p['name'] for p in s.me('GET', '/preferences')['preferences']}
            self.assertEqual(told, {'brand'} | {'topic.%d' % i for i in range(1, 20)})
            self.assertEqual({i['brand'] for i in s.items(userId='ada')}, {'Alto'})


if __name__ == '__main__':
    unittest.main()
