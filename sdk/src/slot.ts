/* <kunde-slot placement="home-hero">: shows what the server decides, or its own content. Both lie in one cell of a grid and
 * only their visibility changes, so that the slot never gets smaller and nothing around it moves. */
import { decide, timeout } from './decide.js';
import { collect } from './events.js';
import { make, ownTemplate, render } from './render.js';
import { mayDecide } from './state.js';
import type { Decision, Fields, Item } from './types.js';
import { watch } from './view.js';

const connected = new Set<KundeSlot>();
const cards = new WeakMap<EventTarget, Item | undefined>();
const told = new Set<string>();
let asking: KundeSlot[] = [];
let sheet: CSSStyleSheet | undefined;

/* ---- one request for all slots that ask at once ----------------------------------------------------------------------- */
function askAll(): void {
  const groups = new Map<string, KundeSlot[]>();
  for (const slot of asking) {
    const about = JSON.stringify(slot.about);
    groups.set(about, [...(groups.get(about) ?? []), slot]);
  }
  asking = [];
  for (const slots of groups.values()) {
    const turns = slots.map((slot) => slot.turn);
    void decide([...new Set(slots.map((slot) => slot.place))], slots[0]!.about).then((decisions) =>
      slots.forEach((slot, i) =>
        slot.answer(
          turns[i]!,
          decisions.find((one) => one.placement === slot.place),
        ),
      ),
    );
  }
}

/* ---- the element -------------------------------------------------------------------------------------------------------- */
/* Servers that render pages have no elements; they only must be able to import this. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

export class KundeSlot extends Base {
  static readonly observedAttributes = ['placement', 'products'];
  /** Counts questions: an answer to an earlier one comes too late. */
  turn = 0;
  #decision: Decision | undefined;
  #stopWatching: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Our cards stand in the shadow; a shop's own template is filled in the page, where the shop's style reaches it. */
  readonly #made = make('div', 'made');
  readonly #box = make('div', 'kunde');

  /** Not called as its attribute: frameworks set a property where there is one, and this one only tells. */
  get place(): string {
    return this.getAttribute('placement') ?? '';
  }

  get about(): { products: string[]; language: string } {
    return {
      products: (this.getAttribute('products') ?? '')
        .split(',')
        .map((id) => id.trim())
        .filter(Boolean),
      language: this.closest<HTMLElement>('[lang]')?.lang || navigator.language,
    };
  }

  connectedCallback(): void {
    if (!this.shadowRoot) this.#build();
    connected.add(this);
    if (this.#decision) this.#watch();
    else this.refresh();
  }

  disconnectedCallback(): void {
    connected.delete(this);
    clearTimeout(this.#timer);
    this.turn++;
    this.#stopWatching?.();
  }

  attributeChangedCallback(_name: string, before: string | null, now: string | null): void {
    if (!connected.has(this) || before === now) return;
    this.#clear();
    this.refresh();
  }

  answer(turn: number, decision?: Decision): void {
    if (turn !== this.turn) return;
    this.turn++;
    clearTimeout(this.#timer);
    try {
      if (decision) return this.#show(decision);
    } catch {
      /* not what was agreed: no answer */
    }
    if (!this.#decision) this.#fallBack();
  }

  /** Asks, also again; what is shown stays until the answer is there. */
  refresh(): void {
    const turn = ++this.turn;
    clearTimeout(this.#timer);
    if (!this.place || !mayDecide()) return this.#fallBack();
    if (!this.#decision) this.#state('waiting');
    this.#timer = setTimeout(() => this.answer(turn), timeout());
    if (asking.push(this) === 1) queueMicrotask(askAll);
  }

  /* ---- showing ------------------------------------------------------------------------------------------------------ */
  #build(): void {
    const theirs = make('slot', '') as HTMLSlotElement;
    theirs.name = this.#box.slot = 'kunde';
    if (!sheet) {
      sheet = new CSSStyleSheet(); /* unlike a <style> it needs no permission from a strict CSP */
      sheet.replaceSync(__CSS__);
    }
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [sheet];
    root.append(make('div', 'stack', make('slot', 'own'), theirs, this.#made));
    for (const type of ['click', 'auxclick']) this.addEventListener(type, (event) => this.#used(event as MouseEvent));
  }

  #state(state: 'waiting' | 'filled' | 'fallback' | 'empty'): void {
    this.setAttribute('state', state);
    this.ariaBusy = `${state === 'waiting'}`;
  }

  #clear(): void {
    this.#decision = undefined;
    this.hidden = false;
    this.#stopWatching?.();
    this.#made.replaceChildren();
    this.#box.remove();
  }

  #show(decision: Decision): void {
    const { language } = this.about,
      template = this.querySelector<HTMLTemplateElement>(':scope > template');
    const filled = render(template?.content ?? ownTemplate(decision.kind, this.getAttribute('label')), decision, language, (card, item) =>
      cards.set(card, item),
    );
    if (!filled) return this.#fallBack();
    this.#clear();
    this.#decision = decision;
    if (template) {
      this.#box.replaceChildren(filled);
      this.append(this.#box);
    } else this.#made.append(filled);
    this.#state('filled');
    this.#watch();
  }

  #fallBack(): void {
    this.#clear();
    const own = this.textContent!.trim() || this.querySelector(':scope > :not(template)');
    this.#state(own ? 'fallback' : 'empty');
    /* Nothing to show: the space goes where nobody sees it go. */
    this.hidden = !own && this.getBoundingClientRect().top > innerHeight;
  }

  /* ---- reporting ---------------------------------------------------------------------------------------------------- */
  /** Once for each decision, and product clicked, on this page. */
  #tell(event: string, more: Fields): void {
    const { decisionId, placement } = this.#decision!,
      key = `${event} ${decisionId} ${more['position']}`;
    if (!told.has(key)) collect('track', { event, properties: { decisionId, placement, ...more } });
    told.add(key);
  }

  #watch(): void {
    this.#stopWatching = watch(this, () =>
      this.#tell('Decision Viewed', { products: this.#decision!.items.map(({ productId }, index) => ({ productId, position: index + 1 })) }),
    );
  }

  #used(event: MouseEvent): void {
    const path = event.composedPath(),
      card = path.find((target) => cards.has(target)),
      item = card && cards.get(card);
    if (!card || !this.#decision || event.button > 1 || !path.some((target) => /^(A|BUTTON)$/.test((target as Element).tagName))) return;
    this.#tell('Decision Clicked', item ? { productId: item.productId, position: this.#decision.items.indexOf(item) + 1 } : {});
  }
}

/** When the page is read, so that every slot knows its own content. */
export function defineSlot(): void {
  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', defineSlot);
  else if (!customElements.get('kunde-slot')) customElements.define('kunde-slot', KundeSlot);
}

export const eachSlot = (work: (slot: KundeSlot) => void): void => connected.forEach(work);
