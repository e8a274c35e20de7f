"""Every example of README.md and docs/ runs, and every link leads somewhere.

The ```sh blocks of a page run in order, in one `bash -e`, in an empty folder that has ./build/kunde; `kunde` is on the PATH as well.
Where the page says 8080 a free port is meant. KUNDE_WRITE_KEY and KUNDE_SERVER_KEY are set. A page that starts no server itself
finds one on ./kunde.db. curl fails on an error of HTTP. Readers do not see what else there is to say:

    <!-- not run: why -->       before a block: it is left out
    <!-- run first: commands --> anywhere before a block: these commands run in its place of the page

A ```json block directly behind a ```sh block shows a part of what it printed: each key must be there with its value, a list must
have the same length; "…" stands for anything, alone, inside a text, as the last of a list. In a ```text block there each line must be
among the lines printed, with the same mark; blanks count once.
"""
import glob, json, os, re, shutil, signal, socket, subprocess, tempfile, unittest
import harness
from harness import ROOT, SERVER_KEY, WRITE_KEY

PAGES = ['README.md'] + sorted(os.path.relpath(p, ROOT) for p in glob.glob(os.path.join(ROOT, 'docs', '*.md')))
ANYTHING = '…'
TIMEOUT_S = 300


def read(page):
    with open(os.path.join(ROOT, page), encoding='utf-8') as f:
        return f.read()


# ---- the parts of a page ---------------------------------------------------------------------------------------------

class Block:
    def __init__(self, line, language, text):
        self.line, self.language, self.text = line, language, text
        self.shown = []  # of an sh block: the json and text blocks behind it


def blocks_of(markdown):
    """The blocks to run, in order: those of sh, and what hidden comments say; each with what is shown of its output."""
    found, comment, last = [], None, None
    lines = markdown.split('\n')
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith('<!--'):
            start = at
            while '-->' not in lines[at]:
                at += 1
            comment = '\n'.join(lines[start:at + 1])[4:].split('-->')[0].strip()
            if comment.startswith('run first:'):
                found.append(Block(start + 1, 'sh', comment[len('run first:'):].strip()))
                comment = None
        elif line.startswith('```'):
            block = Block(at + 1, line[3:].strip(), '')
            start = at = at + 1
            while not lines[at].startswith('```'):
                at += 1
            block.text = '\n'.join(lines[start:at])
            skipped = comment is not None and comment.startswith('not run:')
            if block.language == 'sh':
                last = None if skipped else block
                if not skipped:
                    found.append(block)
            elif block.language in ('json', 'text') and last is not None:
                if not skipped:
                    last.shown.append(block)
            else:
                last = None
            comment = None
        elif line.strip():
            comment = last = None
        at += 1
    return found


def stray_commands(markdown):
    """Commands that a reader would copy but that stand where they are not run."""
    stray, fence = [], None
    for number, line in enumerate(markdown.split('\n'), 1):
        if line.startswith('```'):
            fence = None if fence is not None else line[3:].strip()
        elif (fence is not None and fence != 'sh' and fence not in ('ini', 'nginx', 'js', 'json', 'yaml')) or (fence is None and line.startswith('    ')):
            if re.match(r'\s*(\$ )?(curl|\./build/kunde|\./run|\./test|\./bench)\b', line):
                stray.append('line %d: %s' % (number, line.strip()))
    return stray


# ---- what is shown, and what came ------------------------------------------------------------------------------------

def json_shown(text):
    """JSON in which a bare … may stand for a value, or for more members or elements."""
    out, stack = [], []
    for token in re.findall(r'"(?:[^"\\]|\\.)*"|…|[\s\S]', text):
        if token in '{[':
            stack.append(token)
        elif token in '}]' and stack:
            stack.pop()
        elif token == ANYTHING:
            before = ''.join(out).rstrip()[-1:]
            token = '"…":"…"' if stack and stack[-1] == '{' and before in '{,' else '"…"'
        out.append(token)
    return json.loads(''.join(out))


def text_matches(shown, got):
    return re.fullmatch('.*'.join(re.escape(part) for part in shown.split(ANYTHING)), got, re.S) is not None


def difference(shown, got, where=''):
    """Why `got` is not what is shown, or None."""
    if shown == ANYTHING:
        return None
    if isinstance(shown, dict) and isinstance(got, dict):
        for key, value in shown.items():
            if key == ANYTHING:
                continue
            if key not in got:
                return '%s/%s is not there' % (where, key)
            why = difference(value, got[key], where + '/' + key)
            if why:
                return why
        return None
    if isinstance(shown, list) and isinstance(got, list):
        open_end = bool(shown) and shown[-1] == ANYTHING
        wanted = shown[:-1] if open_end else shown
        if len(got) < len(wanted) or (len(got) > len(wanted) and not open_end):
            return '%s has %d elements, not %d' % (where, len(got), len(wanted))
        return next((why for i, value in enumerate(wanted) for why in [difference(value, got[i], '%s/%d' % (where, i))] if why), None)
    if isinstance(shown, str) and isinstance(got, str):
        return None if text_matches(shown, got) else '%s is %r, not %r' % (where, got, shown)
    return None if type(shown) is type(got) and shown == got or (isinstance(shown, (int, float)) and shown == got) else '%s is %r, not %r' % (where, got, shown)


