/* Trust: overview, requests, sensitive matters, the audit log. */
import { Link, Redirect, useRoute } from 'wouter';
import { Page, type ApiCall } from '../../parts';
import { useWords } from '../../words';
import { AuditLog } from './AuditLog';
import { Overview } from './Overview';
import { Requests } from './Requests';
import { Sensitive } from './Sensitive';
import './trust.css';
import { words, type WordKey } from './words';

const parts = { overview: Overview, requests: Requests, sensitive: Sensitive, audit: AuditLog } as const;
type Part = keyof typeof parts;
const names = Object.keys(parts) as Part[];
const titles: Readonly<Record<Part, WordKey>> = { overview: 'tabOverview', requests: 'tabRequests', sensitive: 'tabSensitive', audit: 'tabAudit' };
const calls: Readonly<Record<Part, readonly ApiCall[]>> = {
  overview: [{ method: 'GET', path: '/v1/admin/trust' }, { method: 'GET', path: '/v1/admin/consents/summary' }, { method: 'GET', path: '/v1/admin/purposes' }, { method: 'GET', path: '/v1/admin/retention' }],
  requests: [{ method: 'GET', path: '/v1/admin/requests' }],
  sensitive: [
    { method: 'GET', path: '/v1/admin/findings' },
    { method: 'POST', path: '/v1/admin/findings/preview', body: { text: 'Umstandsmode' } },
    { method: 'GET', path: '/v1/admin/sensitive' },
    { method: 'PUT', path: '/v1/admin/sensitive', body: { concepts: [{ id: 'health', categories: ['Drugstore > Tests'] }] } },
  ],
  audit: [{ method: 'GET', path: '/v1/admin/audit' }],
};

export default function TrustPage() {
  const t = useWords(words);
  const [, found] = useRoute('/trust/:part');
  const part = found?.part ?? 'overview';
  const here = names.find((name) => name === part);
  if (!here) return <Redirect to="/trust" replace />;
  const Shown = parts[here];
  return (
    <Page title={t('title')} sentence={t('sentence')} api={calls[here]} wide>
      <nav className="trust-tabs" aria-label={t('parts')}>
        {names.map((name) => (
          <Link key={name} href={name === 'overview' ? '/trust' : `/trust/${name}`} aria-current={name === here ? 'page' : undefined}>
            {t(titles[name])}
          </Link>
        ))}
      </nav>
      <Shown />
    </Page>
  );
}
