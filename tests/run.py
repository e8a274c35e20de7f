"""Runs every test and prints `N passed, N failed` last. Called by ./test with the build directory."""
import argparse, glob, os, re, subprocess, sys, time, unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)


CONCURRENT = ('customer', 'catalog', 'event', 'recommend')  # run under ThreadSanitizer as well


class Tally:
    passed = failed = skipped = 0
    failures = []


def run_cmocka(program, label=None, env=None):
    """One C test binary; cmocka prints a line a test."""
    label = label or os.path.basename(program)
    started = time.monotonic()
    done = subprocess.run([program], cwd=ROOT, env=dict(os.environ, **(env or {})), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode('utf-8', 'replace')
    passed = len(re.findall(r'^\[ +OK \]', text, re.M))
    skipped = len(re.findall(r'^\[  SKIPPED \] (?!\d+ test)', text, re.M))
    failed = len(set(re.findall(r'^\[  FAILED  \] (\S+)$', text, re.M)))
    if done.returncode != 0 and failed == 0:
        failed = 1  # it crashed, or a sanitizer ended it
    if failed or passed + skipped == 0:
        Tally.failures.append(label)
        print(text[-8000:])
        failed = max(failed, 1)
    Tally.passed += passed
    Tally.failed += failed
    Tally.skipped += skipped
    print('%-28s %4d passed, %d failed, %d skipped  %.1f s' % (label, passed, failed, skipped, time.monotonic() - started), flush=True)


class Result(unittest.TextTestResult):
    def startTest(self, test):
        self.began = time.monotonic()
        unittest.TestResult.startTest(self, test)

    def say(self, test, word):
        print('  %-7s %s  %.1f s' % (word, test.id(), time.monotonic() - getattr(self, 'began', time.monotonic())), flush=True)

    def addSuccess(self, test):
        Tally.passed += 1
        self.say(test, 'ok')

    def addSkip(self, test, reason):
        Tally.skipped += 1
        print('  skipped %s: %s' % (test.id(), reason), flush=True)

    def bad(self, test, err):
        Tally.failed += 1
        Tally.failures.append(test.id())
        self.say(test, 'FAILED')
        print(self._exc_info_to_string(err, test), flush=True)

    def addFailure(self, test, err): self.bad(test, err)
    def addError(self, test, err): self.bad(test, err)
    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.bad(subtest, err)


def run_python(names):
    for name in names:
        print(name, flush=True)
        suite = unittest.defaultTestLoader.loadTestsFromName(name)
        unittest.TextTestRunner(stream=open(os.devnull, 'w'), resultclass=Result).run(suite)


def run_corpus(build):
    """Every fuzz target over its corpus; libFuzzer explores further under ./test --all."""
    for program in sorted(glob.glob(os.path.join(build, 'fuzz', 'fuzz_*'))):
        if os.path.isdir(program):
            continue
        name = os.path.basename(program)[len('fuzz_'):]
        files = sorted(glob.glob(os.path.join(ROOT, 'fuzz', 'corpus', name, '*')))
        done = subprocess.run([program, *files], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        ok = done.returncode == 0 and files
        Tally.passed += bool(ok)
        if not ok:
            Tally.failed += 1
            Tally.failures.append('fuzz ' + name)
            print(done.stdout.decode('utf-8', 'replace')[-4000:] or 'no corpus for ' + name)
    print('fuzz corpora replayed', flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--build', required=True)
    p.add_argument('--tsan')
    p.add_argument('--all', action='store_true')
    p.add_argument('only', nargs='*', help='names of C test binaries or Python modules; default: everything')
    a = p.parse_args()
    build = os.path.abspath(a.build)
    os.environ['KD_KUNDE'] = os.path.join(build, 'kunde')
    if a.all:
        os.environ['KD_TEST_ALL'] = '1'
    programs = sorted(f for f in glob.glob(os.path.join(build, 'tests', '*', 'test_*')) if os.path.isfile(f) and os.access(f, os.X_OK))
    modules = sorted(os.path.basename(f)[:-3] for f in glob.glob(os.path.join(HERE, 'test_*.py')))
    if a.only:
        programs = [f for f in programs if os.path.basename(f) in a.only]
        modules = [m for m in modules if m in a.only]
    for program in programs:
        run_cmocka(program)
    if a.tsan and not a.only:
        for name in CONCURRENT:
            run_cmocka(os.path.join(os.path.abspath(a.tsan), 'tests', name, 'test_' + name), 'test_' + name + ' (tsan)')
    if not a.only:
        run_corpus(build)
    run_python(modules)
    if Tally.failures:
        print('failed: ' + ', '.join(Tally.failures))
    print('%d passed, %d failed' % (Tally.passed, Tally.failed) + (', %d skipped' % Tally.skipped if Tally.skipped else ''))
    return 1 if Tally.failed or not Tally.passed else 0


if __name__ == '__main__':
    sys.exit(main())
