"""The dashboard's questions at the size of a large shop, and what a listener of the live stream costs. Run by run.py."""
import http.client, json, os, random, socket, subprocess, threading, time

WARM, ASKED = 20, 300  # of each question: not counted, counted
AT_ONCE = 4            # people with the dashboard open


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))]


class Asker:
    def __init__(self, port, key):
        self.connection = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
        self.headers = {'Authorization': 'Bearer ' + key, 'Content-Type': 'application/json'}

    def ask(self, method, path, body=None):
        started = time.monotonic()
        self.connection.request(method, path, json.dumps(body) if body is not None else None, self.headers)
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise SystemExit('%s %s: %d %s' % (method, path, answer.status, data[:300]))
        return (time.monotonic() - started) * 1e3, data


def questions(first, customers, products):
    """Name -> what makes one request; people and products are drawn, so that most are asked for the first time."""
    person = lambda r: r.choice(first)
    return {
        'people search by e-mail': lambda r: ('POST', '/v1/admin/search', {'q': 'c%06d@example.com' % r.randint(1, customers)}),
        'person by customer number': lambda r: ('POST', '/v1/admin/profiles/find', {'id': person(r)}),
        'timeline of a person': lambda r: ('GET', '/v1/admin/profiles/%s/events?limit=50' % person(r), None),
        'people seen lately': lambda r: ('GET', '/v1/admin/profiles?limit=20', None),
        'newest events': lambda r: ('GET', '/v1/admin/events?limit=50', None),
        'pulse of a year': lambda r: ('GET', '/v1/admin/pulse', None),
        'sources': lambda r: ('GET', '/v1/admin/sources', None),
        'state': lambda r: ('GET', '/v1/admin/state', None),
        'catalogue, a page': lambda r: ('GET', '/v1/admin/products?limit=50&cursor=%d' % r.randint(0, products - 50), None),
        'catalogue, by words': lambda r: ('GET', '/v1/admin/products?limit=50&q=' + r.choice(['jacket', 'nordkap+jeans', 'light+shirt', 'P00042', 'zzz']), None),
        'categories': lambda r: ('GET', '/v1/admin/categories', None),
        'product with variants and neighbours': lambda r: ('GET', '/v1/admin/products/P%05d' % r.randint(1, products), None),
        'recommendations with reasons': lambda r: ('POST', '/v1/recommend', {'customer': {'userId': person(r)}, 'recipe': 'for-you', 'count': 10, 'explain': True}),
    }


def known(port, key, customers, wanted):
    """User ids that the shop knows: not every customer ever logs in."""
    asker, found, r = Asker(port, key), [], random.Random(1)
    while len(found) < wanted:
        user = 'c-%06d' % r.randint(1, customers)
        asker.connection.request('POST', '/v1/admin/profiles/find', json.dumps({'id': user}), asker.headers)
        answer = asker.connection.getresponse()
        answer.read()
        if answer.status == 200:
            found.append(user)
    return found


def measure(port, key, make, seed):
    times = []

    def one(n):
        asker, r = Asker(port, key), random.Random(seed * 100 + n)
        for i in range((WARM + ASKED) // AT_ONCE):
            took, _ = asker.ask(*make(r))
            if i >= WARM // AT_ONCE:
                times.append(took)
    threads = [threading.Thread(target=one, args=(n,)) for n in range(AT_ONCE)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return times


def dashboard(run, folder, customers, products, days):
    shop = os.path.join(folder, 'dashboard')
    os.mkdir(shop)
    made = json.loads(subprocess.run([run.KUNDE, 'demo', '--db', os.path.join(shop, 'kunde.db'), '--customers', str(customers), '--products', str(products), '--days', str(days), '--json'],
                                     check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(os.environ, KUNDE_WRITE_KEY=run.WRITE_KEY, KUNDE_SERVER_KEY=run.SERVER_KEY)).stdout.decode().splitlines()[-1])
    run.note('the shop behind it', '%d customers, %d events, %d products; made in %.0f s' % (made['customers'], made['events'], made['products'], made['seconds']))
    ask(run, run.Server(shop), made['customers'], made['products'])


def ask(run, server, customers, products):
    try:
        people = known(server.port, run.SERVER_KEY, customers, 2000)
        slowest = 0
        for seed, (name, make) in enumerate(questions(people, customers, products).items()):
            times = measure(server.port, run.SERVER_KEY, make, seed)
            slowest = max(slowest, percentile(times, 95))
            run.note('dashboard: ' + name, 'p50 %.1f ms, p95 %.1f ms, p99 %.1f ms' % tuple(percentile(times, p) for p in (50, 95, 99)), '', '', 'p95 50 ms')
        run.note('dashboard: the slowest p95', '%.1f ms' % slowest, '', '', '50 ms')
        run.note('start with that shop', '%.2f s' % server.start_s, '', '', 'under 1 s')
        run.note('memory of the server', '%.0f MB' % server.rss_mb())
    finally:
        server.stop()


class Listener(threading.Thread):
    """Reads the live stream as a browser would, and counts."""
    def __init__(self, port, key):
        super().__init__(daemon=True)
        self.socket = socket.create_connection(('127.0.0.1', port))
        self.socket.sendall(('GET /v1/admin/live HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nAccept: text/event-stream\r\n\r\n' % key).encode())
        self.bytes = self.entries = 0

    def run(self):
        try:
            while data := self.socket.recv(1 << 18):
                self.bytes += len(data)
                self.entries += data.count(b'event: entry')
        except OSError:
            pass

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.join()


def live(run, folder, events, rounds):
    """CPU of the server for an event, with nobody and with one reader at the live stream, in turn."""
    shop = os.path.join(folder, 'live')
    os.mkdir(shop)
    s = run.Server(shop)
    run.tool('load', s.port, run.AUTH, 100000, 100000, 3, 8, 1)
    ratio, alone, watched, seen = [], [], [], 0

    def cost(seed):
        cpu = s.cpu()
        k = run.tool('load', s.port, run.AUTH, events, 100000, 3, 8, seed)
        return (s.cpu() - cpu) / k['events'] * 1e6

    for r in range(rounds):
        for watch in (False, True) if r % 2 else (True, False):  # an event costs more as profiles fill up: neither is always second
            if not watch:
                alone.append(cost(100 + r))
                continue
            listener = Listener(s.port, run.SERVER_KEY)
            listener.start()
            time.sleep(.2)
            watched.append(cost(200 + r))
            listener.stop()
            seen += listener.entries
        ratio.append(watched[-1] / alone[-1])
    run.note('ingest with a reader at the live stream, CPU an event', '%s us; the reader got %d entries' % (run.spread(watched, 1), seen), 'nobody there: %s us' % run.spread(alone, 1), run.spread(ratio, 3), '1.03')
    s.stop()
