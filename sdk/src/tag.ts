/* The script tag: window.kunde, set up by the attributes of <script src="…/kunde.js" data-write-key="…" defer>. */
import { kunde } from './index.js';
import type { Kunde, Options, Purpose } from './types.js';

type Call = [name: keyof Kunde, ...values: unknown[]];

declare global {
  interface Window {
    kunde?: Kunde | Call[];
  }
  interface Document {
    readonly prerendering?: boolean;
  }
}

const words = (text: string): Purpose[] => text.split(/[\s,]+/).filter(Boolean) as Purpose[];

function start({ dataset, src }: HTMLScriptElement): void {
  if (!dataset['writeKey']) return; /* the page calls kunde.init() itself */
  const { consent = '', gpc = 'share advertising' } = dataset;
  const options: { [name: string]: unknown } = {
    host: new URL('.', src).href,
    ...dataset,
    gpc: words(gpc),
    ...(consent && { consent: Object.fromEntries(words(consent).map((purpose) => [purpose, true])) }),
  };
  kunde.init(options as unknown as Options);
  if (dataset['page'] !== 'off') kunde.page();
}

const script = document.currentScript as HTMLScriptElement | null,
  before = window.kunde ?? [];
if (Array.isArray(before)) {
  window.kunde = kunde;
  const run = (): void => {
    if (script) start(script);
    /* Calls made before the script was there: (window.kunde ??= []).push(['track', 'Cart Viewed']) */
    for (const [name, ...values] of before) (kunde[name] as (...values: unknown[]) => unknown)(...values);
  };
  /* A page that is only prepared has not been looked at. */
  if (document.prerendering) document.addEventListener('prerenderingchange', run, { once: true });
  else run();
}
