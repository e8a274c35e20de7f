"""A line of a gigabyte, which no file should have: bounded memory, one row in quarantine with a clear reason, and the rest goes on.
Generated through a pipe; nothing of it is stored anywhere."""
import json, os, subprocess, tempfile, threading, unittest
from harness import KUNDE, Server, environment, kunde

GIGABYTE = 1 << 30
MORE_MB = 96  # what reading such a line may take beside what the same command takes for two rows; sanitizers hold some back

ORDERS = ['orders', 'csv', b'order_id,product_id,quantity,date,price,customer_id\n1,A,1,2026-01-05,1,u1\n1,', b',1,2026-01-05,1,u1\n', b'2,B,1,2026-01-05,1,u1\n']
EVENTS = ['events', 'jsonl', b'{"type":"track","event":"Product Viewed","userId":"u1","messageId":"m1","properties":{"product_id":"A"}}\n{"type":"track","event":"', b'"}\n',
          b'{"type":"track","event":"Product Viewed","userId":"u1","messageId":"m2","properties":{"product_id":"B"}}\n']
PRODUCTS = ['products', 'csv', b'id,title,price\nA,Hat,1 EUR\nB,', b',1 EUR\n', b'C,Mug,2 EUR\n']


def run(db, what, form, parts):
    """(exit code, the outcome, stderr, peak memory in MB)"""
    p = subprocess.Popen([KUNDE, 'import', what, '-', '--format', form, '--db', db, '--json'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         env=environment(ASAN_OPTIONS=os.environ.get('ASAN_OPTIONS', '') + ':quarantine_size_mb=8'))

    def pour():
        try:
            for part in parts:
                p.stdin.write(part)
        except BrokenPipeError:
            pass
        p.stdin.close()
    writer = threading.Thread(target=pour)
    writer.start()
    out, err = p.stdout.read(), p.stderr.read()
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    writer.join()
    p.stdout.close()
    p.stderr.close()
    return p.returncode, json.loads(out)[0] if out else None, err.decode('utf-8', 'replace'), usage.ru_maxrss / 1024


def long_line(head, middle, tail):
    block = b'x' * (1 << 20)
    yield head
    for _ in range(GIGABYTE // len(block)):
        yield block
    yield middle
    yield tail


@unittest.skipUnless(os.environ.get('KD_TEST_ALL'), 'a gigabyte each')
class LongLines(unittest.TestCase):
    def check(self, what, form, head, middle, tail):
        with tempfile.TemporaryDirectory(prefix='kunde-test-') as folder:
            with Server(folder) as s:
                db = s.db
            small = run(db, what, form, [head, b'short', middle, tail])
            self.assertEqual(small[0], 0, small[2])
            code, outcome, err, peak_mb = run(db, what, form, long_line(head, middle, tail))
            self.assertEqual(code, 0, err)
            self.assertEqual((outcome['rows'], outcome['quarantined']), (3, 1), outcome)
            self.assertLess(peak_mb - small[3], MORE_MB)
            code, out, err = kunde('import', '--quarantine', '--db', db)
            self.assertEqual(code, 0, err)
            self.assertRegex(out, r'longer than \d+ bytes')
            self.assertLess(len(out), 100000)
            print('    %s %s: %.0f MB more than for a short line' % (what, form, peak_mb - small[3]), flush=True)

    def test_orders(self): self.check(*ORDERS)
    def test_events(self): self.check(*EVENTS)
    def test_products(self): self.check(*PRODUCTS)


if __name__ == '__main__':
    unittest.main()
