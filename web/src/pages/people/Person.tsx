/* One person: who they are, then one of five views, which stands in the URL. */
import { Link, useSearchParams } from 'wouter';
import { ApiError, useGet } from '../../api';
import { Answer, Empty, Page, type ApiCall } from '../../parts';
import { useWords } from '../../words';
import { Graph } from './Graph';
import { Header } from './Header';
import { Known } from './Known';
import { nameOf } from './logic';
import { Privacy } from './Privacy';
import { ShowNow } from './ShowNow';
import { Timeline } from './Timeline';
import type { Profile } from './types';
import { words, type WordKey } from './words';
import './people.css';

const views = ['know', 'timeline', 'show', 'identities', 'privacy'] as const;
type View = (typeof views)[number];
const viewWords: Readonly<Record<View, WordKey>> = { know: 'viewKnow', timeline: 'viewTimeline', show: 'viewShow', identities: 'viewIdentities', privacy: 'viewPrivacy' };

export function Person({ person }: { person: string }) {
  const t = useWords(words);
  const [search] = useSearchParams();
  const view = views.find((one) => one === search.get('view')) ?? 'know';
  const path = `/v1/admin/profiles/${encodeURIComponent(person)}`;
  const query = useGet<Profile>(path, { refetchInterval: 15_000 });
  const api: ApiCall[] = [
    { method: 'GET', path },
    { method: 'GET', path: `${path}/events?limit=50` },
    { method: 'GET', path: `${path}/graph` },
    { method: 'GET', path: `${path}/consents` },
    { method: 'GET', path: `${path}/lineage` },
    { method: 'POST', path: '/v1/recommend', body: { customer: { personId: person }, recipe: 'for-you', explain: true } },
    { method: 'PUT', path: '/v1/admin/placements/home', body: { title: 'For you', kind: 'recommendation', recipe: 'for-you', count: 10 } },
  ];
  const name = query.data ? nameOf(query.data.traits) || t('unnamed') : t('title');
  return (
    <Page
      title={<bdi className="cut-2">{name}</bdi>}
      name={t('personId')}
      sentence={
        <Link href="/people" className="person-back">
          {t('back')}
        </Link>
      }
      api={api}
      wide
    >
      {query.error instanceof ApiError && query.error.status === 404 ? (
        <Empty title={t('notFound')} icon="people">
          {t('notFoundText')}
        </Empty>
      ) : (
        <Answer query={query} rows={10}>
          {(profile) => (
            <>
              <Header profile={profile} />
              <Views person={person} view={view} />
              {view === 'know' && <Known profile={profile} />}
              {view === 'timeline' && <Timeline person={person} />}
              {view === 'show' && <ShowNow profile={profile} />}
              {view === 'identities' && <Graph person={person} />}
              {view === 'privacy' && <Privacy person={person} name={nameOf(profile.traits)} />}
            </>
          )}
        </Answer>
      )}
    </Page>
  );
}

function Views({ person, view }: { person: string; view: View }) {
  const t = useWords(words);
  return (
    <nav className="views" aria-label={t('personId')}>
      {views.map((one) => (
        <Link key={one} href={`/people/${person}${one === 'know' ? '' : `?view=${one}`}`} className="views-link" aria-current={one === view ? 'page' : undefined}>
          {t(viewWords[one])}
        </Link>
      ))}
    </nav>
  );
}
