import { useEffect, useState, type FormEvent } from 'react';
import { Link } from 'wouter';
import { money } from '../../src/format';
import { useWords } from '../../src/words';
import { checkout, ShopError, type Start, type Taken } from '../api';
import { placeName } from '../names';
import { Empty, Icon, useTitle } from '../parts/basics';
import { Slot } from '../parts/Slot';
import { cart, homeStore, session, useKept } from '../store';
import { track } from '../tag';
import { words } from '../words';
import { lineNote, Sum } from './Cart';

/* crypto.randomUUID is missing on pages without TLS. */
const newId = (): string =>
  '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) => (Number(digit) ^ ((crypto.getRandomValues(new Uint8Array(1))[0] ?? 0) & (15 >> (Number(digit) / 4)))).toString(16));

function Thanks({ taken, start }: { taken: Taken; start: Start }) {
  const t = useWords(words);
  const who = useKept(session)?.persona;
  const store = start.places.find((place) => place.id === taken.pickup_store)?.name ?? '';
  return (
    <>
      <div className="thanks">
        <Icon name="check" />
        <h1 tabIndex={-1} ref={(heading) => heading?.focus()}>
          {who ? t('thanks', { name: who.first }) : t('thanksGuest')}
        </h1>
        <p>
          <b>{t('orderNumber', { id: taken.orderId })}</b>, {money(taken.total, taken.currency)}
        </p>
        <p>{taken.delivery === 'store' ? t('thanksStore', { store }) : t('thanksHome')}</p>
        <p className="buttons">
          <Link href="/shop" className="button">
            {t('goOn')}
          </Link>
          <Link href="/shop/account" className="button button-quiet">
            {t('seeOrders')}
          </Link>
        </p>
      </div>
      <Slot placement="home" title={t('forYou')} />
    </>
  );
}

type Way = 'home' | 'store';

function Ways({ start, way, store, onWay, onStore }: { start: Start; way: Way; store: string; onWay: (way: Way) => void; onStore: (store: string) => void }) {
  const t = useWords(words);
  const who = useKept(session)?.persona;
  return (
    <fieldset className="panel">
      <legend>{t('howToGet')}</legend>
      <label className="choice">
        <input type="radio" name="way" checked={way === 'home'} onChange={() => onWay('home')} />
        <span>
          <b>
            <Icon name="truck" /> {t('home')}
          </b>
          <small>{who ? `${who.first} ${who.last}, ${who.postalCode} ${who.town}` : t('homeGuest')}</small>
        </span>
      </label>
      <label className="choice">
        <input type="radio" name="way" checked={way === 'store'} onChange={() => onWay('store')} />
        <span>
          <b>
            <Icon name="shop" /> {t('collect')}
          </b>
          <small>{t('collectText')}</small>
        </span>
      </label>
      {way === 'store' && (
        <label className="field">
          <span>{t('whichStore')}</span>
          <select value={store} onChange={(event) => onStore(event.target.value)}>
            {start.places
              .filter((place) => place.kind === 'store')
              .map((place) => (
                <option key={place.id} value={place.id}>
                  {placeName(place.name)}
                </option>
              ))}
          </select>
        </label>
      )}
    </fieldset>
  );
}

export function Checkout({ start }: { start: Start }) {
  const t = useWords(words);
  useTitle(t('checkout'));
  const lines = useKept(cart);
  const mine = useKept(homeStore);
  const [id, setId] = useState(newId);
  const [way, setWay] = useState<Way>('home');
  const [store, setStore] = useState(mine || (start.places.find((place) => place.kind === 'store')?.id ?? ''));
  const [state, setState] = useState<'' | 'busy' | ShopError>('');
  const [taken, setTaken] = useState<Taken | null>(null);
  useEffect(() => track('Checkout Started', {}), []);
  if (taken) return <Thanks taken={taken} start={start} />;
  if (lines.length === 0)
    return (
      <Empty title={t('cartEmpty')} whole>
        <Link href="/shop" className="button">
          {t('goLook')}
        </Link>
      </Empty>
    );
  const order = async (): Promise<void> => {
    setState('busy');
    try {
      setTaken(await checkout(id, lines, way === 'home' ? { kind: 'home' } : { kind: 'store', place: store }));
      cart.set([]);
    } catch (error) {
      setState(error instanceof ShopError ? error : new ShopError(0, '', ''));
      if (error instanceof ShopError && error.status !== 0) setId(newId()); // refused: the next try is another order
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void order();
  };
  const wrong = state instanceof ShopError ? lines[Number(/^\/lines\/(\d+)\//.exec(state.pointer)?.[1] ?? -1)] : undefined;
  return (
    <form onSubmit={submit}>
      <h1>{t('checkout')}</h1>
      <div className="cart">
        <div>
          <Ways start={start} way={way} store={store} onWay={setWay} onStore={setStore} />
          <section className="panel" aria-labelledby="pay-title">
            <h2 id="pay-title">{t('pay')}</h2>
            <p>{t('payText')}</p>
          </section>
        </div>
        <aside className="panel cart-side">
          <ul className="lines lines-small" role="list">
            {lines.map((line) => (
              <li key={line.sku} className="line">
                <img src={line.image} alt="" width="48" height="48" />
                <div className="line-text">
                  <span>
                    {line.quantity > 1 && `${line.quantity} × `}
                    {line.title}
                  </span>
                  <small>{lineNote(line)}</small>
                </div>
                <span>{money(line.price * line.quantity, line.currency)}</span>
              </li>
            ))}
          </ul>
          <Sum lines={lines} />
          {state instanceof ShopError && (
            <p className="problem" role="alert">
              <b>{t('orderFailed')}</b>
              {wrong ? t('lineSoldOut', { title: wrong.title }) : state.detail || t('failed')}
            </p>
          )}
          <button type="submit" className="button button-strong" disabled={state === 'busy'}>
            {state === 'busy' ? t('ordering') : t('order')}
          </button>
        </aside>
      </div>
    </form>
  );
}
