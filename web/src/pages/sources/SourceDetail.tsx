/* One source: who owns it and what for, what arrives, its document with a try, its quarantine. */
import { Link } from 'wouter';
import { useGet } from '../../api';
import { number, percent } from '../../format';
import { Ago, Answer, Card, Figure, Figures, Page } from '../../parts';
import { useWords } from '../../words';
import { Editor } from './Editor';
import { Fields } from './Fields';
import { Quarantine } from './Quarantine';
import { State } from './SourceList';
import type { SourceInFull } from './types';
import { words } from './words';

export function SourceDetail({ id }: { id: string }) {
  const t = useWords(words);
  const path = `/v1/admin/sources/${encodeURIComponent(id)}`;
  const source = useGet<SourceInFull>(path, { refetchInterval: 15_000 });
  return (
    <Page
      title={<bdi>{source.data?.name ?? id}</bdi>}
      name={`${source.data?.name ?? id} · ${t('title')}`}
      sentence={
        <>
          <Link href="/sources">{t('all')}</Link> · <Link href={`/live?source=${encodeURIComponent(id)}`}>{t('seeLive')}</Link>
        </>
      }
      api={[
        { method: 'GET', path },
        { method: 'PUT', path, body: { name: 'Web shop', kind: 'web', owner: 'E-commerce', purposes: ['operate'], freshness: '1h' } },
        { method: 'POST', path: `${path}/dry-run`, body: { sample: [{ type: 'track', event: 'Product Viewed', userId: 'u-1' }] } },
      ]}
    >
      <Answer query={source}>
        {(one) => (
          <>
            <Summary source={one} />
            <Fields fields={one.fields} />
            <Editor key={one.document === null ? 'none' : 'some'} id={id} document={one.document} />
          </>
        )}
      </Answer>
      <Quarantine source={id} />
    </Page>
  );
}

function Summary({ source }: { source: SourceInFull }) {
  const t = useWords(words);
  return (
    <Card>
      <Figures>
        <Figure name={t('state')} value={<State source={source} />} />
        <Figure name={t('lastEvent')} value={<Ago time={source.lastEventAt} />} />
        <Figure name={t('perDay')} value={number(source.events24h)} />
        <Figure name={t('complete')} value={source.completeness === null ? '–' : percent(source.completeness)} />
        <Figure name={t('rejected')} value={number(source.rejected)} />
        <Figure name={t('duplicates')} value={number(source.duplicates)} />
      </Figures>
      <dl className="sources-facts">
        <div>
          <dt>{t('owner')}</dt>
          <dd>{source.owner ?? t('none')}</dd>
        </div>
        <div>
          <dt>{t('kind')}</dt>
          <dd>{source.kind ?? t('none')}</dd>
        </div>
        <div>
          <dt>{t('purposes')}</dt>
          <dd>{source.purposes.length > 0 ? source.purposes.join(', ') : t('none')}</dd>
        </div>
        <div>
          <dt>{t('freshness')}</dt>
          <dd>{source.freshnessMinutes === undefined ? t('none') : t('minutes', { n: source.freshnessMinutes })}</dd>
        </div>
      </dl>
    </Card>
  );
}
