"""Starts real kunde processes for the tests above the C level: HTTP, command line, crashes, SDK clients."""
import base64, http.client, json, os, re, shutil, signal, socket, subprocess, sys, tempfile, time, unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KUNDE = os.environ.get('KD_KUNDE', os.path.join(ROOT, 'build-test', 'kunde'))
SHARED = os.environ.get('KD_SHARED', os.path.join(ROOT, '..', 'shared'))
WRITE_KEY, SERVER_KEY = 'wk_test_0123456789abcdef', 'sk_test_0123456789abcdef0123456789abcdef'


def shared(*parts):
    path = os.path.join(SHARED, *parts)
    if not os.path.exists(path):
        raise unittest.SkipTest('no %s beside the project' % '/'.join(parts))
    return path


def environment(**more):
    env = dict(os.environ, KUNDE_WRITE_KEY=WRITE_KEY, KUNDE_SERVER_KEY=SERVER_KEY)
    env.setdefault('ASAN_OPTIONS', 'abort_on_error=1:detect_leaks=1')
    env.update({k: str(v) for k, v in more.items()})
    return env


def kunde(*arguments, input=None, cwd=None, timeout=300, **env):
    """Runs a command to its end: (exit code, stdout, stderr)."""
    done = subprocess.run([KUNDE, *map(str, arguments)], input=input, cwd=cwd, env=environment(**env), timeout=timeout,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout.decode('utf-8', 'replace'), done.stderr.decode('utf-8', 'replace')


class Server:
    """A server on a free port, with its database in a folder of its own (or in `folder`, which is kept)."""

    def __init__(self, folder=None, flags=(), wrapper=(), ready_s=60, **env):
        self.own = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix='kunde-test-')
        self.db = os.path.join(self.folder, 'kunde.db')
        self.flags, self.wrapper, self.env, self.ready_s = list(flags), list(wrapper), env, ready_s
        self.start()

    def start(self):
        self.log = open(os.path.join(self.folder, 'log'), 'ab')
        self.process = subprocess.Popen([*self.wrapper, KUNDE, 'serve', '--db', self.db, '--port', '0', *self.flags], env=environment(**self.env),
                                        stdout=subprocess.PIPE, stderr=self.log)
        self.lines = {}
        deadline = time.monotonic() + self.ready_s
        while 'login' not in self.lines:
            line = self.process.stdout.readline().decode()
            if not line or time.monotonic() > deadline:
                raise AssertionError('the server did not start: ' + self.log_text()[-2000:])
            name, _, value = line.rstrip('\n').partition(': ')
            self.lines[name] = value
        self.url = self.lines['url'].rstrip('/')
        self.port = int(self.url.rsplit(':', 1)[1])

    def log_text(self):
        self.log.flush()
        with open(self.log.name, errors='replace') as f:
            return f.read()

    def connection(self, timeout=60):
        return http.client.HTTPConnection('127.0.0.1', self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None, key=None, connection=None):
        """(status, headers, bytes)"""
        c = connection or self.connection()
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault('Content-Type', 'application/json')
        if key == 'write':
            headers['Authorization'] = 'Basic ' + base64.b64encode((WRITE_KEY + ':').encode()).decode()
        elif key == 'server':
            headers['Authorization'] = 'Bearer ' + SERVER_KEY
        c.request(method, path, body=body, headers=headers)
        answer = c.getresponse()
        data = answer.read()
        if connection is None:
            c.close()
        return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), data

    def json(self, method, path, body=None, key='server', expect=200, headers=None, connection=None):
        status, _, data = self.request(method, path, body, headers, key, connection)
        if status != expect:
            raise AssertionError('%s %s gave %d, not %d: %s' % (method, path, status, expect, data[:600]))
        return json.loads(data) if data else None

    def track(self, event, user=None, anonymous=None, properties=None, key='server', **more):
        body = dict(event=event, properties=properties or {}, **more)
        if user: body['userId'] = user
        if anonymous: body['anonymousId'] = anonymous
        return self.json('POST', '/v1/track', body, key=key)

    def command(self, *arguments, **options):
        return kunde(*arguments, '--db', self.db, **options)

    def metric(self, name):
        text = self.request('GET', '/metrics')[2].decode()
        return sum(float(m) for m in re.findall(r'^%s(?:\{[^}]*\})? (\S+)$' % re.escape(name), text, re.M))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def stop(self, expect=0):
        """Graceful; a sanitizer's report or a leak shows in the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=120)
        self.process.stdout.close()
        text = self.log_text()
        self.log.close()
        if code != expect:
            raise AssertionError('the server ended with %d:\n%s' % (code, text[-6000:]))

    def close(self):
        try:
            if self.process.poll() is None:
                self.stop()
        finally:
            if self.own:
                shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def raw(port, data, timeout=5, shut=False):
    """Sends bytes as they are; gives what comes back until the server closes or falls silent."""
    s = socket.create_connection(('127.0.0.1', port), timeout=timeout)
    s.sendall(data)
    if shut:
        s.shutdown(socket.SHUT_WR)
    out = b''
    try:
        while True:
            got = s.recv(65536)
            if not got:
                break
            out += got
            if not shut and b'\r\n\r\n' in out:
                head, _, rest = out.partition(b'\r\n\r\n')
                length = re.search(rb'(?i)content-length: *(\d+)', head)
                if length and len(rest) >= int(length.group(1)):
                    break
    except socket.timeout:
        pass
    s.close()
    return out
