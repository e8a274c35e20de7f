"""The browser tag without a browser: types, package, size. In a browser: tests/browser/sdk.test.mjs."""
import os, subprocess, unittest
from harness import ROOT

SDK = os.path.join(ROOT, 'sdk')


class Sdk(unittest.TestCase):
    def run_in_sdk(self, *command):
        done = subprocess.run(command, cwd=SDK, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout.decode()[-4000:])

    def test_types(self):
        self.run_in_sdk('node', 'build.mjs', '--check')

    def test_package(self):
        self.run_in_sdk('node', '--test', 'checks/')

    def test_no_any(self):
        for name in os.listdir(os.path.join(SDK, 'src')):
            with open(os.path.join(SDK, 'src', name)) as f:
                self.assertNotRegex(f.read(), r':\s*any\b|\bas any\b|<any>|@ts-(ignore|nocheck|expect-error)|eslint-disable', name)
