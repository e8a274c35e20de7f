/** What data may be used for. Whatever was not granted is refused. */
export type Purpose =
  | 'operate' // running the shop: what everybody sees, an order's events
  | 'personalise' // answers made for this person
  | 'analyse' // counting and understanding
  | 'market-email'
  | 'market-post'
  | 'market-push'
  | 'share'
  | 'advertising'
  | 'sensitive';

/** true granted, false refused, absent not asked yet. */
export type Consent = { [purpose in Purpose]?: boolean };

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json | undefined };
export type Fields = { [name: string]: Json | undefined };

export interface Options {
  /** The public key, `wk_…`. */
  writeKey: string;
  /** Where Kunde answers, such as `https://kunde.example.org`, with a path where a proxy gives it one. */
  host: string;
  /** What holds for everybody until they answer: what a shop may do without asking. Their own answers win. */
  consent?: Consent;
  /** What Global Privacy Control refuses. Default: share and advertising. */
  gpc?: readonly Purpose[];
  /** The shop's own id of a person who is logged in, and the token that proves it. */
  userId?: string;
  userToken?: string;
  /** Milliseconds a slot waits before it shows its own content. Default 1000. */
  timeout?: number;
  /** How many calls wait in memory for a first answer about consent. Default 20; 0 lets them go. */
  hold?: number;
  /** What relative addresses of products and pictures are relative to. Default: the page. */
  base?: string;
  /** Is told what could not be delivered. Nothing is ever written to the console. */
  onError?: (problem: Problem) => void;
}

export interface Problem {
  reason: string;
  status?: number;
  messageId?: string;
  field?: string;
}

export interface EventOptions {
  /** The purposes this event serves; one that is granted is enough. Default: personalise and analyse. */
  purposes?: readonly Purpose[];
}

export interface IdentifyOptions extends EventOptions {
  userToken?: string;
}

export interface DecideOptions {
  /** Product ids: that of the page, or those in the cart. */
  products?: string[];
  /** Language of the reasons. Default: the page's. */
  language?: string;
}

export interface Reason {
  kind: string;
  text: string;
  weight: number;
  product?: string;
  title?: string;
}

export interface Item {
  productId: string;
  title: string;
  sku?: string;
  size?: string;
  color?: string;
  brand?: string;
  category?: string;
  url?: string;
  image?: string;
  price?: number;
  listPrice?: number;
  currency?: string;
  score: number;
  layer: number;
  reasons: Reason[];
}

export interface Decision {
  placement: string;
  decisionId: string;
  kind: 'recommendation' | 'content' | 'nothing';
  content: Json;
  items: Item[];
  reasons: Json[];
}

export interface Kunde {
  readonly version: string;
  init(options: Options): void;
  track(event: string, properties?: Fields, options?: EventOptions): void;
  page(properties?: Fields, options?: EventOptions): void;
  identify(userId: string, traits?: Fields, options?: IdentifyOptions): void;
  identify(traits: Fields): void;
  /** Takes what was granted or refused; gives what holds now, Global Privacy Control included. */
  consent(change?: Consent): Consent;
  /** Forgets who was here (log-out): the next event is somebody else's. Consent stays. */
  reset(): void;
  /** Sends what waits; resolves when everything is delivered or has to wait longer. */
  flush(): Promise<void>;
  /** What the server would show, for pages that render it themselves. Empty without consent, or when Kunde is away. */
  decide(placements: string[], options?: DecideOptions): Promise<Decision[]>;
  /** Asks again for every slot on the page. */
  refresh(): void;
}