def values_in(output):
    """All JSON objects and lists that were printed, wherever a line or another value ends."""
    decoder, at, values = json.JSONDecoder(), 0, []
    while True:
        found = re.compile(r'[{\[]').search(output, at)
        if found is None:
            return values
        try:
            value, at = decoder.raw_decode(output, found.start())
            values.append(value)
        except ValueError:
            at = found.start() + 1


def mismatch(block, output, port):
    text = block.text.replace('8080', str(port))
    if block.language == 'json':
        values, shown = values_in(output), json_shown(text)
        reasons = [difference(shown, value) for value in values]
        return None if None in reasons else reasons[-1] if reasons else 'no JSON was printed'
    lines = [' '.join(line.split()) for line in output.split('\n')]
    for line in text.split('\n'):
        wanted = ' '.join(line.split())
        if wanted and not any(text_matches(wanted, got) for got in lines):
            return 'no line is %r' % wanted
    return None


# ---- running a page --------------------------------------------------------------------------------------------------

# The reader goes on when the server has printed its address.
PRELUDE = r'''set -eo pipefail
settle() {
    for i in $(seq 600); do
        curl --disable --silent --fail --output /dev/null http://127.0.0.1:8080/readyz && return 0
        sleep 0.1
    done
    echo "the server is not ready" >&2
    exit 1
}
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
'''
# Servers end well, whatever a sanitizer has to say at the end included.
EPILOGUE = r'''
for job in $(jobs -p); do
    kill "$job" 2>/dev/null || true
    wait "$job" || { echo "a server of the page ended with $?" >&2; exit 1; }
done
'''
def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def starts_server(block):
    return re.search(r'\bkunde serve\b.*&', block.text) is not None


class Sandbox:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='kunde-docs-')
        self.port = free_port()
        inside = os.path.join(self.folder, '.sandbox')
        os.makedirs(os.path.join(self.folder, 'build'))
        os.makedirs(inside)
        for path in (os.path.join(self.folder, 'build', 'kunde'), os.path.join(inside, 'kunde')):
            os.symlink(os.path.abspath(harness.KUNDE), path)
        with open(os.path.join(inside, '.curlrc'), 'w') as f:
            f.write('fail-with-body\nshow-error\n')
        clean = {k: v for k, v in os.environ.items() if not k.startswith('KUNDE_')}
        clean.setdefault('ASAN_OPTIONS', 'abort_on_error=1:detect_leaks=1')
        self.env = dict(clean, PATH=inside + os.pathsep + os.environ['PATH'], CURL_HOME=inside, HOME=self.folder,
                        KUNDE_PORT=str(self.port), KUNDE_WRITE_KEY=WRITE_KEY, KUNDE_SERVER_KEY=SERVER_KEY)

    def output(self, number):
        path = os.path.join(self.folder, '.sandbox', 'out.%d' % number)
        if not os.path.exists(path):
            return ''
        with open(path, encoding='utf-8', errors='replace') as f:
            return f.read()

    def run(self, blocks):
        """(exit code, what went to stderr)"""
        text = PRELUDE
        for number, block in enumerate(blocks):
            text += '\nexec >.sandbox/out.%d; echo %d >.sandbox/at\n%s\n%s\n' % (number, number, block.text, 'settle' if starts_server(block) else '')
        script = os.path.join(self.folder, '.sandbox', 'script')
        with open(script, 'w') as f:
            f.write(re.sub(r'\b8080\b', str(self.port), text + EPILOGUE))
        with open(os.path.join(self.folder, '.sandbox', 'err'), 'w+') as err:
            process = subprocess.Popen(['bash', script], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err, start_new_session=True)
            try:
                code = process.wait(timeout=TIMEOUT_S)
            except subprocess.TimeoutExpired:
                code = 'no end after %d s' % TIMEOUT_S
            try:
                os.killpg(process.pid, signal.SIGKILL)  # the session made above, and nothing else
            except ProcessLookupError:
                pass
            process.wait()
            err.seek(0)
            return code, err.read()

    def failed_at(self):
        try:
            with open(os.path.join(self.folder, '.sandbox', 'at')) as f:
                return int(f.read())
        except (OSError, ValueError):
            return 0

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Examples(unittest.TestCase):
    def run_page(self, page):
        markdown = read(page)
        self.assertEqual(stray_commands(markdown), [], '%s: a command outside of an sh block is never run' % page)
        blocks = blocks_of(markdown)
        if not blocks:
            return
        if not any(starts_server(b) for b in blocks):
            blocks.insert(0, Block(0, 'sh', 'kunde serve --db kunde.db &'))
        sandbox = Sandbox()
        try:
            code, err = sandbox.run(blocks)
            at = sandbox.failed_at()
            self.assertEqual(code, 0, '%s, block at line %d:\n%s\nprinted:\n%s\nand:\n%s' % (page, blocks[at].line, blocks[at].text, sandbox.output(at)[-2000:], err[-3000:]))
            for number, block in enumerate(blocks):
                for shown in block.shown:
                    why = mismatch(shown, sandbox.output(number), sandbox.port)
                    if why:
                        self.fail('%s, line %d does not show what is printed: %s\nprinted:\n%s' % (page, shown.line, why, sandbox.output(number)[-3000:]))
        finally:
            sandbox.close()


