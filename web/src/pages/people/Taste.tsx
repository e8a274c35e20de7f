/* Affinities as pictures: each value with the product that speaks for it most, a bar, and the evidence in words. */
import { useState } from 'react';
import { date, money, percent } from '../../format';
import { Card, Empty, ProductPicture } from '../../parts';
import { useWords } from '../../words';
import { titleOf } from '../catalogue/ProductLine';
import { priceBandOf, scaleOf, tasteOf, type PriceBand } from './logic';
import type { Affinity, Profile } from './types';
import { attributeWord, evidenceWord, words } from './words';

const SHOWN = 4;

export function Taste({ affinities }: { affinities: Profile['affinities'] }) {
  const t = useWords(words);
  const taste = tasteOf(affinities);
  const scale = scaleOf(taste);
  return (
    <Card title={t('taste')} sentence={t('tasteSentence')} className="taste">
      {taste.length === 0 ? (
        <Empty title={t('tasteEmpty')} icon="heart">
          {t('tasteEmptyText')}
        </Empty>
      ) : (
        <div className="taste-groups">
          {taste.map(({ attribute, values }) => (
            <Group key={attribute} attribute={attribute} values={values} scale={scale} />
          ))}
        </div>
      )}
    </Card>
  );
}

function Group({ attribute, values, scale }: { attribute: string; values: readonly Affinity[]; scale: number }) {
  const t = useWords(words);
  const [all, setAll] = useState(false);
  const word = attributeWord(attribute);
  return (
    <section className="taste-group">
      <h3 className="taste-name">{word ? t(word) : <bdi className="cut">{attribute}</bdi>}</h3>
      <ul className="taste-values">
        {(all ? values : values.slice(0, SHOWN)).map((value) => (
          <Value key={value.value} attribute={attribute} affinity={value} scale={scale} />
        ))}
      </ul>
      {values.length > SHOWN && (
        <button type="button" className="quiet-button" onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? t('tasteLess') : t('tasteMore', { n: values.length - SHOWN })}
        </button>
      )}
    </section>
  );
}

function Value({ attribute, affinity, scale }: { attribute: string; affinity: Affinity; scale: number }) {
  const t = useWords(words);
  const { evidence, weight } = affinity;
  const against = weight < 0;
  const what = t(evidenceWord(evidence.kind), { title: evidence.product ? titleOf(evidence.product) : t('something') });
  const said = t('evidence', { n: evidence.count, what });
  return (
    <li className="taste-value">
      <ProductPicture image={evidence.product?.image} size={40} />
      <div className="taste-words">
        <div className="taste-line">
          <span className="cut">
            <ValueName attribute={attribute} value={affinity.value} />
          </span>
          <span className={against ? 'taste-share taste-against' : 'taste-share'}>
            {against ? `${t('against')} ${percent(-weight)}` : percent(weight)}
          </span>
        </div>
        <div className="taste-track" aria-hidden="true">
          <span className={against ? 'taste-fill taste-fill-against' : 'taste-fill'} style={{ width: `${Math.max(1, (100 * Math.abs(weight)) / scale)}%` }} />
        </div>
        <div className="taste-evidence" title={evidence.at ? date(evidence.at) : undefined}>
          <bdi>{said}</bdi>
        </div>
      </div>
    </li>
  );
}

function Range({ band: { low, high, currency } }: { band: PriceBand }) {
  const t = useWords(words);
  if (low === null) return <>{t('under', { price: money(high ?? 0, currency, true) })}</>;
  if (high === null) return <>{t('over', { price: money(low, currency, true) })}</>;
  return (
    <>
      {money(low, currency, true)} – {money(high, currency, true)}
    </>
  );
}

/* A colour with its swatch, a price band in money, a category with its parents in grey; anything else as it is. */
function ValueName({ attribute, value }: { attribute: string; value: string }) {
  if (attribute === 'color')
    return (
      <>
        <span className="swatch" style={{ backgroundColor: value }} aria-hidden="true" /> <bdi>{value}</bdi>
      </>
    );
  const band = attribute === 'price_band' ? priceBandOf(value) : null;
  if (band)
    return (
      <>
        <bdi className="taste-parent">{band.category}</bdi> <Range band={band} />
      </>
    );
  const cut = attribute === 'category' ? value.lastIndexOf(' > ') : -1;
  return (
    <>
      {cut > 0 && <bdi className="taste-parent">{value.slice(0, cut)} › </bdi>}
      <bdi>{cut > 0 ? value.slice(cut + 3) : value}</bdi>
    </>
  );
}
