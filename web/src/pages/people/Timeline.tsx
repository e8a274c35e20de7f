/* Everything that happened, newest first, by day; more is loaded as it is scrolled to. A row opens its raw JSON beside it. */
import { useInfiniteQuery, type InfiniteData } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useSearchParams } from 'wouter';
import { get, type ApiError } from '../../api';
import { clock, day as dayText, dateTime } from '../../format';
import { Card, Empty, Failed, Icon, Loading, ProductPicture, Tag, type IconName } from '../../parts';
import { useWords } from '../../words';
import { MoreOnSight } from '../catalogue/MoreOnSight';
import { titleOf } from '../catalogue/ProductLine';
import { EventPanel } from './EventPanel';
import { byDay, detailOf, groupOf, groups, localDay, type Group } from './logic';
import type { Timeline as Page, TimelineEvent } from './types';
import { channelWord, kindWord, words, type WordKey } from './words';

const PAGE = 50;
const groupWords: Readonly<Record<Group, WordKey>> = { shopping: 'shopping', orders: 'groupOrders', decisions: 'decisions', other: 'other' };
const icons: Readonly<Partial<Record<string, IconName>>> = {
  cart_add: 'cart', cart_remove: 'cart', cart_view: 'cart', order: 'check', return: 'undo', order_cancelled: 'undo', wish_add: 'heart', search: 'search',
  decision: 'recommendations', identify: 'user', alias: 'user', consent: 'check',
};

export function Timeline({ person }: { person: string }) {
  const t = useWords(words);
  const [search, setSearch] = useSearchParams();
  const group = groups.find((one) => one === search.get('group'));
  const open = search.get('event');
  const path = `/v1/admin/profiles/${encodeURIComponent(person)}/events`;
  const query = useInfiniteQuery<Page, ApiError, InfiniteData<Page>, string[], string | null>({
    queryKey: [path],
    queryFn: ({ pageParam, signal }) => get<Page>(`${path}?limit=${PAGE}${pageParam ? `&cursor=${pageParam}` : ''}`, signal),
    initialPageParam: null,
    getNextPageParam: (last) => last.cursor,
    refetchInterval: ({ state }) => (state.data?.pages.length === 1 ? 15_000 : false), // new events, while the newest are looked at
  });
  const events = useMemo(() => query.data?.pages.flatMap((page) => page.events) ?? [], [query.data]);
  const shown = group ? events.filter((event) => groupOf(event.kind) === group) : events;
  const set = (name: string, value: string | null) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value === null) next.delete(name);
      else next.set(name, value);
      return next;
    }, { replace: true });
  const selected = events.find((event) => event.id === open);

  if (query.error && events.length === 0) return <Failed error={query.error} again={query.refetch} />;
  if (query.isPending) return <Loading rows={10} />;
  if (events.length === 0)
    return (
      <Empty title={t('timelineEmpty')} icon="live">
        {t('timelineEmptyText')}
      </Empty>
    );
  return (
    <Card flush className="timeline">
      <div className="chips" role="group" aria-label={t('filterLabel')}>
        <Choice name={t('groupAll')} chosen={!group} choose={() => set('group', null)} />
        {groups.map((one) => (
          <Choice key={one} name={t(groupWords[one])} chosen={one === group} choose={() => set('group', one)} />
        ))}
      </div>
      {byDay(shown, localDay).map(({ day, events: list }) => (
        <section key={day} className="timeline-day">
          <h2 className="timeline-date">{dayText(day)}</h2>
          <ol className="timeline-events">
            {list.map((event) => (
              <Row key={event.id} event={event} open={event.id === open} onOpen={() => set('event', event.id)} />
            ))}
          </ol>
        </section>
      ))}
      {shown.length === 0 && <p className="timeline-foot soft">{t('timelineNone')}</p>}
      <div className="timeline-foot">
        {query.hasNextPage ? (
          <MoreOnSight more={() => void query.fetchNextPage()} busy={query.isFetchingNextPage} loaded={events.length} name={t('earlier')} />
        ) : (
          <span className="soft">{t('start')}</span>
        )}
      </div>
      {selected && <EventPanel person={person} event={selected} onClose={() => set('event', null)} />}
    </Card>
  );
}

function Choice({ name, chosen, choose }: { name: string; chosen: boolean; choose: () => void }) {
  return (
    <button type="button" className="chip" aria-pressed={chosen} onClick={choose}>
      {name}
    </button>
  );
}

function Row({ event, open, onOpen }: { event: TimelineEvent; open: boolean; onOpen: () => void }) {
  const t = useWords(words);
  const what = event.kind === 'custom' && event.name ? event.name : t(kindWord(event.kind));
  const detail = event.product ? '' : detailOf(event);
  const more = (event.products ?? 1) - 1;
  return (
    <li>
      <button type="button" className={open ? 'timeline-row timeline-row-open' : 'timeline-row'} onClick={onOpen} aria-expanded={open}>
        <time className="timeline-time" dateTime={event.timestamp} title={dateTime(event.timestamp)}>
          {clock(event.timestamp)}
        </time>
        {event.product ? (
          <ProductPicture image={event.product.image} size={40} />
        ) : (
          <span className="timeline-mark">
            <Icon name={icons[event.kind] ?? 'live'} size={18} />
          </span>
        )}
        <span className="timeline-words">
          <span className="timeline-what cut">
            <bdi>{what}</bdi>
          </span>
          <span className="timeline-which cut">
            <bdi>{event.product ? titleOf(event.product) : detail}</bdi>
            {more > 0 && ` ${t('andMore', { n: more })}`}
          </span>
        </span>
        <span className="timeline-tags">
          {event.claimed && <Tag tone="warning">{t('claimed')}</Tag>}
          {event.channel && event.channel !== 'unknown' && <span className="soft timeline-channel">{t(channelWord(event.channel))}</span>}
        </span>
        <Icon name="chevron" size={14} />
      </button>
    </li>
  );
}
