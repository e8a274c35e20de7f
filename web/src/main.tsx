/* The dashboard: providers, the frame, and one page by the address. */
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { Link, Redirect, Route, Switch } from 'wouter';
import { queries } from './api';
import { Frame } from './frame/Frame';
import { words } from './frame/words';
import { LoginPage, pages, SettingsPage } from './pages';
import { Empty } from './parts/States';
import { Page } from './parts/Page';
import { theme } from './theme';
import './tokens.css';
import { useLanguage, useWords } from './words';

function Nowhere() {
  const t = useWords(words);
  return (
    <Page title={t('nowhere')}>
      <Empty title={t('nowhereSentence')} action={<Link href="/">{t('toStart')}</Link>} />
    </Page>
  );
}

function Pages() {
  return (
    <Frame>
      <Switch>
        {pages.map(({ path, Component }) => (
          <Route key={path} path={path === '/' ? '/' : `${path}/*?`} component={Component} />
        ))}
        <Route path="/settings">
          <Redirect to="/settings/keys" replace />
        </Route>
        <Route path="/settings/:part" component={SettingsPage} />
        {!pages.some((page) => page.path === '/') && (
          <Route path="/">
            <Redirect to="/settings/keys" replace />
          </Route>
        )}
        <Route component={Nowhere} />
      </Switch>
    </Frame>
  );
}

/* A new language draws everything anew: numbers and dates are formatted where they stand. */
function App() {
  return (
    <Switch key={useLanguage()}>
      <Route path="/login">
        <Suspense>
          <LoginPage />
        </Suspense>
      </Route>
      <Route component={Pages} />
    </Switch>
  );
}

const place = document.getElementById('root');
if (place)
  createRoot(place).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
        <QueryClientProvider client={queries}>
          <App />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
