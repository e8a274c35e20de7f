/* What an event added to the profile, in words. */
import { money, number } from '../../format';
import { defineWords, say, type Message } from '../../words';
import type { Fact } from './types';

/* By what the engine calls the kinds. */
const kinds = defineWords({
  custom: { en: 'An event of your own, kept in the timeline', de: 'Ein eigenes Ereignis, im Verlauf behalten' },
  identify: { en: 'Who this is was told', de: 'Wer das ist, wurde mitgeteilt' },
  page: { en: 'A page was seen', de: 'Eine Seite wurde gesehen' },
  screen: { en: 'A screen of the app was seen', de: 'Eine Ansicht der App wurde gesehen' },
  group: { en: 'Belongs to a group', de: 'Gehört zu einer Gruppe' },
  alias: { en: 'Two ids are one person', de: 'Zwei Kennungen sind eine Person' },
  view: { en: 'Viewed', de: 'Angesehen' },
  click: { en: 'Clicked', de: 'Angeklickt' },
  list: { en: 'A list of products was seen', de: 'Eine Produktliste wurde gesehen' },
  search: { en: 'Searched for something', de: 'Etwas gesucht' },
  cart_add: { en: 'Put into the cart', de: 'In den Warenkorb gelegt' },
  cart_remove: { en: 'Taken out of the cart', de: 'Aus dem Warenkorb genommen' },
  cart_view: { en: 'The cart was looked at', de: 'Der Warenkorb wurde angesehen' },
  checkout: { en: 'On the way to the till', de: 'Auf dem Weg zur Kasse' },
  order: { en: 'Bought', de: 'Gekauft' },
  order_updated: { en: 'An order was changed', de: 'Eine Bestellung wurde geändert' },
  order_cancelled: { en: 'An order was cancelled', de: 'Eine Bestellung wurde storniert' },
  return: { en: 'Sent back', de: 'Zurückgegeben' },
  wish_add: { en: 'Put on the wish list', de: 'Auf den Merkzettel gesetzt' },
  wish_remove: { en: 'Taken off the wish list', de: 'Vom Merkzettel genommen' },
  promo_view: { en: 'A promotion was seen', de: 'Eine Aktion wurde gesehen' },
  promo_click: { en: 'A promotion was clicked', de: 'Eine Aktion wurde angeklickt' },
  coupon: { en: 'A coupon was used or tried', de: 'Ein Gutschein wurde eingelöst oder versucht' },
  share: { en: 'Shared', de: 'Geteilt' },
  review: { en: 'Reviewed', de: 'Bewertet' },
  content: { en: 'Content was read or watched', de: 'Ein Inhalt wurde gelesen oder angesehen' },
  email: { en: 'Something happened to an e-mail', de: 'Mit einer E-Mail geschah etwas' },
  consent: { en: 'Consent was given or taken back', de: 'Eine Einwilligung wurde erteilt oder zurückgenommen' },
  orderId: { en: 'Order', de: 'Bestellung' },
  topic: { en: 'About', de: 'Worum es ging' },
  place: { en: 'Place', de: 'Ort' },
  total: { en: 'Total', de: 'Summe' },
  trait: { en: 'Trait', de: 'Merkmal' },
  identity: { en: 'Known by', de: 'Bekannt unter' },
  userId: { en: 'user id', de: 'Nutzer-Id' },
  anonymousId: { en: 'anonymous id', de: 'anonyme Id' },
  card: { en: 'loyalty card', de: 'Kundenkarte' },
  phone: { en: 'phone', de: 'Telefon' },
});
const mail: Message = { en: 'e-mail', de: 'E-Mail' };

/* A kind that this page does not know is shown under the engine's own name. */
function kindText(kind: string): string {
  return Object.hasOwn(kinds, kind) ? say(kinds[kind as keyof typeof kinds]) : kind;
}

function valueText(fact: Fact): string {
  const { value, currency } = fact;
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return currency ? money(value, currency) : number(value, 6);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/* "Bought" and "2 × Rain jacket, €59.90": what happened, and to what. */
export function factText(fact: Fact): { what: string; detail: string } {
  if (fact.kind === 'identity') return { what: `${kindText('identity')} (${fact.name === 'email' ? say(mail) : kindText(fact.name ?? '')})`, detail: valueText(fact) };
  if (fact.kind === 'trait') return { what: `${kindText('trait')} ${fact.name ?? ''}`, detail: valueText(fact) };
  if (fact.productId === undefined) return { what: kindText(fact.kind), detail: valueText(fact) };
  const count = fact.count !== undefined && fact.count !== 1 ? `${number(fact.count)} × ` : '';
  return { what: kindText(fact.kind), detail: `${count}${fact.title ?? fact.productId}${valueText(fact) === '' ? '' : `, ${valueText(fact)}`}` };
}
