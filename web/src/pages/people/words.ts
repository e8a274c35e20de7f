import { defineWords } from '../../words';

export const words = defineWords({
  title: { en: 'People', de: 'Personen' },
  sentence: {
    en: 'Find somebody by anything the shop knows them by, and see what Kunde knows and why.',
    de: 'Finden Sie jemanden über jedes Merkmal, das der Shop kennt, und sehen Sie, was Kunde weiß und woher.',
  },
  back: { en: 'All people', de: 'Alle Personen' },

  // search
  findLabel: { en: 'E-mail, customer number, card, phone, device or visitor id', de: 'E-Mail, Kundennummer, Karte, Telefon, Gerät oder Besucherkennung' },
  findHint: {
    en: 'The whole value is needed: keys are stored as fingerprints, so nobody can leaf through them. It is sent in the body of the request and never appears in an address.',
    de: 'Bitte geben Sie den ganzen Wert ein: Schlüssel sind nur als Fingerabdruck gespeichert, durchblättern kann sie niemand. Der Wert reist im Rumpf der Anfrage und steht nie in einer Adresse.',
  },
  find: { en: 'Find', de: 'Suchen' },
  findEmpty: { en: 'Enter an e-mail, a number or an id.', de: 'Geben Sie eine E-Mail, eine Nummer oder eine Kennung ein.' },
  findTooLong: { en: 'A value has at most 512 characters.', de: 'Ein Wert hat höchstens 512 Zeichen.' },
  findNobody: {
    en: 'Nobody is known under this value. Check the spelling; with “card:”, “email:” or “userId:” in front you say which kind is meant.',
    de: 'Unter diesem Wert ist niemand bekannt. Bitte prüfen Sie die Schreibweise; mit „card:“, „email:“ oder „userId:“ davor sagen Sie, welche Art gemeint ist.',
  },

  // recent people
  recent: { en: 'Active lately', de: 'Zuletzt aktiv' },
  recentEmpty: { en: 'Nobody has been here yet', de: 'Noch war niemand da' },
  recentEmptyText: { en: 'People appear with their first event. The Home page shows how to send one.', de: 'Personen erscheinen mit ihrem ersten Ereignis. Auf der Startseite steht, wie Sie eines senden.' },
  colPerson: { en: 'Person', de: 'Person' },
  colSeen: { en: 'Last seen', de: 'Zuletzt gesehen' },
  colEvent: { en: 'Last event', de: 'Letztes Ereignis' },
  colSource: { en: 'Source', de: 'Quelle' },
  colOrders: { en: 'Orders', de: 'Bestellungen' },
  colSpent: { en: 'Spent', de: 'Umsatz' },

  // header
  unnamed: { en: 'Without a name', de: 'Ohne Namen' },
  personId: { en: 'Person', de: 'Person' },
  notFound: { en: 'Nobody is known under this id', de: 'Unter dieser Kennung ist niemand bekannt' },
  notFoundText: { en: 'The link may be old, or it belongs to another database.', de: 'Der Link ist vielleicht alt oder gehört zu einer anderen Datenbank.' },
  lastSeen: { en: 'Last seen', de: 'Zuletzt gesehen' },
  never: { en: 'never', de: 'nie' },
  orders: { en: 'Orders', de: 'Bestellungen' },
  ordersReturned: { en: '{n} return|{n} returns', de: '{n} Rücksendung|{n} Rücksendungen' },
  kept: { en: 'Kept value', de: 'Behaltener Wert' },
  keptOf: { en: 'of {bought} bought', de: 'von {bought} gekauft' },
  events: { en: 'Events', de: 'Ereignisse' },
  claimedEvents: { en: '{n} only claimed|{n} only claimed', de: '{n} nur behauptet|{n} nur behauptet' },
  claimedOrders: { en: '{n} more only claimed|{n} more only claimed', de: '{n} weitere nur behauptet|{n} weitere nur behauptet' },
  identities: { en: 'Known by', de: 'Bekannt unter' },
  proven: { en: 'proven', de: 'belegt' },
  claimed: { en: 'claimed', de: 'behauptet' },
  provenWhy: {
    en: 'Came with the server key, with a user token, or is this browser’s own id. First {first}, last {last}.',
    de: 'Kam mit dem Server-Schlüssel, mit einem Benutzer-Token oder ist die eigene Kennung dieses Browsers. Zuerst {first}, zuletzt {last}.',
  },
  claimedWhy: {
    en: 'Came with the public write key only, so anybody could have said it. It opens nothing. First {first}, last {last}.',
    de: 'Kam nur mit dem öffentlichen Schreibschlüssel, das könnte jeder gesagt haben. Es öffnet nichts. Zuerst {first}, zuletzt {last}.',
  },
  typeUserId: { en: 'Customer number', de: 'Kundennummer' },
  typeCard: { en: 'Card', de: 'Karte' },
  typeEmail: { en: 'E-mail', de: 'E-Mail' },
  typePhone: { en: 'Phone', de: 'Telefon' },
  typeDeviceId: { en: 'Device', de: 'Gerät' },
  typeAnonymousId: { en: 'Visitor id', de: 'Besucherkennung' },

  // views
  viewKnow: { en: 'What we know', de: 'Was wir wissen' },
  viewTimeline: { en: 'Timeline', de: 'Zeitleiste' },
  viewIdentities: { en: 'Identities', de: 'Identitäten' },
  viewPrivacy: { en: 'Consents and rights', de: 'Einwilligungen und Rechte' },
  viewShow: { en: 'What we would show now', de: 'Was wir jetzt zeigen würden' },

  // taste
  taste: { en: 'Taste', de: 'Vorlieben' },
  tasteSentence: {
    en: 'Each bar is the share of the evidence that speaks for a value. Recent things weigh more, purchases more than looks; what was sent back counts against.',
    de: 'Jeder Balken zeigt, welcher Anteil der Belege für einen Wert spricht. Neueres wiegt mehr, Gekauftes mehr als Angesehenes; Zurückgeschicktes zählt dagegen.',
  },
  tasteEmpty: { en: 'No taste to be seen yet', de: 'Noch keine Vorlieben erkennbar' },
  tasteEmptyText: { en: 'It shows as soon as this person looks at something, puts it into the cart or buys it.', de: 'Sie zeigen sich, sobald diese Person etwas ansieht, in den Warenkorb legt oder kauft.' },
  tasteMore: { en: '{n} more|{n} more', de: '{n} weiterer|{n} weitere' },
  tasteLess: { en: 'Fewer', de: 'Weniger' },
  against: { en: 'speaks against', de: 'spricht dagegen' },
  over: { en: 'over {price}', de: 'über {price}' },
  under: { en: 'under {price}', de: 'unter {price}' },
  category: { en: 'Category', de: 'Kategorie' },
  brand: { en: 'Brand', de: 'Marke' },
  color: { en: 'Colour', de: 'Farbe' },
  style: { en: 'Style', de: 'Stil' },
  cut: { en: 'Cut', de: 'Schnitt' },
  price_band: { en: 'Price', de: 'Preis' },
  material: { en: 'Material', de: 'Material' },
  gender: { en: 'Made for', de: 'Gedacht für' },
  evidence: { en: '{n} signal, {what}|{n} signals, strongest: {what}', de: '{n} Signal: {what}|{n} Signale, das stärkste: {what}' },
  evidenceView: { en: 'looked at {title}', de: '{title} angesehen' },
  evidenceClick: { en: 'clicked {title}', de: '{title} angeklickt' },
  evidenceCart: { en: 'put {title} into the cart', de: '{title} in den Warenkorb gelegt' },
  evidenceWish: { en: 'wished for {title}', de: '{title} auf den Wunschzettel gesetzt' },
  evidenceOrder: { en: 'bought {title}', de: '{title} gekauft' },
  evidenceReturn: { en: 'sent {title} back', de: '{title} zurückgeschickt' },
  evidenceContent: { en: 'read {title}', de: '{title} gelesen' },
  something: { en: 'something', de: 'etwas' },

  // sizes
  sizes: { en: 'Sizes', de: 'Größen' },
  sizesSentence: { en: 'Believed from purchases that were kept. Other sizes are not recommended.', de: 'Aus Käufen geschlossen, die behalten wurden. Andere Größen werden nicht empfohlen.' },
  sizesEmpty: { en: 'No size is known: nothing with a size was bought and kept.', de: 'Keine Größe bekannt: Bisher wurde nichts mit einer Größe gekauft und behalten.' },
  sizeOf: { en: '{k} of {of} kept', de: '{k} von {of} behalten' },
  sizeOnce: { en: 'one purchase only: a guess', de: 'nur ein Kauf: eine Vermutung' },
  sizeSure: { en: 'rather sure', de: 'ziemlich sicher' },
  sizeSplit: { en: 'not settled', de: 'nicht eindeutig' },

  // cart, wishes, last viewed
  cart: { en: 'In the cart', de: 'Im Warenkorb' },
  cartEmpty: { en: 'The cart is empty.', de: 'Der Warenkorb ist leer.' },
  wished: { en: 'Wish list', de: 'Wunschzettel' },
  viewed: { en: 'Looked at lately', de: 'Zuletzt angesehen' },
  viewedEmpty: { en: 'Nothing was looked at.', de: 'Nichts wurde angesehen.' },

  // orders
  trades: { en: 'Orders and returns', de: 'Bestellungen und Rücksendungen' },
  tradesEmpty: { en: 'Nothing was bought yet.', de: 'Bisher wurde nichts gekauft.' },
  order: { en: 'Order', de: 'Bestellung' },
  returned: { en: 'Return', de: 'Rücksendung' },
  returnUnnamed: { en: 'A whole order; the message names no products.', de: 'Eine ganze Bestellung; die Meldung nennt keine Artikel.' },
  quantity: { en: '{n} ×', de: '{n} ×' },
  viaWeb: { en: 'web', de: 'Web' },
  viaApp: { en: 'app', de: 'App' },
  viaStore: { en: 'store', de: 'Filiale' },
  viaEmail: { en: 'e-mail', de: 'E-Mail' },
  viaServer: { en: 'server', de: 'Server' },
  viaFile: { en: 'file', de: 'Datei' },
  viaUnknown: { en: 'unknown channel', de: 'Kanal unbekannt' },
  moreTrades: { en: 'Show all {n}|Show all {n}', de: 'Alle {n} zeigen|Alle {n} zeigen' },

  // traits, consent
  traits: { en: 'Told by the shop', de: 'Vom Shop mitgeteilt' },
  traitsEmpty: { en: 'The shop told nothing about this person.', de: 'Der Shop hat zu dieser Person nichts mitgeteilt.' },
  consent: { en: 'Consent', de: 'Einwilligung' },
  consentText: { en: '{n} message about consent, {when}. It stands in the timeline.|{n} messages about consent, the last {when}. They stand in the timeline.', de: '{n} Meldung zur Einwilligung, {when}. Sie steht in der Zeitleiste.|{n} Meldungen zur Einwilligung, die letzte {when}. Sie stehen in der Zeitleiste.' },

  // activity
  activity: { en: 'Activity', de: 'Aktivität' },
  activitySentence: { en: 'Active on {days} of the last {total} days, orders on {orders}.', de: 'An {days} der letzten {total} Tage aktiv, an {orders} bestellt.' },
  activityDay: { en: '{day}: {n} event|{day}: {n} events', de: '{day}: {n} Ereignis|{day}: {n} Ereignisse' },
  activityOrder: { en: 'with an order', de: 'mit Bestellung' },
  activityTable: { en: 'As a table', de: 'Als Tabelle' },
  activityDayHead: { en: 'Day', de: 'Tag' },
  less: { en: 'less', de: 'weniger' },
  more: { en: 'more', de: 'mehr' },

  // timeline
  timelineEmpty: { en: 'Nothing happened yet', de: 'Noch ist nichts geschehen' },
  timelineEmptyText: { en: 'Events appear here as soon as they arrive.', de: 'Ereignisse erscheinen hier, sobald sie eintreffen.' },
  timelineNone: { en: 'None of the loaded events is of this kind.', de: 'Unter den geladenen Ereignissen ist keines dieser Art.' },
  groupAll: { en: 'Everything', de: 'Alles' },
  shopping: { en: 'Shopping', de: 'Einkaufen' },
  groupOrders: { en: 'Orders', de: 'Bestellungen' },
  decisions: { en: 'Decisions', de: 'Entscheidungen' },
  other: { en: 'Other', de: 'Sonstiges' },
  filterLabel: { en: 'Show only', de: 'Nur zeigen' },
  earlier: { en: 'Load earlier events', de: 'Frühere Ereignisse laden' },
  start: { en: 'This is where it began.', de: 'Hier hat es angefangen.' },
  andMore: { en: 'and {n} more product|and {n} more products', de: 'und {n} weiterer Artikel|und {n} weitere Artikel' },
  rawTime: { en: 'Happened', de: 'Geschehen' },
  rawReceived: { en: 'Received', de: 'Eingegangen' },
  rawMessage: { en: 'Message id', de: 'Nachrichten-ID' },
  rawChannel: { en: 'Channel', de: 'Kanal' },
  rawTrust: { en: 'Standing', de: 'Rang' },
  rawJson: { en: 'As it was sent', de: 'Wie gesendet' },
  rawReceipt: { en: 'The receipt', de: 'Der Beleg' },
  rawFacts: { en: 'What it added to the profile', de: 'Was es zum Profil beitrug' },
  rawDecisions: { en: 'Decisions that used it afterwards', de: 'Entscheidungen, die es danach nutzten' },
  rawNoDecisions: { en: 'None so far.', de: 'Bisher keine.' },

  kindCustom: { en: 'Own event', de: 'Eigenes Ereignis' },
  kindIdentify: { en: 'Told who they are', de: 'Hat sich zu erkennen gegeben' },
  kindPage: { en: 'Opened a page', de: 'Seite geöffnet' },
  kindScreen: { en: 'Opened a screen', de: 'Ansicht geöffnet' },
  kindGroup: { en: 'Joined a group', de: 'Gruppe zugeordnet' },
  kindAlias: { en: 'Two ids joined', de: 'Zwei Kennungen verknüpft' },
  kindView: { en: 'Looked at', de: 'Angesehen' },
  kindClick: { en: 'Clicked', de: 'Angeklickt' },
  kindList: { en: 'Looked at a list', de: 'Liste angesehen' },
  kindSearch: { en: 'Searched', de: 'Gesucht' },
  kindCartAdd: { en: 'Put into the cart', de: 'In den Warenkorb gelegt' },
  kindCartRemove: { en: 'Took out of the cart', de: 'Aus dem Warenkorb genommen' },
  kindCartView: { en: 'Opened the cart', de: 'Warenkorb geöffnet' },
  kindCheckout: { en: 'At the checkout', de: 'An der Kasse' },
  kindOrder: { en: 'Bought', de: 'Gekauft' },
  kindOrderUpdated: { en: 'Order changed', de: 'Bestellung geändert' },
  kindOrderCancelled: { en: 'Order cancelled', de: 'Bestellung storniert' },
  kindReturn: { en: 'Sent back', de: 'Zurückgeschickt' },
  kindWishAdd: { en: 'Wished for', de: 'Auf den Wunschzettel gesetzt' },
  kindWishRemove: { en: 'No longer wished for', de: 'Vom Wunschzettel genommen' },
  kindPromoView: { en: 'Saw a promotion', de: 'Aktion gesehen' },
  kindPromoClick: { en: 'Clicked a promotion', de: 'Aktion angeklickt' },
  kindCoupon: { en: 'Used a coupon', de: 'Gutschein eingelöst' },
  kindShare: { en: 'Shared', de: 'Geteilt' },
  kindReview: { en: 'Wrote a review', de: 'Bewertung geschrieben' },
  kindContent: { en: 'Read', de: 'Gelesen' },
  kindEmail: { en: 'E-mail', de: 'E-Mail' },
  kindConsent: { en: 'Consent', de: 'Einwilligung' },
  kindDecision: { en: 'Kunde answered', de: 'Kunde hat geantwortet' },

  // what we would show now
  showSentence: {
    en: 'Asked at this moment, by the placements in force. Looking here leaves no receipt and changes nothing.',
    de: 'In diesem Augenblick gefragt, nach den geltenden Platzierungen. Hinsehen hinterlässt keinen Beleg und ändert nichts.',
  },
  showEmpty: { en: 'There is no placement yet', de: 'Es gibt noch keine Platzierung' },
  showEmptyText: { en: 'Make one with PUT /v1/admin/placements/{id}; the API tab of this page shows how.', de: 'Legen Sie eine mit PUT /v1/admin/placements/{id} an; der API-Reiter dieser Seite zeigt, wie.' },
  showNothing: { en: 'Nothing is worth showing here at the moment.', de: 'Im Moment ist hier nichts, was sich zu zeigen lohnt.' },
  showOff: { en: 'switched off', de: 'abgeschaltet' },
  showContent: { en: 'Content, the same for everybody', de: 'Inhalt, für alle gleich' },
  showContext: { en: 'As on the page of {title}, which this person looked at last', de: 'Wie auf der Seite von {title}, zuletzt angesehen' },
  showNeedsProduct: { en: 'This placement needs a product on the page, and this person looked at none yet.', de: 'Diese Platzierung braucht einen Artikel auf der Seite, und diese Person hat noch keinen angesehen.' },
  showCompare: { en: 'Compare recipes', de: 'Rezepte vergleichen' },
});

/* The word for a kind of event, a channel, a type of key, as the API names it. */
export type WordKey = keyof typeof words;

const pascal = (name: string): string => name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
const has = (key: string): key is WordKey => Object.hasOwn(words, key);

const prefixed = (prefix: string, otherwise: WordKey) => (name: string): WordKey => {
  const key = prefix + pascal(name);
  return has(key) ? key : otherwise;
};
export const kindWord = prefixed('kind', 'kindCustom');
export const channelWord = prefixed('via', 'viaUnknown');

export function typeWord(type: string): WordKey | null {
  const key = `type${type.charAt(0).toUpperCase()}${type.slice(1)}`;
  return has(key) ? key : null;
}
export const attributeWord = (attribute: string): WordKey | null => (has(attribute) ? attribute : null);

const evidenceWords: Readonly<Record<string, WordKey>> = {
  view: 'evidenceView', click: 'evidenceClick', cart_add: 'evidenceCart', wish_add: 'evidenceWish',
  order: 'evidenceOrder', return: 'evidenceReturn', order_cancelled: 'evidenceReturn', content: 'evidenceContent',
};
export const evidenceWord = (kind: string): WordKey => evidenceWords[kind] ?? 'evidenceView';
