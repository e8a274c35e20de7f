import { defineWords, say } from '../../words';

export const graphWords = defineWords({
  title: { en: 'Who this is made of', de: 'Woraus diese Person besteht' },
  alone: { en: 'One identity; nothing links it to another.', de: 'Eine Identität; nichts verbindet sie mit einer anderen.' },
  sentence: {
    en: '{n} identities. Evidence that joins: {links}; seen and not used: {unused}.',
    de: '{n} Identitäten. Belege, die verbinden: {links}; gesehen und nicht verwendet: {unused}.',
  },
  absent: { en: 'No graph is known for this person', de: 'Für diese Person ist kein Graph bekannt' },
  drawing: { en: 'Drawing of {n} identity and its evidence|Drawing of {n} identities and their evidence', de: 'Zeichnung von {n} Identität mit Belegen|Zeichnung von {n} Identitäten mit Belegen' },
  legend: { en: 'Legend', de: 'Legende' },
  legendUsed: { en: 'used: joins', de: 'verwendet: verbindet' },
  legendUnused: { en: '× not used', de: '× nicht verwendet' },
  legendApart: { en: 'kept apart by staff', de: 'von Hand getrennt' },
  choose: { en: 'Choose an identity or a piece of evidence in the drawing, with the mouse or with Tab and Enter.', de: 'Wählen Sie in der Zeichnung eine Identität oder einen Beleg, mit der Maus oder mit Tabulator und Eingabe.' },
  nameless: { en: 'without a key', de: 'ohne Schlüssel' },
  events: { en: '{n} event|{n} events', de: '{n} Ereignis|{n} Ereignisse' },
  home: { en: 'home', de: 'Heimat' },
  aside: { en: 'set aside', de: 'beiseitegelegt' },
  used: { en: 'used', de: 'verwendet' },
  unused: { en: 'not used', de: 'nicht verwendet' },
  usedWhy: { en: 'This evidence joins the two.', de: 'Dieser Beleg verbindet die beiden.' },
  since: { en: 'Since {when}', de: 'Seit {when}' },
  proven: { en: 'proven', de: 'belegt' },
  claimed: { en: 'claimed', de: 'behauptet' },
  open: { en: 'Open', de: 'Öffnen' },
  others: { en: 'The others', de: 'Die anderen' },
  evidence: { en: 'Evidence', de: 'Belege' },
  evidenceSentence: { en: 'Nothing is rewritten: taking evidence back, or keeping two apart, is a piece of evidence too.', de: 'Nichts wird umgeschrieben: Einen Beleg zurückzunehmen oder zwei zu trennen ist selbst ein Beleg.' },
  apart: { en: 'Kept apart', de: 'Getrennt' },
  retract: { en: 'Take back', de: 'Zurücknehmen' },
  retracting: { en: 'The evidence is taken back', de: 'Der Beleg wird zurückgenommen' },
  keepApart: { en: 'Keep apart', de: 'Trennen' },
  parting: { en: 'The two are kept apart', de: 'Die beiden werden getrennt' },
  join: { en: 'Join', de: 'Verbinden' },
  joining: { en: 'The two are joined', de: 'Die beiden werden verbunden' },

  valueUnknown: { en: '(value not known)', de: '(Wert unbekannt)' },
  whyClaimed: { en: 'only claimed: it came with the public key alone', de: 'nur behauptet: kam allein mit dem öffentlichen Schlüssel' },
  whyHalf: { en: 'only one of the two has it so far', de: 'bisher hat es nur eine der beiden' },
  whyTakenBack: { en: 'taken back', de: 'zurückgenommen' },
  whyOverLimit: { en: 'an end with too many links: a kiosk, a shared card', de: 'ein Ende mit zu vielen Verbindungen: ein Terminal, eine geteilte Karte' },
  whyTwoUsers: { en: 'it would join two customer numbers', de: 'es würde zwei Kundennummern verbinden' },
  whyTwoKeys: { en: 'it would join two different keys of one kind', de: 'es würde zwei verschiedene Schlüssel einer Art verbinden' },
  whyTyped: { en: 'typed by hand, and one side has a customer number', de: 'von Hand getippt, und eine Seite hat eine Kundennummer' },
  whyApart: { en: 'staff keeps the two apart', de: 'die beiden sind von Hand getrennt' },
  whyTooMany: { en: 'more identities than one customer may have', de: 'mehr Identitäten, als ein Kunde haben darf' },

  kindAlias: { en: 'alias', de: 'Alias' },
  kindLogin: { en: 'login', de: 'Anmeldung' },
  kindCard: { en: 'card', de: 'Karte' },
  kindEmail: { en: 'e-mail', de: 'E-Mail' },
  kindOrder: { en: 'order', de: 'Bestellung' },
  kindReceipt: { en: 'receipt', de: 'Bon' },
  kindDevice: { en: 'device', de: 'Gerät' },
  kindStaff: { en: 'staff', de: 'von Hand' },
  kindTyped: { en: 'typed in', de: 'getippt' },
  kindOther: { en: 'evidence', de: 'Beleg' },

  keyUserId: { en: 'Customer number', de: 'Kundennummer' },
  keyCard: { en: 'Card', de: 'Karte' },
  keyEmail: { en: 'E-mail', de: 'E-Mail' },
  keyPhone: { en: 'Phone', de: 'Telefon' },
  keyDevice: { en: 'Device', de: 'Gerät' },
  keyVisitor: { en: 'Visitor id', de: 'Besucherkennung' },
  keyTill: { en: 'Till number', de: 'Kassennummer' },
  keyReceipt: { en: 'E-receipt', de: 'E-Bon' },
  keyOther: { en: 'Key', de: 'Schlüssel' },
});
export type GraphWord = keyof typeof graphWords;

const kinds: Readonly<Record<string, GraphWord>> = {
  alias: 'kindAlias', login: 'kindLogin', card: 'kindCard', email: 'kindEmail', 'verified-email': 'kindEmail', order: 'kindOrder', receipt: 'kindReceipt', device: 'kindDevice', staff: 'kindStaff', verified: 'kindEmail', typed: 'kindTyped',
};
export const kindOf = (kind: string): GraphWord => kinds[kind] ?? 'kindOther';

const keys: Readonly<Record<string, GraphWord>> = {
  userId: 'keyUserId', loyaltyCard: 'keyCard', card: 'keyCard', email: 'keyEmail', phone: 'keyPhone', deviceId: 'keyDevice', anonymousId: 'keyVisitor', tillCustomerNumber: 'keyTill', receiptId: 'keyReceipt',
};
export const keyOf = (type: string): GraphWord => keys[type] ?? 'keyOther';

const whys: Readonly<Record<string, GraphWord>> = {
  claimed: 'whyClaimed', half: 'whyHalf', 'taken-back': 'whyTakenBack', 'over-limit': 'whyOverLimit', 'two-user-ids': 'whyTwoUsers', 'two-keys': 'whyTwoKeys', typed: 'whyTyped', apart: 'whyApart', 'too-many': 'whyTooMany',
};
/* What the server calls the reason, in words; a reason it learned later is said as it says it. */
export function whyText(why: string | undefined): string {
  const word = why ? whys[why] : undefined;
  return word ? say(graphWords[word]) : (why ?? '');
}
