/* One event: when and how it came, what it added to the profile, which decisions used it, and the JSON as it was sent. */
import { ApiError, useGet } from '../../api';
import { dateTime } from '../../format';
import { Answer, Json, SidePanel, Tag } from '../../parts';
import { useWords } from '../../words';
import { ProductLine } from '../catalogue/ProductLine';
import { FactList } from '../live/FactList';
import '../live/live.css';
import type { EventDetail, TimelineEvent } from './types';
import { channelWord, kindWord, words } from './words';

export function EventPanel({ person, event, onClose }: { person: string; event: TimelineEvent; onClose: () => void }) {
  const t = useWords(words);
  const decision = event.kind === 'decision';
  return (
    <SidePanel opened onClose={onClose} title={<bdi className="cut">{event.name ?? t(kindWord(event.kind))}</bdi>}>
      <dl className="traits">
        <Pair name={t('rawTime')} value={dateTime(event.timestamp)} />
        <Pair name={t('rawReceived')} value={dateTime(event.receivedAt)} />
        {event.channel && <Pair name={t('rawChannel')} value={t(channelWord(event.channel))} />}
        {event.messageId && <Pair name={t('rawMessage')} value={event.messageId} />}
        {!decision && (
          <div>
            <dt>{t('rawTrust')}</dt>
            <dd>
              <Tag tone={event.claimed ? 'warning' : 'good'}>{t(event.claimed ? 'claimed' : 'proven')}</Tag>
            </dd>
          </div>
        )}
      </dl>
      {event.product && <ProductLine product={event.product} note={event.product.sku} size={64} />}
      {!decision && <Effects person={person} id={event.id} />}
      <h3 className="panel-head">{t(decision ? 'rawReceipt' : 'rawJson')}</h3>
      <Json value={event.event} />
    </SidePanel>
  );
}

function Pair({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi>{value}</bdi>
      </dd>
    </div>
  );
}

function Effects({ person, id }: { person: string; id: string }) {
  const t = useWords(words);
  const query = useGet<EventDetail>(`/v1/admin/events/${encodeURIComponent(person)}/${encodeURIComponent(id)}`);
  if (query.error instanceof ApiError && query.error.status === 404) return null; // a receipt or an event that has passed its retention
  return (
    <Answer query={query} rows={3}>
      {({ facts = [], decisions = [] }) => (
        <>
          <h3 className="panel-head">{t('rawFacts')}</h3>
          <FactList facts={facts} />
          <h3 className="panel-head">{t('rawDecisions')}</h3>
          {decisions.length === 0 ? (
            <p className="soft">{t('rawNoDecisions')}</p>
          ) : (
            <ul className="facts">
              {decisions.map((one) => (
                <li key={one.decisionId}>
                  <bdi>{one.placement}</bdi> <span className="soft">{dateTime(one.time)}</span>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Answer>
  );
}
