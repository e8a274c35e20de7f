/* Every visible text in every language, beside the page that says it. A language that is missing does not compile. */
import { useCallback, useSyncExternalStore } from 'react';

export const languages = ['en', 'de'] as const;
export type Language = (typeof languages)[number];
export type Message = Readonly<Record<Language, string>>;
export type Words<K extends string> = Readonly<Record<K, Message>>;
export type Values = Readonly<Record<string, string | number>>;

const storageKey = 'kunde-language';
const listeners = new Set<() => void>();

function first(): Language {
  const wished = localStorage.getItem(storageKey) ?? navigator.language;
  return wished.startsWith('de') ? 'de' : 'en';
}

let current: Language = first();
document.documentElement.lang = current;

export function language(): Language {
  return current;
}

export function setLanguage(next: Language): void {
  current = next;
  localStorage.setItem(storageKey, next);
  document.documentElement.lang = next;
  for (const tell of listeners) tell();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, language);
}

export function defineWords<K extends string>(words: Record<K, Message>): Words<K> {
  return words;
}

/* "{n} person|{n} people": the first form when n is 1. "{name}" is filled from the values, numbers by locale. */
export function say(message: Message, values: Values = {}): string {
  const forms = message[current].split('|');
  const text = forms.length === 2 && values.n !== undefined ? forms[values.n === 1 ? 0 : 1] : message[current];
  return (text ?? '').replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? new Intl.NumberFormat(current).format(value) : value;
  });
}

/* const t = useWords(words); t('key', { n: 3 }) */
export function useWords<K extends string>(words: Words<K>): (key: K, values?: Values) => string {
  const now = useLanguage();
  // eslint-disable-next-line react-hooks/exhaustive-deps -- a new language is a new function
  return useCallback((key: K, values?: Values) => say(words[key], values), [words, now]);
}
