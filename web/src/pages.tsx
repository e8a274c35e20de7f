/* Every page of the dashboard. A room without a page does not appear. */
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';
import type { IconName } from './parts/Icon';
import type { Message } from './words';

export const rooms = ['plan', 'create', 'deliver', 'analyse', 'trust'] as const;
export type Room = (typeof rooms)[number];

export type PageEntry = {
  room: Room;
  path: string; // '/people' also opens '/people/anything'
  icon: IconName;
  title: Message;
  Component: LazyExoticComponent<ComponentType>;
};

const waits = [500, 1000, 2000, 4000, 5000, 5000, 5000];

/* A page is loaded when it is first opened. A server that restarts just then is waited for, as its answers are. */
function page(load: () => Promise<{ default: ComponentType }>): LazyExoticComponent<ComponentType> {
  return lazy(async () => {
    for (const wait of waits) {
      try {
        return await load();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
    return load();
  });
}

export const pages: readonly PageEntry[] = [
  { room: 'plan', path: '/', icon: 'home', title: { en: 'Home', de: 'Start' }, Component: page(() => import('./pages/home')) },
  { room: 'analyse', path: '/live', icon: 'live', title: { en: 'Live events', de: 'Live-Ereignisse' }, Component: page(() => import('./pages/live')) },
  { room: 'create', path: '/catalogue', icon: 'catalogue', title: { en: 'Catalogue', de: 'Sortiment' }, Component: page(() => import('./pages/catalogue')) },
  { room: 'create', path: '/recommendations', icon: 'recommendations', title: { en: 'Recommendations', de: 'Empfehlungen' }, Component: page(() => import('./pages/recommendations')) },
  { room: 'trust', path: '/sources', icon: 'table', title: { en: 'Sources', de: 'Quellen' }, Component: page(() => import('./pages/sources')) },
  { room: 'trust', path: '/trust', icon: 'trust', title: { en: 'Trust', de: 'Vertrauen' }, Component: page(() => import('./pages/trust')) },
  { room: 'trust', path: '/people', icon: 'people', title: { en: 'People', de: 'Personen' }, Component: page(() => import('./pages/people')) },
];

export const SettingsPage = page(() => import('./pages/settings'));
export const LoginPage = page(() => import('./pages/login'));
