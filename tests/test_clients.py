"""Published clients against a real server: Segment's and RudderStack's Node SDKs, and redocly over the OpenAPI document."""
import json, os, subprocess, tempfile, unittest
from harness import ROOT, SERVER_KEY, WRITE_KEY, Server

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'clients')


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not os.path.isdir(os.path.join(CLIENTS, 'node_modules')):
            subprocess.run(['npm', 'install', '--no-save', '--omit=optional', '--no-audit', '--no-fund', '--ignore-scripts', '--silent'], cwd=CLIENTS, check=True, timeout=600)
        cls.s = Server()

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def node(self, script, *arguments):
        done = subprocess.run(['node', script, *arguments], cwd=CLIENTS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr.decode()[-2000:] + done.stdout.decode()[-1000:])
        return json.loads(done.stdout.decode().strip().splitlines()[-1])

    def test_segment_analytics_node(self):
        for key in (WRITE_KEY, SERVER_KEY):
            self.node('segment.mjs', self.s.url, key)
        profile = self.s.json('GET', '/v1/admin/profiles/seg-user')
        self.assertEqual({k: profile['counts'][k]['count'] for k in ('identify', 'page', 'screen', 'group', 'alias', 'view', 'order')},
                         dict(identify=2, page=2, screen=2, group=2, alias=2, view=24, order=2))
        events = self.s.json('GET', '/v1/admin/profiles/seg-user/events?limit=100')['events']
        self.assertTrue(all(e['messageId'].startswith('node-next-') for e in events))
        orders = [e for e in events if e['event'].get('event') == 'Order Completed']
        self.assertEqual(len(orders), 2)
        for e in orders:  # corrected by the time between sentAt and arrival, as the convention has it
            self.assertEqual(e['event']['timestamp'], '2026-02-03T04:05:06.789Z')
            self.assertRegex(e['timestamp'], r'^2026-02-03T04:05:(0[6-9]|1\d)')
        self.assertEqual({e['claimed'] for e in events}, {True, False})

    def test_rudder_sdk_node(self):
        self.node('rudder.mjs', self.s.url, WRITE_KEY)
        profile = self.s.json('GET', '/v1/admin/profiles/rud-user')
        self.assertEqual({k: profile['counts'][k]['count'] for k in ('identify', 'cart_add', 'order')}, dict(identify=1, cart_add=12, order=1))

    def test_openapi_is_clean_under_redocly(self):
        with tempfile.NamedTemporaryFile('wb', suffix='.json', delete=False) as f:
            f.write(self.s.request('GET', '/openapi.json')[2])
        done = subprocess.run(['node_modules/.bin/redocly', 'lint', f.name, '--format', 'json'], cwd=CLIENTS, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=dict(os.environ, REDOCLY_TELEMETRY='off'), timeout=120)
        os.unlink(f.name)
        found = json.loads(done.stdout.decode())
        self.assertEqual((found['totals']['errors'], found['totals']['warnings']), (0, 0), json.dumps(found['problems'])[:3000])
