/* Every page of the dashboard. A room without a page does not appear. */
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';
import type { Message } from './words';

export const rooms = ['plan', 'create', 'deliver', 'analyse', 'trust'] as const;
export type Room = (typeof rooms)[number];

export type PageEntry = {
  room: Room;
  path: string; // '/people' also opens '/people/anything'
  icon: 'home' | 'catalogue' | 'recommendations' | 'live' | 'people';
  title: Message;
  Component: LazyExoticComponent<ComponentType>;
};

export const pages: readonly PageEntry[] = [
];

export const SettingsPage = lazy(() => import('./pages/settings'));
export const LoginPage = lazy(() => import('./pages/login'));
