"""Runs every test and prints `N passed, N failed` last. Called by ./test with the build directory."""
import argparse, glob, os, re, shutil, subprocess, sys, time, unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, HERE)


CONCURRENT = ('customer', 'catalog', 'event', 'recommend', 'insight')  # run under ThreadSanitizer as well


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


BROWSER = os.path.join(HERE, 'browser')


def browser_ready():
    """Whether there is a Chromium; its packages are installed when they are missing or older than their lock file."""
    chromium = os.environ.get('KD_CHROMIUM') or shutil.which('chromium')
    if not chromium:
        Tally.skipped += 1
        print('  skipped test_browser: this system has no package chromium, and KD_CHROMIUM names no other')
        return False
    os.environ['KD_CHROMIUM'] = chromium
    stamp, lock = (os.path.join(BROWSER, *p) for p in (('node_modules', '.package-lock.json'), ('package-lock.json',)))
    if not os.path.exists(stamp) or os.path.getmtime(stamp) < os.path.getmtime(lock):
        subprocess.run(['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error'], cwd=BROWSER, check=True, timeout=600, stdout=subprocess.DEVNULL)
        os.utime(stamp)
    return True


def run_browser(build):
    """The tests in a real browser: node:test speaks TAP, a line a test; what is indented explains the line before it."""
    if not browser_ready():
        return
    started, passed, failed, skipped = time.monotonic(), 0, 0, 0
    folder = os.path.join(build, 'screenshots')
    shutil.rmtree(folder, ignore_errors=True)
    process = subprocess.Popen(['node', '--test-reporter=tap', 'all.mjs'], cwd=BROWSER, env=dict(os.environ, KD_SCREENSHOTS=folder), stdout=subprocess.PIPE)
    telling = False
    for line in process.stdout:
        line = line.decode('utf-8', 'replace').rstrip()
        found = re.match(r'(not )?ok \d+ - (.*?)(?: # (SKIP|TODO)\b ?(.*))?$', line)
        if found:
            telling = found.group(1) is not None
            if telling:
                failed += 1
                Tally.failures.append('browser: ' + found.group(2))
            elif found.group(3):
                skipped += 1
            else:
                passed += 1
            print('  %-7s %s %s' % ('FAILED' if telling else 'skipped' if found.group(3) else 'ok', found.group(2), found.group(4) or ''), flush=True)
        elif telling and line.startswith('  ') or line.startswith('# Error'):
            print('    ' + line, flush=True)
    if process.wait() != 0 and failed == 0:
        failed = 1
        Tally.failures.append('browser: it ended with %d' % process.returncode)
    Tally.passed += passed
    Tally.failed += failed
    Tally.skipped += skipped
    print('%-28s %4d passed, %d failed, %d skipped  %.1f s; pictures in %s' % ('test_browser', passed, failed, skipped, time.monotonic() - started, os.path.relpath(folder, ROOT)), flush=True)


def refresh_screenshots():
    """docs/images from the demo shop: ./test --screenshots"""
    return 0 if browser_ready() and subprocess.run(['node', 'screenshots.mjs'], cwd=BROWSER).returncode == 0 else 1


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--build', required=True)
    p.add_argument('--tsan')
    p.add_argument('--all', action='store_true')
    p.add_argument('--screenshots', action='store_true', help='refresh the pictures of the documentation and end')
    p.add_argument('only', nargs='*', help='names of C test binaries or Python modules; default: everything')
    a = p.parse_args()
    build = os.path.abspath(a.build)
    os.environ['KD_KUNDE'] = os.path.join(build, 'kunde')
    if a.all:
        os.environ['KD_TEST_ALL'] = '1'
    if a.screenshots:
        return refresh_screenshots()
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
    if not a.only or 'test_browser' in a.only:
        run_browser(build)
    if Tally.failures:
        print('failed: ' + ', '.join(Tally.failures))
    print('%d passed, %d failed' % (Tally.passed, Tally.failed) + (', %d skipped' % Tally.skipped if Tally.skipped else ''))
    return 1 if Tally.failed or not Tally.passed else 0


if __name__ == '__main__':
    sys.exit(main())
