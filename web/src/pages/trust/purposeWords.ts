import { defineWords } from '../../words';

export const purposeWords = defineWords({
  operate: { en: 'Operate', de: 'Betrieb' },
  operateText: { en: 'Serve what was asked for: orders, returns, the account.', de: 'Ausführen, was verlangt wurde: Bestellungen, Rücksendungen, das Konto.' },
  personalise: { en: 'Personalise', de: 'Personalisieren' },
  personaliseText: { en: 'Recommend and sort by what somebody did.', de: 'Empfehlen und ordnen nach dem, was jemand getan hat.' },
  analyse: { en: 'Analyse', de: 'Auswerten' },
  analyseText: { en: 'Count, and train models.', de: 'Zählen und Modelle lernen.' },
  marketEmail: { en: 'E-mail marketing', de: 'Werbung per E-Mail' },
  marketPost: { en: 'Postal marketing', de: 'Werbung per Post' },
  marketPush: { en: 'Push marketing', de: 'Werbung per Push' },
  share: { en: 'Share with others', de: 'Weitergabe an andere' },
  sensitive: { en: 'Sensitive matters', de: 'Sensibles' },
  sensitiveText: { en: 'Health, pregnancy, belief, intimacy: never without an explicit yes.', de: 'Gesundheit, Schwangerschaft, Glaube, Intimes: nie ohne ausdrückliches Ja.' },

  consent: { en: 'consent', de: 'Einwilligung' },
  contract: { en: 'contract', de: 'Vertrag' },
  interest: { en: 'legitimate interest', de: 'berechtigtes Interesse' },
  none: { en: 'none: not used', de: 'keine: wird nicht genutzt' },

  export: { en: 'Copy of everything', de: 'Kopie von allem' },
  erase: { en: 'Erasure', de: 'Löschung' },
  rectify: { en: 'Correction', de: 'Berichtigung' },
  restrict: { en: 'Restriction', de: 'Einschränkung' },
  release: { en: 'End of restriction', de: 'Ende der Einschränkung' },
  object: { en: 'Objection', de: 'Widerspruch' },

  behaviour: { en: 'Views, clicks, searches', de: 'Aufrufe, Klicks, Suchen' },
  orders: { en: 'Orders and returns', de: 'Bestellungen und Rücksendungen' },
  marketing: { en: 'Messages sent and opened', de: 'Gesendete und geöffnete Nachrichten' },
  texts: { en: 'Reviews and service mails', de: 'Bewertungen und Servicemails' },
  decisions: { en: 'Receipts of decisions', de: 'Belege von Entscheidungen' },
  quarantine: { en: 'Refused rows', de: 'Abgewiesene Zeilen' },

  open: { en: 'open', de: 'offen' },
  running: { en: 'running', de: 'läuft' },
  done: { en: 'done', de: 'erledigt' },
  rejected: { en: 'rejected', de: 'abgelehnt' },
});
export type PurposeWord = keyof typeof purposeWords;

const purposes: Readonly<Record<string, PurposeWord>> = {
  operate: 'operate', personalise: 'personalise', analyse: 'analyse', 'market-email': 'marketEmail', 'market-post': 'marketPost', 'market-push': 'marketPush', share: 'share', sensitive: 'sensitive',
};
const texts: Readonly<Record<string, PurposeWord>> = { operate: 'operateText', personalise: 'personaliseText', analyse: 'analyseText', sensitive: 'sensitiveText' };
const bases: Readonly<Record<string, PurposeWord>> = { consent: 'consent', contract: 'contract', 'legitimate-interest': 'interest', none: 'none' };
const rights: Readonly<Record<string, PurposeWord>> = { export: 'export', erase: 'erase', rectify: 'rectify', restrict: 'restrict', release: 'release', object: 'object' };
const states: Readonly<Record<string, PurposeWord>> = { open: 'open', running: 'running', done: 'done', rejected: 'rejected' };

const retained: Readonly<Record<string, PurposeWord>> = { behaviour: 'behaviour', orders: 'orders', marketing: 'marketing', texts: 'texts', decisions: 'decisions', quarantine: 'quarantine' };

export const retainedWord = (name: string): PurposeWord | undefined => retained[name];
export const purposeWord = (purpose: string): PurposeWord | undefined => purposes[purpose];
export const purposeText = (purpose: string): PurposeWord | undefined => texts[purpose];
export const basisWord = (basis: string): PurposeWord | undefined => bases[basis];
export const rightWord = (right: string): PurposeWord | undefined => rights[right];
export const stateWord = (state: string): PurposeWord | undefined => states[state];
export const purposeOrder = Object.keys(purposes);
