"""The house's own rules, read off its source: includes run downwards, SQL stays in store/, nothing of this machine is in it."""
import os, re, subprocess, unittest
from harness import ROOT

FLOOR = dict(base=0, store=1, num=1, customer=2, catalog=2, event=3, segment=4, predict=4, recommend=4, experiment=4, voice=4, decide=5, journey=6,
             insight=6, demo=6, trust=6, api=7, app=8)
SQL = re.compile(r'"[^"\n]*\b(SELECT\s.*\sFROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s.*\sSET|DELETE\s+FROM|CREATE\s+(TABLE|INDEX|UNIQUE))\b', re.I)


def sources(*endings):
    for folder, _, names in os.walk(os.path.join(ROOT, 'src')):
        for name in names:
            if name.endswith(endings):
                path = os.path.join(folder, name)
                with open(path, encoding='utf-8') as f:
                    yield os.path.relpath(path, os.path.join(ROOT, 'src')), f.read()


def upward(files):
    """Includes that do not run downwards: (file, include)."""
    found = []
    for path, text in files:
        own = path.split(os.sep)[0]
        for include in re.findall(r'^\s*#\s*include\s+"([^"]+)"', text, re.M):
            other = include.split('/')[0]
            if '/' not in include or other not in FLOOR or own not in FLOOR:
                found.append((path, include))
            elif other != own and FLOOR[other] >= FLOOR[own]:
                found.append((path, include))
    return found


class Structure(unittest.TestCase):
    def test_includes_run_downwards(self):
        self.assertEqual(upward(sources('.c', '.h', '.cc')), [])

    def test_the_check_of_includes_sees_a_wrong_one(self):
        self.assertTrue(upward([('store/x.c', '#include "customer/profile.h"\n')]))
        self.assertTrue(upward([('catalog/x.c', '#include "customer/profile.h"\n')]))
        self.assertFalse(upward([('event/x.c', '#include "customer/profile.h"\n')]))

    def test_sql_only_in_store(self):
        bad = [(path, SQL.search(text).group(0)[:60]) for path, text in sources('.c', '.h', '.cc') if not path.startswith('store' + os.sep) and SQL.search(text)]
        self.assertEqual(bad, [])

    def test_the_check_of_sql_sees_one(self):
        self.assertTrue(SQL.search('x = "SELECT a FROM b";'))

    def test_a_source_file_includes_its_own_header_first(self):
        bad = []
        for path, text in sources('.c'):
            header = path[:-2] + '.h'
            first = re.search(r'^\s*#\s*include\s+["<]([^">]+)[">]', text, re.M)
            if os.path.exists(os.path.join(ROOT, 'src', header)) and (not first or first.group(1) != header):
                bad.append(path)
        self.assertEqual(bad, [])

    def test_no_machine_in_it(self):
        listed = subprocess.run(['git', 'ls-files'], cwd=ROOT, stdout=subprocess.PIPE).stdout.decode().split('\n')
        bad = []
        for name in listed:
            path = os.path.join(ROOT, name)
            if not name or not os.path.isfile(path) or name.startswith(('fuzz/corpus/', 'tests/golden/')) or name == 'tests/test_structure.py':
                continue
            with open(path, errors='replace') as f:
                text = f.read()
            for word in ('/work/', 'registry.npmjs', 'deb.debian.org', '/root/', '"resolved"'):
                if word in text:
                    bad.append((name, word))
        self.assertEqual(bad, [])