def add_page(page):
    name = 'test_' + re.sub(r'\W', '_', os.path.splitext(page)[0].lower())
    setattr(Examples, name, lambda self: self.run_page(page))


for one in PAGES:
    add_page(one)


# ---- links -----------------------------------------------------------------------------------------------------------

def links_of(markdown):
    """Targets outside of code."""
    text = re.sub(r'^```.*?^```', '', markdown, flags=re.M | re.S)
    text = re.sub(r'`[^`\n]*`', '', text)
    return re.findall(r'\[[^\]]*\]\(([^)\s]+)\)', text)


def anchors_of(markdown):
    text = re.sub(r'^```.*?^```', '', markdown, flags=re.M | re.S)
    titles = re.findall(r'^#+ +(.*)$', text, re.M)
    return {re.sub(r'[^\w\- ]', '', t.lower()).replace(' ', '-') for t in titles}


def broken_links(pages):
    bad = []
    for page in pages:
        for target in links_of(read(page)):
            if re.match(r'[a-z]+:', target):
                continue
            path, _, anchor = target.partition('#')
            whole = os.path.normpath(os.path.join(ROOT, os.path.dirname(page), path)) if path else os.path.join(ROOT, page)
            if not os.path.exists(whole):
                bad.append('%s: %s' % (page, target))
            elif anchor and whole.endswith('.md') and anchor not in anchors_of(read(os.path.relpath(whole, ROOT))):
                bad.append('%s: %s (no such heading)' % (page, target))
    return bad


class Links(unittest.TestCase):
    def test_links_lead_somewhere(self):
        self.assertEqual(broken_links(PAGES + ['ARCHITECTURE.md', 'CHANGELOG.md']), [])

    def test_every_page_can_be_found(self):
        linked = set()
        for page in ('README.md', os.path.join('docs', 'README.md')):
            for target in links_of(read(page)):
                linked.add(os.path.normpath(os.path.join(os.path.dirname(page), target.partition('#')[0])))
        self.assertEqual([p for p in PAGES if p.startswith('docs') and os.path.basename(p) != 'README.md' and p not in linked], [])


# ---- the test's own eyes -----------------------------------------------------------------------------------------------

class Convention(unittest.TestCase):
    PAGE = ('a\n```sh\necho one\n```\n\n```json\n{"a":1}\n```\nwords\n```json\n{"b":2}\n```\n<!-- not run: why -->\n```sh\nfalse\n```\n'
            '<!-- run first: echo two\necho three -->\n```sh\necho four\n```\n')

    def test_blocks(self):
        blocks = blocks_of(self.PAGE)
        self.assertEqual([b.text for b in blocks], ['echo one', 'echo two\necho three', 'echo four'])
        self.assertEqual([[s.text for s in b.shown] for b in blocks], [['{"a":1}'], [], []])

    def test_what_is_shown(self):
        got = {'a': 1, 'b': 'x-17', 'c': [{'d': 2.5}, 3]}
        for good in ('{"a":1}', '{"b":"x-…"}', '{"c":[…]}', '{"c":[{"d":…},3],…}', '{"c":[{…},…]}', '{"a":"…"}'):
            self.assertIsNone(difference(json_shown(good), got), good)
        for bad in ('{"a":2}', '{"z":…}', '{"b":"y-…"}', '{"c":[{"d":2.5}]}', '{"c":[{"d":2},3]}', '{"a":"1"}', '[]'):
            self.assertIsNotNone(difference(json_shown(bad), got), bad)
        self.assertEqual(values_in('url: x\n{"a":1}{"b":[2]}\n[3]'), [{'a': 1}, {'b': [2]}, [3]])

    def test_a_failing_command_is_seen(self):
        sandbox = Sandbox()
        code, _ = sandbox.run([Block(1, 'sh', 'true'), Block(2, 'sh', 'false | cat')])
        self.assertEqual((code, sandbox.failed_at()), (1, 1))
        sandbox.close()

    def test_stray_commands(self):
        self.assertEqual(len(stray_commands('```sh\ncurl x\n```\n    curl y\n```\n./build/kunde z\n```\n')), 2)
