/* Who this is: the keys they are known by with how far each is believed, the figures, the rhythm of their days. */
import { Tooltip } from '@mantine/core';
import { date, money, number } from '../../format';
import { Ago, Card, Figure, Figures, Icon, Tag } from '../../parts';
import { useWords } from '../../words';
import { Activity } from './Activity';
import { sortIdentities } from './logic';
import type { Identity, Profile } from './types';
import { typeWord, words } from './words';

const IDENTITIES_SHOWN = 12;

export function Header({ profile }: { profile: Profile }) {
  const t = useWords(words);
  const identities = sortIdentities(profile.identities);
  return (
    <Card className="person-header">
      <div className="person-who">
        <h2 className="person-label">{t('identities')}</h2>
        <ul className="identities">
          {identities.slice(0, IDENTITIES_SHOWN).map((identity) => (
            <Chip key={`${identity.type} ${identity.value}`} identity={identity} />
          ))}
          {identities.length > IDENTITIES_SHOWN && <li className="identity-more">+ {number(identities.length - IDENTITIES_SHOWN)}</li>}
        </ul>
        <Numbers profile={profile} />
      </div>
      <Activity activity={profile.activity} />
    </Card>
  );
}

function Chip({ identity }: { identity: Identity }) {
  const t = useWords(words);
  const type = typeWord(identity.type);
  const why = t(identity.proven ? 'provenWhy' : 'claimedWhy', { first: date(identity.firstAt), last: date(identity.lastAt) });
  return (
    <li>
      <Tooltip label={why} multiline w={300} events={{ hover: true, focus: true, touch: true }}>
        <span className={identity.proven ? 'identity' : 'identity identity-claimed'} tabIndex={0}>
          <span className="identity-type">{type ? t(type) : identity.type}</span>
          <bdi className="cut identity-value">{identity.value}</bdi>
          <span className={identity.proven ? 'identity-standing identity-proven' : 'identity-standing'}>
            <Icon name={identity.proven ? 'check' : 'warning'} size={14} />
            {t(identity.proven ? 'proven' : 'claimed')}
          </span>
        </span>
      </Tooltip>
    </li>
  );
}

function Numbers({ profile }: { profile: Profile }) {
  const t = useWords(words);
  const { recency, revenue, claimed } = profile;
  const events = Object.values(profile.counts).reduce((sum, one) => sum + one.count, 0);
  return (
    <Figures>
      <Figure name={t('lastSeen')} value={recency.lastSeenAt ? <Ago time={recency.lastSeenAt} /> : t('never')} />
      <Figure
        name={t('orders')}
        value={number(profile.orders)}
        note={
          <>
            {profile.returns > 0 && <span>{t('ordersReturned', { n: profile.returns })} </span>}
            {claimed.orders > 0 && !claimed.counted && <Tag tone="warning">{t('claimedOrders', { n: claimed.orders })}</Tag>}
          </>
        }
      />
      {revenue.map((sum) => (
        <Figure
          key={sum.currency}
          name={t('kept')}
          value={money(sum.bought - sum.returned, sum.currency)}
          note={sum.returned > 0 ? t('keptOf', { bought: money(sum.bought, sum.currency) }) : undefined}
        />
      ))}
      <Figure name={t('events')} value={number(events)} note={profile.claimedEvents > 0 ? t('claimedEvents', { n: profile.claimedEvents }) : undefined} />
    </Figures>
  );
}
