/* Decisions as elements. Values are only ever set as text, or as addresses that were checked: no markup is parsed.
 * Our own cards are a template as a shop's would be: what fills one fills the other. */
import { options } from './state.js';
import type { Decision, Item, Json } from './types.js';

/** An http(s) address, or nothing: no javascript:, data:, blob:. */
export function safeUrl(value: string): string {
  try {
    const url = new URL(value, new URL(options.base ?? '', document.baseURI));
    return value && /^https?:/.test(url.protocol) ? url.href : '';
  } catch {
    return '';
  }
}

/* ---- values ------------------------------------------------------------------------------------------------------- */
type Values = (name: string) => string;

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? `${value}` : '');

function money(amount: number | undefined, currency: string | undefined, language: string): string {
  try {
    return amount === undefined ? '' : new Intl.NumberFormat(language, { style: 'currency', currency }).format(amount);
  } catch {
    return `${amount} ${currency}`;
  }
}

function itemValues(item: Item, language: string): Values {
  const { price, listPrice, currency, reasons } = item;
  const fields: { [name: string]: unknown } = {
    ...item,
    price: money(price, currency, language),
    listPrice: money(listPrice, currency, language),
    reason: reasons?.[0]?.text,
  };
  return (name) => text(fields[name]);
}

/** Content may carry a field once for each language: "text" and "textDe". */
function contentValues(content: Json, language: string): Values {
  const fields = Object(content) as { [name: string]: unknown };
  const suffix = language.charAt(0).toUpperCase() + language.charAt(1);
  return (name) => text(fields[name + suffix]) || text(fields[name]);
}

/* ---- templates ---------------------------------------------------------------------------------------------------- */
/** data-kunde="url title": on a link the address, on a picture the source, else text. What has no value goes. True: there was one. */
function fill(root: ParentNode, values: Values): boolean {
  let any = false;
  const marked = [...root.querySelectorAll<HTMLElement>('[data-kunde]')];
  if (root instanceof HTMLElement && root.dataset['kunde']) marked.push(root);
  for (const element of marked) {
    let filled = false;
    for (const name of element.dataset['kunde']!.split(' ')) {
      const value = values(name),
        url = safeUrl(value);
      if (element instanceof HTMLImageElement) {
        if (name !== 'image') element.alt = value;
        else if (url) filled = !!(element.src = url);
      } else if (name === 'url') {
        if (url && element instanceof HTMLAnchorElement) filled = !!(element.href = url);
      } else if (value && !/^(script|style|iframe|object|embed)$/i.test(element.localName)) {
        element.textContent = value;
        filled = true;
      }
    }
    if (filled) any = true;
    else if (!element.firstElementChild) element.remove();
  }
  return any;
}

export function make(name: string, part: string, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  made.setAttribute('part', part);
  made.append(...children);
  return made;
}

function field(element: string, name: string, part = name): HTMLElement {
  const made = make(element, part);
  made.dataset['kunde'] = name;
  return made;
}

const tags: { [field: string]: string } = { price: 'b', action: 'b', listPrice: 's', reason: 'small' };

export function ownTemplate(kind: string, label: string | null): DocumentFragment {
  const frame = document.createDocumentFragment(),
    link = field('a', 'url', 'link'),
    picture = field('img', 'image') as HTMLImageElement;
  const isContent = kind === 'content',
    fields = isContent ? ['title', 'text', 'action'] : ['title', 'price', 'listPrice', 'reason'];
  picture.alt = ''; /* the title stands beside it */
  picture.loading = 'lazy';
  link.append(picture, ...fields.map((name) => field(tags[name] ?? 'span', name)));
  if (label) frame.append(make('h2', 'heading', label));
  if (isContent) frame.append(make('div', 'content', link));
  else {
    const list = field('ul', 'items');
    list.role = 'list'; /* some screen readers forget lists without bullets */
    list.ariaLabel = label;
    list.append(make('li', 'card', link));
    frame.append(list);
  }
  return frame;
}

/** data-kunde="items" names the element whose first child is repeated; without it the whole template is. Undefined: nothing worth showing. */
export function render(
  template: DocumentFragment,
  decision: Decision,
  language: string,
  mark: (card: Element, item?: Item) => void,
): DocumentFragment | undefined {
  const frame = document.importNode(template, true),
    made = document.createDocumentFragment();
  const list = frame.querySelector('[data-kunde=items]'),
    one: ParentNode & Node = list?.firstElementChild ?? frame;
  const rows: [Values, Item?][] =
    decision.kind === 'content' ? [[contentValues(decision.content, language)]] : decision.items.map((item) => [itemValues(item, language), item]);
  let any = false;
  for (const [values, item] of rows) {
    const copy = one.cloneNode(true) as Element | DocumentFragment;
    any = fill(copy, values) || any;
    for (const card of copy instanceof Element ? [copy] : copy.children) mark(card, item);
    made.append(copy);
  }
  if (!any) return undefined;
  if (!list) return made;
  list.replaceChildren(made);
  return frame;
}
