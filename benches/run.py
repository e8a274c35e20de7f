"""./bench: ratios against a named baseline in one interleaved run, medians. Writes what it measured as Markdown to stdout."""
import argparse, base64, http.client, json, os, platform, re, shutil, signal, sqlite3, statistics, subprocess, sys, tempfile, time

import dashboard

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
KUNDE = os.path.join(ROOT, 'build', 'kunde')
TOOLS = os.path.join(ROOT, 'build', 'benches')
SHARED = os.environ.get('KD_SHARED', os.path.join(ROOT, '..', 'shared'))
WRITE_KEY, SERVER_KEY = 'wk_bench_0123456789', 'sk_bench_0123456789abcdef'
AUTH = base64.b64encode((WRITE_KEY + ':').encode()).decode()
TICK = os.sysconf('SC_CLK_TCK')
ROWS = []


def note(what, figure, baseline='', ratio='', target=''):
    ROWS.append((what, figure, baseline, ratio, target))
    print('  ' + ' | '.join(x for x in (what, figure, baseline, ratio, target) if x), file=sys.stderr, flush=True)


def median(values, digits=2):
    return round(statistics.median(values), digits)


def spread(values, digits=2):
    return '%s [%s-%s]' % (median(values, digits), round(min(values), digits), round(max(values), digits))


class Server:
    def __init__(self, folder, *flags):
        self.folder, self.db = folder, os.path.join(folder, 'kunde.db')
        started = time.monotonic()
        self.p = subprocess.Popen([KUNDE, 'serve', '--db', self.db, '--port', '0', '--train-interval-s', '0', *flags], stdout=subprocess.PIPE, stderr=open(os.path.join(folder, 'log'), 'ab'),
                                  env=dict(os.environ, KUNDE_WRITE_KEY=WRITE_KEY, KUNDE_SERVER_KEY=SERVER_KEY))
        while True:
            line = self.p.stdout.readline().decode()
            if not line:
                sys.exit('the server did not start: ' + open(os.path.join(folder, 'log')).read()[-500:])
            if line.startswith('url: '):
                self.port = int(re.search(r':(\d+)/', line).group(1))
            if line.startswith('login: '):
                break
        self.cpu_at_start = self.cpu()
        c = http.client.HTTPConnection('127.0.0.1', self.port)
        c.request('GET', '/readyz')
        if c.getresponse().status != 200:
            sys.exit('the server started and is not ready')
        self.start_s = time.monotonic() - started

    def cpu(self):
        return cpu_of(self.p.pid)

    def rss_mb(self):
        return int(re.search(r'VmRSS:\s+(\d+)', open('/proc/%d/status' % self.p.pid).read()).group(1)) / 1024

    def written(self):
        return int(re.search(r'^write_bytes: (\d+)', open('/proc/%d/io' % self.p.pid).read(), re.M).group(1))

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        self.p.wait()

    def kill(self):
        self.p.kill()
        self.p.wait()


def cpu_of(*pids):
    used = 0
    for pid in pids:
        fields = open('/proc/%d/stat' % pid).read().rsplit(')', 1)[1].split()
        used += int(fields[11]) + int(fields[12])
    return used / TICK


def tool(name, *arguments):
    out = subprocess.run([os.path.join(TOOLS, name), *map(str, arguments)], stdout=subprocess.PIPE, check=True).stdout
    return json.loads(out)


