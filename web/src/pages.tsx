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

export const pages: readonly PageEntry[] = [
  { room: 'plan', path: '/', icon: 'home', title: { en: 'Home', de: 'Start' }, Component: lazy(() => import('./pages/home')) },
  { room: 'analyse', path: '/live', icon: 'live', title: { en: 'Live events', de: 'Live-Ereignisse' }, Component: lazy(() => import('./pages/live')) },
  { room: 'create', path: '/catalogue', icon: 'catalogue', title: { en: 'Catalogue', de: 'Sortiment' }, Component: lazy(() => import('./pages/catalogue')) },
  { room: 'create', path: '/recommendations', icon: 'recommendations', title: { en: 'Recommendations', de: 'Empfehlungen' }, Component: lazy(() => import('./pages/recommendations')) },
  { room: 'trust', path: '/people', icon: 'people', title: { en: 'People', de: 'Personen' }, Component: lazy(() => import('./pages/people')) },
];

export const SettingsPage = lazy(() => import('./pages/settings'));
export const LoginPage = lazy(() => import('./pages/login'));
