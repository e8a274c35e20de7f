import { useEffect } from 'react';
import { Link } from 'wouter';
import { useWords } from '../../src/words';
import { useAnswer, type Guide as Data, type Shelf } from '../api';
import { categoryName, categoryPath, guideText, guideTitle } from '../names';
import { useTitle } from '../parts/basics';
import { Cards } from '../parts/Card';
import { deliver, track } from '../tag';
import { words } from '../words';

export function Guide({ guide }: { guide: Data }) {
  const t = useWords(words);
  useTitle(guideTitle(guide.id, guide.title));
  const shelf = useAnswer<Shelf>(`products?limit=6&available=true&category=${encodeURIComponent(guide.category)}`).data;
  useEffect(() => {
    track('Content Viewed', { content_id: guide.id, name: guide.title });
    deliver();
  }, [guide.id, guide.title]);
  return (
    <article className="guide">
      <nav className="crumbs" aria-label={t('here')}>
        <Link href={categoryPath(guide.category)}>{categoryName(guide.category)}</Link>
      </nav>
      <h1>{guideTitle(guide.id, guide.title)}</h1>
      <p className="guide-text">{guideText(guide.id)}</p>
      <h2>{categoryName(guide.category)}</h2>
      {shelf && <Cards cards={shelf.products} />}
    </article>
  );
}
