import { Link } from 'wouter';
import { date, dateTime, money } from '../../src/format';
import { say, useWords } from '../../src/words';
import { useAnswer, type Account as Data, type Order, type Start } from '../api';
import { Scene } from '../art/scenes';
import { categoryName } from '../names';
import { useTitle, Waiting } from '../parts/basics';
import { ConsentSettings } from '../parts/Consent';
import { leave, session, useKept } from '../store';
import { stories, words } from '../words';
import { lineNote } from './Cart';

function OneOrder({ order, start }: { order: Order; start: Start }) {
  const t = useWords(words);
  const name = (id: string): string => start.places.find((place) => place.id === id)?.name ?? id;
  const where = order.store ? t('atStore', { store: name(order.store) }) : order.pickupStore ? t('collectAt', { store: name(order.pickupStore) }) : t('online');
  return (
    <li className="order">
      <div className="order-head">
        <b>{order.orderId}</b>
        <span title={dateTime(order.at)}>{date(order.at)}</span>
        <span>{where}</span>
        <b className="order-total">{money(Number(order.total), order.currency)}</b>
      </div>
      <ul className="lines lines-small" role="list">
        {order.lines.map((line, i) => (
          <li key={`${line.sku ?? ''}${i}`} className={line.returned > 0 ? 'line back' : 'line'}>
            {line.image && <img src={line.image} alt="" width="48" height="48" loading="lazy" />}
            <div className="line-text">
              <Link href={line.url ?? '/shop'}>
                {line.quantity > 1 && `${line.quantity} × `}
                {line.title ?? t('nowhere')}
              </Link>
              <small>{lineNote(line)}</small>
            </div>
            {line.returned > 0 ? <em>{t('returned')}</em> : <span>{money(Number(line.paid), order.currency)}</span>}
          </li>
        ))}
      </ul>
    </li>
  );
}

function Sizes({ data }: { data: Data }) {
  const t = useWords(words);
  if (!data.sizes?.length) return null;
  return (
    <section className="panel" aria-labelledby="sizes-title">
      <h2 id="sizes-title">{t('sizes')}</h2>
      <dl className="facts">
        {data.sizes.map((size) => (
          <div key={`${size.category}${size.size}`}>
            <dt>{categoryName(size.category)}</dt>
            <dd>
              {size.size} <small>× {size.purchases}</small>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function Account({ start }: { start: Start }) {
  const t = useWords(words);
  useTitle(t('account'));
  const who = useKept(session)?.persona;
  const answer = useAnswer<Data>('account', 'always');
  const story = who && stories[who.userId];
  return (
    <>
      <div className="account-head">
        <Scene of={who?.userId ?? ''} />
        <div>
          <h1>{who ? `${who.first} ${who.last}` : t('guest')}</h1>
          <p>{story ? `${say(story.role)}, ${t('fromTown', { town: who.town })}` : t('guestStory')}</p>
          <p className="buttons">
            <Link href="/shop/people" className="button">
              {who ? t('change') : t('beSomebody')}
            </Link>
            {who && (
              <button type="button" className="button button-quiet" onClick={leave}>
                {t('leave', { name: who.first })}
              </button>
            )}
          </p>
        </div>
      </div>
      <div className="account">
        <section aria-labelledby="orders-title">
          <h2 id="orders-title">{t('orders')}</h2>
          <Waiting answer={answer}>
            {(data) =>
              data.orders.length === 0 ? (
                <p className="soft">{who ? t('noOrders') : t('noOrdersGuest')}</p>
              ) : (
                <ul className="orders" role="list">
                  {data.orders.map((order) => (
                    <OneOrder key={order.orderId} order={order} start={start} />
                  ))}
                </ul>
              )
            }
          </Waiting>
        </section>
        <div>
          <ConsentSettings />
          {answer.data && <Sizes data={answer.data} />}
        </div>
      </div>
    </>
  );
}