def ingest(folder, events, rounds):
    """Chunks of Kunde over HTTP, of bare SQLite, and of nginx with the same requests, in turn. nginx reads a batch and says 200; it
    keeps nothing and waits for no disk: the least that such a request takes here, and how long the slowest of a hundred take of it."""
    shop = os.path.join(folder, 'ingest')
    os.mkdir(shop)
    s = Server(shop)
    tool('load', s.port, AUTH, 200000, 100000, 3, 8, 1)
    n, nginx_port = nginx(folder)
    db = sqlite3.connect('file:%s?mode=ro' % s.db, uri=True)
    facts, body = db.execute('SELECT avg(length(facts)), avg(length(body)) FROM log').fetchone()
    db.close()
    bare = os.path.join(folder, 'bare.db')
    tool('bare_sqlite', bare, 1000000, round(facts), round(body))
    for per_person, chunks in ((3, rounds), (1, max(2, rounds // 3))):
        ratio, rate, cpu_ratio, bare_cpu, tails, middles, n_tails, n_middles, tail_ratio, n_cpu = [], [], [], [], [], [], [], [], [], []
        for r in range(chunks):
            b = tool('bare_sqlite', bare, 200000, round(facts), round(body))
            before = cpu_of(*workers(n))
            w = tool('load', nginx_port, AUTH, events // rounds, 100000, per_person, 8, 2 + r + 100 * per_person)
            n_cpu.append((cpu_of(*workers(n)) - before) / w['events'] * 1e6)
            cpu, wrote = s.cpu(), s.written()
            k = tool('load', s.port, AUTH, events // rounds, 100000, per_person, 8, 2 + r + 100 * per_person)
            cpu_us = (s.cpu() - cpu) / k['events'] * 1e6
            bytes_each = (s.written() - wrote) / k['events']
            rate.append(k['events_s'])
            ratio.append(k['events_s'] / b['rows_s'])
            cpu_ratio.append(cpu_us)
            bare_cpu.append(b['cpu_s'] / b['rows'] * 1e6)
            for list_of, value in ((tails, k['p99_us']), (middles, k['p50_us']), (n_tails, w['p99_us']), (n_middles, w['p50_us'])):
                list_of.append(value / 1000)
            tail_ratio.append(k['p99_us'] / max(1, w['p99_us']))
            print('    round %d: %.0f events/s, bare %.0f rows/s, %.1f us CPU an event, %.0f bytes written, p99 %.1f ms, nginx %.1f ms' %
                  (r, k['events_s'], b['rows_s'], cpu_us, bytes_each, tails[-1], n_tails[-1]), file=sys.stderr, flush=True)
        which = '%d event%s a person a batch' % (per_person, 's' if per_person > 1 else '')
        note('durable HTTP ingest, batches of 100, ' + which, '%s events/s, %.0f bytes written an event' % (spread(rate, 0), bytes_each), 'bare SQLite, same rows, commits of 100', spread(ratio),
             '0.25 and 35,000/s' if per_person == 3 else '')
        note('its CPU an event, ' + which, '%s us' % spread(cpu_ratio, 1), 'bare SQLite %s us; nginx, same requests, %s us' % (spread(bare_cpu, 1), spread(n_cpu, 1)))
        note('its p50 and p99 of a batch, 8 connections, ' + which, '%s and %s ms' % (spread(middles, 1), spread(tails, 1)), 'nginx, same requests, which waits for no disk: %s and %s ms' % (spread(n_middles, 1), spread(n_tails, 1)),
             'p99: %s' % spread(tail_ratio, 1))
    n.terminate()
    n.wait()
    note('stored row', '%.0f bytes of facts, %.0f of sealed body' % (facts, body))
    note('memory of the server after it', '%.0f MB' % s.rss_mb())
    s.stop()
    s = Server(shop)
    note('start with that history', '%.2f s' % s.start_s, '', '', 'under 1 s')
    s.kill()
    s = Server(shop)
    s.stop()


def start(folder, events, tail, rounds):
    """From the start of the process to /readyz 200, after kill -9, with `events` in the store and a tail that no checkpoint has."""
    shop = os.path.join(folder, 'start')
    os.mkdir(shop)
    s = Server(shop)
    tool('load', s.port, AUTH, events, 100000, 3, 8, 1)
    s.stop()
    clean = []
    for _ in range(rounds):
        s = Server(shop)
        clean.append(s.start_s)
        s.stop()
    note('start to /readyz 200, %d events in the store, after a clean stop' % events, '%s s' % spread(clean), '', '', 'under 1 s')
    for times in (1, 2):  # as many as checkpoint_events lets gather, and twice that: a checkpoint under way while as many come again
        s = Server(shop, '--checkpoint-events', '100000000')
        tool('load', s.port, AUTH, tail, 100000, 3, 8, 1 + times)
        s.kill()
        took, cpu = [], []
        for _ in range(rounds):
            s = Server(shop)
            took.append(s.start_s)
            cpu.append(s.cpu_at_start)
            s.kill()  # before it could write a checkpoint: the tail stays
            replayed = int(re.findall(r'replayed=(\d+)', open(os.path.join(shop, 'log')).read())[-1])
            if replayed < tail * times:
                sys.exit('%d events were folded again, and not %d: a checkpoint came between' % (replayed, tail * times))
        note('the same after kill -9, %d of them to be folded again' % (tail * times), '%s s; %s s CPU' % (spread(took), spread(cpu)), '', '', 'under 1 s')


def nginx(folder):
    conf = os.path.join(folder, 'nginx.conf')
    port = 18099
    with open(conf, 'w') as f:
        f.write('worker_processes 2; pid %s/nginx.pid; error_log %s/nginx.log; events {} http { access_log off; client_body_buffer_size 64k; keepalive_requests 100000000; '
                'server { listen 127.0.0.1:%d; location / { return 200 "ok"; } } }' % (folder, folder, port))
    p = subprocess.Popen(['/usr/sbin/nginx', '-c', conf, '-g', 'daemon off;'], stderr=subprocess.DEVNULL)
    time.sleep(.5)
    return p, port


def workers(nginx_process):
    """The processes that serve."""
    with open('/proc/%d/task/%d/children' % (nginx_process.pid, nginx_process.pid)) as f:
        return [int(pid) for pid in f.read().split()]


def known_people(s, customers, path):
    """Those of the demo's customers that the shop knows by a user id: each decision is then a personal one."""
    c = http.client.HTTPConnection('127.0.0.1', s.port)
    known = 0
    with open(path, 'w') as f:
        for i in range(1, customers + 1):
            c.request('GET', '/v1/admin/profiles/c-%06d/events?limit=1' % i, headers={'Authorization': 'Bearer ' + SERVER_KEY})
            answer = c.getresponse()
            answer.read()
            if answer.status == 200:
                known += 1
                f.write('c-%06d\n' % i)
    return known


def wrk(port, seconds, connections, people):
    out = subprocess.run(['wrk', '-t1', '-c%d' % connections, '-d%ds' % seconds, '-s', os.path.join(HERE, 'decide.lua'), 'http://127.0.0.1:%d' % port], stdout=subprocess.PIPE, check=True,
                         env=dict(os.environ, BENCH_PEOPLE=people, BENCH_SERVER_KEY=SERVER_KEY)).stdout.decode()
    return json.loads(out.strip().splitlines()[-1])


def decide(folder, customers, products, rounds, seconds):
    shop = os.path.join(folder, 'decide')
    os.mkdir(shop)
    started = time.monotonic()
    subprocess.run([KUNDE, 'demo', '--db', os.path.join(shop, 'kunde.db'), '--customers', str(customers), '--products', str(products)], check=True, stdout=subprocess.PIPE,
                   env=dict(os.environ, KUNDE_WRITE_KEY=WRITE_KEY, KUNDE_SERVER_KEY=SERVER_KEY))
    note('demo of %d customers, %d products' % (customers, products), '%.1f s' % (time.monotonic() - started))
    s = Server(shop)
    n, nginx_port = nginx(folder)
    people = os.path.join(folder, 'people')
    known = known_people(s, customers, people)
    try:
        wrk(s.port, seconds, 32, people)
        ratio, cpu, rate, tail, half = [], [], [], [], []
        for _ in range(rounds):
            base = wrk(nginx_port, seconds, 32, people)
            before = s.cpu()
            k = wrk(s.port, seconds, 32, people)
            if k['errors']:
                sys.exit('%d answers were errors' % k['errors'])
            cpu.append((s.cpu() - before) / k['requests'] * 1e6)
            rate.append(k['requests_s'])
            ratio.append(k['requests_s'] / base['requests_s'])
            tail.append(k['p99_us'] / max(1, base['p99_us']))
            half.append(wrk(s.port, seconds, 4, people)['p50_us'])
        note('POST /v1/decide, 10 personal recommendations, %d products, %d customers of whom %d are known and asked for' % (products, customers, known), '%s/s, %s us CPU' % (spread(rate, 0), spread(cpu, 1)), 'nginx return 200, same POST',
             spread(ratio), '0.35, 40 us')
        note('its p99 beside nginx\'s', '', 'nginx p99', spread(tail, 1))
        note('its p50 with 4 connections', '%s us' % spread(half, 0), '', '', '200 us at half load')
        note('memory of the server', '%.0f MB' % s.rss_mb())
    finally:
        n.terminate()
        s.stop()


def import_retail(folder, rounds):
    path = os.path.join(SHARED, 'data', 'online-retail', 'lines.csv.gz')
    if not os.path.exists(path):
        note('import of online-retail', 'not measured: the file is not there')
        return
    rates = []
    for r in range(rounds):
        shop = os.path.join(folder, 'import%d' % r)
        os.mkdir(shop)
        Server(shop).stop()
        started = time.monotonic()
        subprocess.run([KUNDE, 'import', 'orders', path, '--db', os.path.join(shop, 'kunde.db'), '--currency', 'GBP', '--json'], check=True, stdout=subprocess.PIPE)
        rates.append(541909 / (time.monotonic() - started))
        shutil.rmtree(shop)
    note('kunde import orders, online-retail, whole command', '%s rows/s' % spread(rates, 0), '', '', '150,000 rows/s')


def train(rounds):
    t = [tool('bench_train') for _ in range(rounds)]
    for name in sorted(k for k in t[0] if k.endswith('_s') and k != 'baseline_s'):
        note('item-item training, 1 M interactions, ' + name[:-2], '%s s' % spread([x[name] for x in t]), 'hash-map counter', spread([x['baseline_s'] / x[name] for x in t]), '3 s' if 'cosine' in name or 'rp3' in name else '')


def demo(folder):
    shop = os.path.join(folder, 'demo')
    os.mkdir(shop)
    started = time.monotonic()
    subprocess.run([KUNDE, 'demo', '--db', os.path.join(shop, 'kunde.db')], check=True, stdout=subprocess.PIPE, env=dict(os.environ, KUNDE_WRITE_KEY=WRITE_KEY, KUNDE_SERVER_KEY=SERVER_KEY))
    note('kunde demo (20,000 customers, 2,000 products, a year)', '%.1f s' % (time.monotonic() - started), '', '', '15 s')
    s = Server(shop)
    known_people(s, 20000, os.path.join(folder, 'people'))
    wrk(s.port, 3, 8, os.path.join(folder, 'people'))
    note('its server: start, memory after use', '%.2f s, %.0f MB' % (s.start_s, s.rss_mb()), '', '', '1 s, 300 MB')
    s.stop()


def pages(rounds):
    """Time to interactive in Chromium, where there is one: ./test installs it."""
    browser = os.path.join(ROOT, 'tests', 'browser')
    chromium = os.environ.get('KD_CHROMIUM') or shutil.which('chromium')
    if not chromium or not os.path.isdir(os.path.join(browser, 'node_modules')):
        print('pages: not measured; ./test brings the browser and its packages', file=sys.stderr)
        return
    out = subprocess.run(['node', 'interactive.mjs', str(rounds)], cwd=browser, check=True, stdout=subprocess.PIPE, env=dict(os.environ, KD_KUNDE=KUNDE, KD_CHROMIUM=chromium)).stdout
    for row in map(json.loads, out.decode().splitlines()):
        note('page %s, interactive on loopback, cold' % row['page'], '%s ms' % spread(row['ms'], 0), '', '', '1000 ms')


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--quick', action='store_true', help='a tenth of the work: to see that it runs, not to quote')
    p.add_argument('only', nargs='*', help='demo ingest decide import train dashboard live start pages')
    a = p.parse_args()
    folder = tempfile.mkdtemp(prefix='kunde-bench-', dir=os.environ.get('KD_BENCH_DIR'))
    want = lambda name: not a.only or name in a.only
    try:
        if want('train'): train(3 if a.quick else 5)
        if want('demo'): demo(folder)
        if want('import'): import_retail(folder, 1 if a.quick else 5)
        if want('decide'): decide(folder, 10000 if a.quick else 100000, 2000 if a.quick else 20000, 3 if a.quick else 5, 2 if a.quick else 5)
        if want('dashboard'): dashboard.dashboard(sys.modules[__name__], folder, 20000 if a.quick else 1000000, 2000 if a.quick else 20000, 220)
        if want('live'): dashboard.live(sys.modules[__name__], folder, 100000 if a.quick else 500000, 3 if a.quick else 7)
        if want('pages'): pages(3 if a.quick else 7)
        if want('start'): start(folder, 100000 if a.quick else 1000000, 12000 if a.quick else 120000, 5)
        if want('ingest'): ingest(folder, 500000 if a.quick else 5000000, 3 if a.quick else 10)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    cpu = re.search(r'model name\s*: (.*)', open('/proc/cpuinfo').read()).group(1)
    print('%s, %d cores, %s, %s\n' % (cpu, os.cpu_count(), platform.platform(terse=True), time.strftime('%Y-%m-%d')))
    print('| what | figure, median [min-max] | baseline | ratio | target |\n| --- | --- | --- | --- | --- |')
    for row in ROWS:
        print('| ' + ' | '.join(row) + ' |')


if __name__ == '__main__':
    main()
