/* One event beside the list: what it is, what it changed, what was decided with it, and how it came. */
import { Link } from 'wouter';
import { useGet } from '../../api';
import { dateTime } from '../../format';
import { Answer, Empty, Json, PersonLink, ProductPicture, SidePanel, Tag } from '../../parts';
import { useWords } from '../../words';
import { FactList } from './FactList';
import type { Filter } from './filter';
import { labelOf, short, tones } from './List';
import { SendAgain } from './SendAgain';
import { entryOf, type Detail, type Entry } from './types';
import { words } from './words';

export type EventPanelProps = {
  chosen: string; // key of the event: "person/id" of a stored one
  entry: Entry | undefined; // its row, while the list has it
  onClose: () => void;
  onFilter: (change: Partial<Filter>) => void;
};

const stored = /^([0-9a-f-]{36})\/([0-9a-f-]{36})$/i;

export function EventPanel({ chosen, entry, onClose, onFilter }: EventPanelProps) {
  const t = useWords(words);
  const known = stored.exec(chosen);
  return (
    <SidePanel opened onClose={onClose} wide={entry?.state === 'rejected'} title={<bdi className="live-panel-title">{entry === undefined ? t('name') : short(labelOf(entry)) || t('nameless')}</bdi>}>
      {known?.[1] !== undefined && known[2] !== undefined ? (
        <StoredEvent person={known[1]} id={known[2]} onFilter={onFilter} />
      ) : entry === undefined ? (
        <Empty title={t('gone')}>{t('goneText')}</Empty>
      ) : (
        <>
          <Head entry={entry} onFilter={onFilter} />
          {entry.state === 'duplicate' && <p>{t('changedDuplicate')}</p>}
          {entry.state === 'rejected' && <SendAgain entry={entry} />}
        </>
      )}
    </SidePanel>
  );
}

function StoredEvent({ person, id, onFilter }: { person: string; id: string; onFilter: EventPanelProps['onFilter'] }) {
  const t = useWords(words);
  const detail = useGet<Detail>(`/v1/admin/events/${encodeURIComponent(person)}/${encodeURIComponent(id)}`, { staleTime: 0 });
  return (
    <Answer query={detail} rows={8}>
      {(event) => (
        <>
          <Head entry={entryOf(event)} onFilter={onFilter} />
          <section>
            <h3>{t('changed')}</h3>
            <FactList facts={event.facts ?? []} />
          </section>
          <section>
            <h3>{t('decisions')}</h3>
            <Decisions detail={event} />
          </section>
          <section>
            <h3>{t('raw')}</h3>
            <Json value={event.event} depth={3} />
          </section>
        </>
      )}
    </Answer>
  );
}

function Head({ entry, onFilter }: { entry: Entry; onFilter: EventPanelProps['onFilter'] }) {
  const t = useWords(words);
  const { product, person } = entry;
  return (
    <>
      <p className="live-tags">
        <Tag tone={tones[entry.state]}>{t(entry.state)}</Tag>
        {entry.claimed && <Tag tone="warning">{t('claimed')}</Tag>}
      </p>
      {entry.claimed && <p className="live-soft">{t('claimedWhy')}</p>}
      <dl className="live-facts">
        {entry.reason && <Fact name={t('reason')}>{entry.reason}</Fact>}
        {entry.field && <Fact name={t('field')}><code>{entry.field}</code></Fact>}
        <Fact name={t('name')}>{labelOf(entry) || t('nameless')}</Fact>
        {entry.person && <Fact name={t('person')}><PersonLink person={entry.person} /></Fact>}
        {product && (
          <Fact name={t('product')}>
            <Link className="live-product-link" href={`/catalogue/${encodeURIComponent(product.productId)}`}>
              <ProductPicture image={product.image} title="" size={32} />
              <bdi>{product.title ?? product.productId}</bdi>
            </Link>
          </Fact>
        )}
        {entry.time && <Fact name={t('happened')}>{dateTime(entry.time)}</Fact>}
        {entry.receivedAt && <Fact name={t('received')}>{dateTime(entry.receivedAt)}</Fact>}
        {entry.source && <Fact name={t('source')}>{entry.source}</Fact>}
        {entry.type && <Fact name={t('type')}>{entry.type}</Fact>}
        {entry.messageId && <Fact name={t('message')}><code>{entry.messageId}</code></Fact>}
      </dl>
      <p className="live-only">
        {entry.name !== '' && (
          <button type="button" className="plain-button" onClick={() => onFilter({ name: entry.name })}>
            {t('onlyName')}
          </button>
        )}
        {person && (
          <button type="button" className="plain-button" onClick={() => onFilter({ person })}>
            {t('onlyPerson')}
          </button>
        )}
      </p>
    </>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi>{children}</bdi>
      </dd>
    </div>
  );
}

function Decisions({ detail }: { detail: Detail }) {
  const t = useWords(words);
  const decisions = detail.decisions ?? [];
  if (decisions.length === 0) return <p className="live-soft">{t('decisionsNone')}</p>;
  return (
    <ul className="live-decisions">
      {decisions.map((decision) => (
        <li key={decision.decisionId}>
          <span>{t('decision', { placement: decision.placement ?? '–' })}</span>
          <time dateTime={decision.time}>{dateTime(decision.time)}</time>
        </li>
      ))}
    </ul>
  );
}
