/* The documentation's only script: search over headings and text, copying a command, and examples that name this server. */
interface Entry {
  address: string;
  page: string;
  title: string;
  text: string;
}

interface Hit extends Entry {
  score: number;
  at: number;
}

const resultsMax = 12;

/* Umlauts and accents count as their letters; the length stays, so a place in the folded text is a place in the text. */
function fold(text: string): string {
  return Array.from(text, (c) => {
    const plain = c.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
    return plain.length === c.length ? plain : c;
  }).join('');
}

function wordsOf(question: string): string[] {
  return fold(question).split(/[^\p{L}\p{N}_.-]+/u).filter((word) => word !== '');
}

/* Every word must begin a word somewhere; a heading says more than the page's title, that more than the text. */
function find(entries: Entry[], question: string): Hit[] {
  const words = wordsOf(question).map((word) => new RegExp(`(?<![\\p{L}\\p{N}])${word.replace(/[.-]/g, '\\$&')}`, 'gu'));
  if (words.length === 0) return [];
  const hits: Hit[] = [];
  for (const entry of entries) {
    const text = fold(entry.text);
    let score = 0;
    let at = -1;
    for (const word of words) {
      const inText = Array.from(text.matchAll(word), (match) => match.index);
      const own = (fold(entry.title).match(word) ? 10 : 0) + (fold(entry.page).match(word) ? 4 : 0) + Math.min(inText.length, 3);
      if (own === 0) {
        score = 0;
        break;
      }
      score += own;
      if (at < 0) at = inText[0] ?? -1;
    }
    if (score > 0) hits.push({ ...entry, score, at });
  }
  return hits.sort((a, b) => b.score - a.score).slice(0, resultsMax);
}

function element<K extends keyof HTMLElementTagNameMap>(tag: K, text = '', className = ''): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function row(hit: Hit, number: number): HTMLLIElement {
  const item = element('li');
  item.id = `found-${number}`;
  item.setAttribute('role', 'option');
  item.setAttribute('aria-selected', 'false');
  item.dataset.address = hit.address;
  const from = Math.max(0, hit.at - 40);
  const passage = hit.text.slice(from, from + 140);
  item.append(element('strong', hit.title), element('span', hit.title === hit.page ? '' : hit.page, 'of'), element('span', (from > 0 ? '… ' : '') + passage, 'passage'));
  return item;
}

class Search {
  private entries: Promise<Entry[]> | undefined;
  private chosen = -1;

  constructor(
    private readonly input: HTMLInputElement,
    private readonly box: HTMLElement,
    private readonly list: HTMLElement,
    private readonly status: HTMLElement,
  ) {
    input.addEventListener('focus', () => void this.load());
    input.addEventListener('input', () => void this.show());
    input.addEventListener('keydown', (event) => this.key(event));
    list.addEventListener('click', (event) => this.go(event.target instanceof Element ? event.target.closest('li') : null));
    document.addEventListener('click', (event) => {
      if (!(event.target instanceof Node && this.input.parentElement?.contains(event.target))) this.close();
    });
    document.addEventListener('keydown', (event) => {
      const typing = event.target instanceof HTMLInputElement;
      if ((event.key === '/' && !typing) || (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey))) {
        event.preventDefault();
        input.focus();
      }
    });
  }

  private load(): Promise<Entry[]> {
    this.entries ??= fetch(document.body.dataset.index ?? '').then((answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json() as Promise<Entry[]>;
    });
    return this.entries;
  }

  private async show(): Promise<void> {
    const question = this.input.value;
    if (wordsOf(question).length === 0) return this.close();
    let hits: Hit[] = [];
    let words = '';
    try {
      hits = find(await this.load(), question);
      words = hits.length === 0 ? 'Nothing found. Try fewer or other words.' : '';
    } catch {
      this.entries = undefined;
      words = 'The server does not answer; type again in a moment.';
    }
    if (question !== this.input.value) return;
    this.list.replaceChildren(...hits.map(row));
    this.status.textContent = words;
    this.box.hidden = false;
    this.input.setAttribute('aria-expanded', 'true');
    this.choose(hits.length > 0 ? 0 : -1);
  }

  private close(): void {
    this.box.hidden = true;
    this.input.setAttribute('aria-expanded', 'false');
    this.choose(-1);
  }

  private choose(number: number): void {
    this.chosen = number;
    Array.from(this.list.children).forEach((item, i) => item.setAttribute('aria-selected', String(i === number)));
    const item = this.list.children[number];
    if (item) {
      this.input.setAttribute('aria-activedescendant', item.id);
      item.scrollIntoView({ block: 'nearest' });
    } else this.input.removeAttribute('aria-activedescendant');
  }

  private go(item: Element | null | undefined): void {
    if (!(item instanceof HTMLElement) || !item.dataset.address) return;
    this.close();
    location.assign(item.dataset.address);
  }

  private key(event: KeyboardEvent): void {
    const count = this.list.children.length;
    if (event.key === 'Escape') this.close();
    else if (event.key === 'Enter') this.go(this.list.children[this.chosen]);
    else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && count > 0)
      this.choose((this.chosen + (event.key === 'ArrowDown' ? 1 : count - 1)) % count);
    else return;
    event.preventDefault();
  }
}

/* What scrolls sideways must be reachable by keyboard. */
function reachable(part: HTMLElement): void {
  const look = new ResizeObserver(() => {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
    else part.removeAttribute('tabindex');
  });
  look.observe(part);
}

function copying(code: HTMLElement): void {
  const button = element('button', 'Copy', 'copy');
  button.type = 'button';
  const text = code.textContent ?? '';
  button.addEventListener('click', () => {
    navigator.clipboard.writeText(text).then(
      () => (button.textContent = 'Copied'),
      () => (button.textContent = 'Not allowed'),
    );
    setTimeout(() => (button.textContent = 'Copy'), 2000);
  });
  const box = element('div', '', 'code');
  const shown = code.parentElement;
  shown?.replaceWith(box);
  if (shown) box.append(shown, button);
}

/* Examples speak to the address of the manual; whoever reads them here has a server, so they name it. */
function nameThisServer(code: HTMLElement): void {
  const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (node.nodeValue?.includes('http://127.0.0.1:8080')) node.nodeValue = node.nodeValue.replaceAll('http://127.0.0.1:8080', location.origin);
}

function part<T extends Element>(selector: string, kind: new () => T): T {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(selector);
  return found;
}

new Search(part('#search', HTMLInputElement), part('.found', HTMLElement), part('#found', HTMLElement), part('.found p', HTMLElement));
part('.search', HTMLElement).hidden = false;
document.querySelectorAll<HTMLElement>('article code').forEach(nameThisServer);
if (window.isSecureContext) document.querySelectorAll<HTMLElement>('pre > code.language-sh').forEach(copying);
document.querySelectorAll<HTMLElement>('article pre, article .table').forEach(reachable);
