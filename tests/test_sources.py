"""Sources over HTTP: documents, transforms, drift, quarantine mended and replayed, lineage, steps; and what a kill leaves."""
import json, os, tempfile, threading, time, unittest
from datetime import datetime, timedelta, timezone
from harness import Server, kunde

SHOP = {'name': 'Web shop', 'kind': 'web', 'owner': 'E-commerce', 'purposes': ['operate', 'personalise'], 'freshness': '1d', 'keepRejected': True,
        'schema': {'Order Completed': {'properties.total': {'type': 'number', 'required': True},
                                       'properties.currency': {'type': 'text', 'values': ['EUR', 'CHF']}}},
        'transform': [{'do': 'rename', 'from': 'properties.amount', 'to': 'properties.total'},
                      {'do': 'compute', 'field': 'properties.total', 'expression': "number(properties.total, ',')"},
                      {'do': 'drop', 'field': 'context.ip'},
                      {'do': 'drop-event', 'when': "event == 'Heartbeat'"}]}


def iso(days_ago):
    return (datetime.now(timezone.utc) - timedelta(days=days_ago)).strftime('%Y-%m-%dT%H:%M:%S.000Z')


class Sources(unittest.TestCase):
    def put(self, s, document, id='shop', expect=200):
        return s.json('PUT', '/v1/admin/sources/' + id, document, expect=expect)

    def test_documents(self):
        with Server() as s:
            self.assertEqual(self.put(s, SHOP)['document']['owner'], 'E-commerce')
            listed = s.json('GET', '/v1/admin/sources')
            one = next(x for x in listed['sources'] if x['source'] == 'shop')
            self.assertEqual((one['state'], one['overdue'], one['events'], one['kind']), ('overdue', True, 0, 'web'))
            for field in ('lastEventAt', 'events', 'events24h', 'rejected', 'duplicates'):
                self.assertIn(field, one)
            for bad, pointer in (({'kind': 'pigeon'}, '/kind'), ({'secret': 'hunter2'}, '/secret'), ({'nope': 1}, '/nope'),
                                 ({'transform': [{'do': 'compute', 'field': 'a', 'expression': '1 +'}]}, '/transform/0/expression')):
                problem = self.put(s, bad, expect=400)
                self.assertEqual(problem['errors'][0]['pointer'], pointer)
            status, _, _ = s.request('GET', '/v1/admin/sources/shop', key='write')
            self.assertEqual(status, 403)
            s.json('DELETE', '/v1/admin/sources/shop')
            s.json('GET', '/v1/admin/sources/shop', expect=404)
            s.json('DELETE', '/v1/admin/sources/shop', expect=404)

    def test_transform_at_the_door(self):
        with Server() as s:
            self.put(s, SHOP)
            self.assertEqual(s.track('Heartbeat', user='u1'), {'success': True})
            s.track('Order Completed', user='u1', messageId='m1', context={'ip': '192.0.2.1', 'page': {'url': 'x'}},
                    properties={'order_id': 'o1', 'amount': '1.234,50', 'currency': 'EUR', 'products': [{'product_id': 'p1', 'quantity': 1, 'price': 10}]})
            events = s.json('GET', '/v1/admin/profiles/u1/events')['events']
            self.assertEqual(len(events), 1)
            entry = s.json('GET', '/v1/admin/events')['events'][0]
            body = s.json('GET', '/v1/admin/events/%s/%s' % (entry['person'], entry['id']))['event']
            self.assertEqual(body['properties']['total'], 1234.5)
            self.assertNotIn('amount', body['properties'])
            self.assertEqual(body['context'], {'page': {'url': 'x'}})
            detail = s.json('GET', '/v1/admin/sources/shop')
            self.assertEqual((detail['transformed']['events'], detail['transformed']['dropped']), (2, 1))
            field = next(f for f in detail['fields'] if f['path'] == 'properties.total')
            self.assertEqual((field['recent']['events'], field['recent']['present']), (1, 1))
            self.assertEqual(next(x for x in s.json('GET', '/v1/admin/sources')['sources'])['rejected'], 0)

    def test_dry_run_stores_nothing(self):
        with Server() as s:
            sample = [{'type': 'track', 'event': 'Order Completed', 'userId': 'u', 'properties': {'amount': '5,00'}}, {'type': 'track', 'event': 'Heartbeat', 'userId': 'u'},
                      {'type': 'track', 'event': 'Order Completed', 'properties': {'amount': 'much'}}, {'type': 'track', 'event': 'X'}]
            out = s.json('POST', '/v1/admin/sources/shop/dry-run', {'sample': sample, 'document': SHOP})
            self.assertEqual([r['verdict'] for r in out['rows']], ['fine', 'dropped', 'refused', 'refused'])
            self.assertEqual(out['rows'][0]['after']['properties'], {'total': 5})
            self.assertEqual(out['rows'][2]['field'], '/transform/1')
            self.assertEqual((out['count'], out['fine'], out['refused'], out['dropped']), (4, 1, 2, 1))
            csv = s.json('POST', '/v1/admin/sources/till/dry-run', {'sample': 'Beleg;Preis\n7;"1,50"\nbroken\n',
                         'document': {'transform': [{'do': 'rename', 'from': 'Beleg', 'to': 'order'}]}})
            self.assertEqual([r['verdict'] for r in csv['rows']], ['fine', 'refused'])
            self.assertEqual(csv['rows'][0]['after'], {'Preis': '1,50', 'order': '7'})
            lines = s.json('POST', '/v1/admin/sources/till/dry-run', {'sample': '{"a":1}\n[2]\n', 'document': {}})
            self.assertEqual([r['verdict'] for r in lines['rows']], ['fine', 'refused'])
            self.assertEqual(s.metric('kunde_events_stored_total'), 0)
            self.assertEqual(s.json('GET', '/v1/admin/sources')['sources'], [])
            s.json('POST', '/v1/admin/sources/shop/dry-run', {'sample': 5}, expect=400)

    def test_refused_events_are_kept_mended_and_replayed(self):
        with Server() as s:
            self.put(s, dict(SHOP, strict=True))
            s.json('POST', '/v1/track', {'event': 'Order Completed', 'userId': 'u1', 'properties': {'order_id': 'o1', 'amount': 'much'}}, expect=400)
            s.json('POST', '/v1/track', {'event': 'Order Completed', 'userId': 'u2', 'properties': {'order_id': 'o2', 'amount': '7', 'currency': 'USD'}}, expect=400)
            rows = s.json('GET', '/v1/admin/quarantine?source=shop')['rows']
            self.assertEqual([(r['door'], r['field']) for r in rows], [('http', '/transform/1'), ('http', '/properties/currency')])
            self.assertEqual(s.json('GET', '/v1/admin/quarantine?source=other')['rows'], [])
            problem = s.json('POST', '/v1/admin/quarantine/' + rows[0]['id'], {}, expect=400)  # still refused: it stays
            self.assertIn('/transform/1', json.dumps(problem))
            mended = json.loads(rows[0]['row'])
            mended['properties']['amount'] = '12,50'
            self.assertEqual(s.json('POST', '/v1/admin/quarantine/' + rows[0]['id'], {'row': mended})['stored'], 1)
            s.json('POST', '/v1/admin/quarantine/' + rows[0]['id'], {'row': mended}, expect=404)
            self.assertEqual(s.json('GET', '/v1/admin/profiles/u1')['counts']['order']['count'], 1)
            self.put(s, dict(SHOP, strict=True, transform=SHOP['transform'] + [{'do': 'map', 'field': 'properties.currency', 'values': {'USD': 'CHF'}}]))
            done = s.json('POST', '/v1/admin/quarantine/replay', {'source': 'shop'})
            self.assertEqual((done['replayed'], done['stored'], done['stillRefused']), (1, 1, 0))
            self.assertEqual(s.json('GET', '/v1/admin/quarantine')['rows'], [])
            self.assertEqual(s.json('GET', '/v1/admin/profiles/u2')['counts']['order']['count'], 1)

    def test_without_the_setting_nothing_is_kept(self):
        with Server() as s:
            s.json('POST', '/v1/track', {'userId': 'u1'}, expect=400)
            self.assertEqual(s.json('GET', '/v1/admin/quarantine')['rows'], [])

    def test_rows_of_files(self):
        with Server() as s, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'till.csv')
            with open(path, 'w') as f:
                f.write('Beleg;Artikel;Menge;Datum;Kunde;Preis\n1;p1;1;24.12.2025;c1;9,50\n1;p2;2;24.12.2025;c1;4,00\n2;p1;eins;25.12.2025;c2;9,50\n3;p9;1;TEST;c3;1\n')
            till = {'kind': 'till', 'owner': 'Stores', 'purposes': ['operate'], 'transform': [
                {'do': 'rename', 'from': 'Beleg', 'to': 'order'}, {'do': 'rename', 'from': 'Artikel', 'to': 'product'}, {'do': 'rename', 'from': 'Menge', 'to': 'quantity'},
                {'do': 'drop-event', 'when': "Datum == 'TEST'"}, {'do': 'compute', 'field': 'time', 'expression': "date(Datum, 'dd.mm.yyyy')"},
                {'do': 'rename', 'from': 'Kunde', 'to': 'customer'}, {'do': 'compute', 'field': 'price', 'expression': "number(Preis, ',')"}]}
            self.put(s, till, 'till')
            code, out, err = s.command('import', 'orders', path, '--source', 'till', '--json', '--dry-run')
            self.assertEqual((code, json.loads(out)[0]['quarantined'], json.loads(out)[0]['stored']), (0, 1, 0), err)
            code, out, err = s.command('import', 'orders', path, '--source', 'till', '--json')
            counts = json.loads(out)[0]
            self.assertEqual((code, counts['rows'], counts['quarantined'], counts['dropped'], counts['stored'], counts['revenue']), (0, 3, 1, 1, 1, 17.5), err)
            row = s.json('GET', '/v1/admin/quarantine?source=till')['rows'][0]
            self.assertEqual((row['line'], row['field'], row['row'], row['columns']), (4, 'quantity', '2;p1;eins;25.12.2025;c2;9,50', 'Beleg;Artikel;Menge;Datum;Kunde;Preis'))
            s.json('POST', '/v1/admin/quarantine/' + row['id'], {'row': 'a\nb'}, expect=400)
            # mended by the transform, replayed by the command; again is no second event
            till['transform'].insert(3, {'do': 'map', 'field': 'quantity', 'values': {'eins': '1'}})
            self.put(s, till, 'till')
            code, out, err = s.command('import', '--quarantine', '--replay', '--json')
            self.assertEqual((code, json.loads(out)), (0, {'replayed': 1, 'stillRefused': 0, 'stored': 1, 'duplicates': 0, 'dropped': 0}), err)
            self.assertEqual(s.json('GET', '/v1/admin/profiles/c2')['counts']['order']['count'], 1)
            self.assertEqual(s.json('GET', '/v1/admin/quarantine')['rows'], [])
            steps = s.json('GET', '/v1/admin/steps')
            run = next(r for r in steps['runs'] if r['step'] == 'import')
            self.assertEqual((run['source'], run['rowsIn'], run['rejected'], run['dropped'], run['about']), ('till', 4, 1, 1, 'orders till.csv'))
            self.assertEqual([c['step'] for c in steps['chain']], ['import', 'collect', 'transform', 'store', 'fold', 'checkpoint', 'train', 'publish'])

    def test_customers_replay_as_the_mended_file_would(self):
        """The row mended here and the same row mended in its file are one event."""
        with Server() as s, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'events.csv')
            def write(third):
                with open(path, 'w') as f:
                    f.write('event,userId,time\nA,u1,2026-01-01\nB,u1,2026-01-02\nC,u1,%s\n' % third)
            write('never')
            code, out, err = s.command('import', 'events', path, '--json')
            self.assertEqual(json.loads(out)[0]['quarantined'], 1, err)
            row = s.json('GET', '/v1/admin/quarantine')['rows'][0]
            self.assertEqual(s.json('POST', '/v1/admin/quarantine/' + row['id'], {'row': 'C,u1,2026-01-03'})['stored'], 1)
            write('2026-01-03')
            code, out, err = s.command('import', 'events', path, '--json')
            self.assertEqual((json.loads(out)[0]['stored'], json.loads(out)[0]['duplicates']), (0, 3), err)

    def test_drift(self):
        with Server() as s:
            self.put(s, {'schema': {'Product Viewed': {'properties.size': {'type': 'text', 'required': True}, 'properties.price': {'type': 'number'},
                                                       'properties.always': {'type': 'text'}}}})
            def send(day, n, size, price):
                batch = [{'type': 'track', 'event': 'Product Viewed', 'userId': 'u%d' % (i % 50), 'messageId': 'd%s-%d' % (day, i), 'timestamp': iso(day), 'originalTimestamp': iso(day),
                          'properties': dict({'product_id': 'p', 'price': price, 'always': 'abc'[i % 3]}, **({'size': size} if i % 10 < (9 if day > 2 else 4) else {}))} for i in range(n)]
                s.json('POST', '/v1/batch', {'batch': batch})
            for day in range(3, 9):
                send(day, 120, 'M', 20)
            send(0, 250, 'M', 2000)
            detail = s.json('GET', '/v1/admin/sources/shop')
            fields = {f['path']: f for f in detail['fields']}
            self.assertEqual(fields['properties.size']['drift'], ['share'])
            self.assertEqual(fields['properties.price']['drift'], ['values'])
            self.assertGreater(fields['properties.price']['stabilityIndex'], 1)
            self.assertEqual(fields['properties.always']['drift'], [])
            self.assertEqual((detail['state'], detail['drifting']), ('drifting', True))
            self.assertLess(detail['completeness'], 0.6)
            findings = s.json('GET', '/v1/admin/sources')['findings']
            self.assertIn({'kind': 'drift', 'source': 'shop'}, findings)
            s.stop()
            s.start()  # the counts are there again
            after = {f['path']: f for f in s.json('GET', '/v1/admin/sources/shop')['fields']}
            self.assertEqual(after, fields)
            # a field that stays keeps its counts when the schema changes
            self.put(s, {'schema': {'Product Viewed': {'properties.size': {'type': 'text'}}}})
            self.assertEqual(s.json('GET', '/v1/admin/sources/shop')['fields'][0]['before']['events'], 720)

    def test_lineage(self):
        with Server() as s:
            s.json('POST', '/v1/identify', {'userId': 'u1', 'messageId': 'i1', 'traits': {'city': 'Bonn', 'email': 'a@example.org'}})
            s.json('POST', '/v1/identify', {'userId': 'u1', 'messageId': 'i2', 'traits': {'city': 'Kiel'}})
            s.track('Order Completed', user='u1', messageId='o1', properties={'order_id': 'o', 'products': [{'product_id': 'p1', 'quantity': 1, 'price': 5}]})
            s.track('Product Viewed', user='u1', messageId='v1', properties={'product_id': 'p1'})
            fields = {f['field']: f for f in s.json('GET', '/v1/admin/profiles/u1/lineage')['fields']}
            self.assertTrue(all(f['purposes'] for f in fields.values()), fields) # what it may serve, by its document or its class
            self.assertEqual((fields['traits.city']['value'], fields['traits.city']['event']['source']), ('Kiel', 'shop'))
            event = fields['traits.city']['event']
            self.assertEqual(s.json('GET', '/v1/admin/events/%s/%s' % (event['person'], event['id']))['messageId'], 'i2')
            self.assertEqual(fields['counts.order.first']['event']['name'], 'Order Completed')
            self.assertEqual(fields['bought.p1']['value']['units'], 1)
            self.assertIsNotNone(fields['identities.email']['event'])
            one = s.json('GET', '/v1/admin/profiles/u1/lineage?field=recent.view')['fields']
            self.assertEqual([f['event']['name'] for f in one], ['Product Viewed'])
            self.assertEqual(s.json('GET', '/v1/admin/profiles/u1/lineage?field=traits.nothing')['fields'], [])
            s.json('GET', '/v1/admin/profiles/nobody/lineage', expect=404)

    def test_training_is_seen_stage_by_stage(self):
        with Server() as s:
            for i in range(30):
                s.track('Order Completed', user='u%d' % (i % 6), messageId='o%d' % i, properties={'order_id': 'o%d' % i, 'products': [{'product_id': 'p%d' % (i % 5), 'quantity': 1, 'price': 5}]})
            s.json('POST', '/v1/admin/train', {})
            steps = s.json('GET', '/v1/admin/steps')
            names = {r['step'] for r in steps['runs']}
            self.assertTrue({'train', 'train-stage', 'publish'} <= names, names)
            self.assertTrue(all(r['milliseconds'] >= 0 and not r['failed'] for r in steps['runs']))

    def test_killed_while_replaying(self):
        """Kill -9 between the event and the end of its record: replayed again, nothing counts twice and nothing is lost."""
        with Server() as s, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'e.csv')
            with open(path, 'w') as f:
                f.write('event,userId,time\n' + ''.join('E,u%d,bad\n' % i for i in range(400)))
            s.command('import', 'events', path, '--json', '--source', 'log')
            transform = {'transform': [{'do': 'map', 'field': 'time', 'values': {'bad': '2026-01-01'}}]}
            self.put(s, transform, 'log')
            def replay():
                try:
                    s.json('POST', '/v1/admin/quarantine/replay', {})
                except Exception:
                    pass
            for wait in (0.02, 0.1, 0.3):
                thread = threading.Thread(target=replay)
                thread.start()
                time.sleep(wait)
                s.kill()
                thread.join()
                s.start()
            while s.json('POST', '/v1/admin/quarantine/replay', {})['replayed']:
                pass
            self.assertEqual(s.json('GET', '/v1/admin/quarantine')['rows'], [])
            log = next(x for x in s.json('GET', '/v1/admin/sources')['sources'] if x['source'] == 'log')
            self.assertEqual(log['events'], 400)


if __name__ == '__main__':
    unittest.main()
