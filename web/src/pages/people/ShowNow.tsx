/* What this person would see now, placement by placement. Asked through /v1/recommend, which writes no receipt: looking is no
   decision. A placement that needs a product stands on the page of the one looked at last. */
import { Link } from 'wouter';
import { useAsk, useGet } from '../../api';
import { Answer, Card, Empty, Json, Tag } from '../../parts';
import { useLanguage, useWords } from '../../words';
import { titleOf } from '../catalogue/ProductLine';
import { ItemCard } from '../recommendations/ItemCard';
import { Removed } from '../recommendations/Removed';
import { needsProducts, type Question, type Recommendation } from '../recommendations/types';
import type { Placement, Profile, Seen } from './types';
import { words } from './words';

export function ShowNow({ profile }: { profile: Profile }) {
  const t = useWords(words);
  const query = useGet<{ placements: Placement[] }>('/v1/admin/placements');
  return (
    <div className="show-now">
      <p className="soft show-now-sentence">
        {t('showSentence')} <Link href={`/recommendations?person=${profile.personId}`}>{t('showCompare')}</Link>
      </p>
      <Answer query={query} rows={8}>
        {({ placements }) =>
          placements.length === 0 ? (
            <Empty title={t('showEmpty')} icon="recommendations">
              {t('showEmptyText')}
            </Empty>
          ) : (
            <>
              {placements.map((placement) => (
                <Shelf key={placement.id} placement={placement} profile={profile} />
              ))}
            </>
          )
        }
      </Answer>
    </div>
  );
}

function Shelf({ placement, profile }: { placement: Placement; profile: Profile }) {
  const t = useWords(words);
  const { document } = placement;
  const needs = document.kind === 'recommendation' && needsProducts.has(document.recipe ?? '');
  const page = needs ? profile.lastViewed.find((seen) => !seen.productId.startsWith('#')) : undefined;
  const sentence = document.kind === 'content' ? t('showContent') : page ? t('showContext', { title: titleOf(page) }) : undefined;
  return (
    <Card
      title={<bdi className="cut">{document.title ?? placement.id}</bdi>}
      sentence={sentence === undefined ? undefined : <bdi className="cut">{sentence}</bdi>}
      action={
        <span className="shelf-marks">
          {document.live === false && <Tag tone="warning">{t('showOff')}</Tag>}
          <Tag>
            <bdi className="cut">{placement.id}</bdi>
          </Tag>
        </span>
      }
    >
      {document.kind === 'content' ? (
        <Json value={document.content ?? null} />
      ) : needs && !page ? (
        <p className="soft">{t('showNeedsProduct')}</p>
      ) : (
        <Items placement={placement} person={profile.personId} page={page} />
      )}
    </Card>
  );
}

function Items({ placement, person, page }: { placement: Placement; person: string; page: Seen | undefined }) {
  const t = useWords(words);
  const language = useLanguage();
  const question: Question = { customer: { personId: person }, placement: placement.id, ...(page && { products: [page.productId] }), context: { language }, explain: true };
  const query = useAsk<Recommendation>('/v1/recommend', question);
  return (
    <Answer query={query} rows={4}>
      {(answer) =>
        answer.items.length === 0 ? (
          <p className="soft">{t('showNothing')}</p>
        ) : (
          <>
            <ol className="shelf" tabIndex={0} aria-label={placement.document.title ?? placement.id}>
              {answer.items.map((item, i) => (
                <li key={item.productId}>
                  <ItemCard item={item} rank={i + 1} upright />
                </li>
              ))}
            </ol>
            <Removed answer={answer} />
          </>
        )
      }
    </Answer>
  );
}
