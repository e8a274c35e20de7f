import { defineWords } from '../words';

export const searchWords = defineWords({
  title: { en: 'Search', de: 'Suche' },
  placeholder: { en: 'A product, a page, an e-mail address, a customer number …', de: 'Artikel, Seite, E-Mail-Adresse, Kundennummer …' },
  hits: { en: 'Found', de: 'Gefunden' },
  pages: { en: 'Pages', de: 'Seiten' },
  people: { en: 'People', de: 'Personen' },
  products: { en: 'Products', de: 'Artikel' },
  keys: { en: 'Keys', de: 'Schlüssel' },
  sources: { en: 'Sources', de: 'Quellen' },
  system: { en: 'System', de: 'System' },
  password: { en: 'Password', de: 'Passwort' },
  person: { en: 'Person {id}', de: 'Person {id}' },
  email: { en: 'by e-mail address', de: 'über die E-Mail-Adresse' },
  userId: { en: 'by customer number', de: 'über die Kundennummer' },
  anonymousId: { en: 'by browser id', de: 'über die Browser-Kennung' },
  phone: { en: 'by telephone number', de: 'über die Telefonnummer' },
  card: { en: 'by customer card', de: 'über die Kundenkarte' },
  personId: { en: 'by person id', de: 'über die Personen-Kennung' },
  nothing: { en: 'Nothing found. People are found by the whole value: the complete e-mail address or number.', de: 'Nichts gefunden. Personen findet, wer den ganzen Wert eingibt: die vollständige E-Mail-Adresse oder Nummer.' },
  failed: { en: 'The search does not answer right now. Pages are still found.', de: 'Die Suche antwortet gerade nicht. Seiten werden trotzdem gefunden.' },
  hint: { en: '↑ ↓ choose · Enter opens · Esc closes. What you type is not kept and stands in no address.', de: '↑ ↓ wählt · Enter öffnet · Esc schließt. Was Sie eingeben, wird nicht aufbewahrt und steht in keiner Adresse.' },
});
