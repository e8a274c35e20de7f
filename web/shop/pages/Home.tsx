import { Link } from 'wouter';
import { say, useWords } from '../../src/words';
import type { Start } from '../api';
import { Scene } from '../art/scenes';
import { categoryName, categoryPath, guideTitle, topOf } from '../names';
import { useTitle } from '../parts/basics';
import { Slot } from '../parts/Slot';
import { session, useKept } from '../store';
import { stories, words } from '../words';

function Hero() {
  const t = useWords(words);
  const who = useKept(session)?.persona;
  const story = who && stories[who.userId];
  return (
    <section className="hero">
      <div className="hero-text">
        <h1>{who ? t('heroPersona', { name: who.first }) : t('heroGuest')}</h1>
        <p>{story ? say(story.hero) : t('heroGuestText')}</p>
      </div>
      <Scene of={who?.userId ?? ''} />
    </section>
  );
}

function Departments({ start }: { start: Start }) {
  const t = useWords(words);
  const tops = [...new Set(start.categories.map((category) => topOf(category.path)))];
  return (
    <section className="shelf" aria-labelledby="departments-title">
      <h2 id="departments-title">{t('departments')}</h2>
      <ul className="tiles" role="list">
        {tops.map((top) => {
          const inside = start.categories.filter((category) => topOf(category.path) === top);
          return (
            <li key={top}>
              <Link href={categoryPath(top)} className="tile">
                <span className="tile-pictures" aria-hidden="true">
                  {inside.slice(0, 3).map((category) => (
                    <img key={category.path} src={category.image} alt="" loading="lazy" width="72" height="72" />
                  ))}
                </span>
                <b>{categoryName(top)}</b>
                <small>{t('articles', { n: inside.reduce((sum, category) => sum + category.products, 0) })}</small>
              </Link>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Somebody({ start }: { start: Start }) {
  const t = useWords(words);
  return (
    <section className="somebody" aria-labelledby="somebody-title">
      <div>
        <h2 id="somebody-title">{t('beSomebody')}</h2>
        <p>{t('beSomebodyText')}</p>
        <Link href="/shop/people" className="button">
          {t('meetThem')}
        </Link>
      </div>
      <div className="somebody-scenes" aria-hidden="true">
        {start.personas.map((persona) => (
          <Scene key={persona.userId} of={persona.userId} />
        ))}
      </div>
    </section>
  );
}

export function Reads({ start, category }: { start: Start; category?: string }) {
  const t = useWords(words);
  const fitting = category ? start.contents.filter((guide) => guide.category === category || topOf(guide.category) === category) : start.contents.slice(0, 6);
  if (fitting.length === 0) return null;
  return (
    <section className="shelf" aria-labelledby="reads-title">
      <h2 id="reads-title">{t('reads')}</h2>
      <ul className="reads" role="list">
        {fitting.map((guide) => (
          <li key={guide.id}>
            <Link href={`/shop/c/${guide.id}`}>
              <small>{categoryName(guide.category)}</small>
              {guideTitle(guide.id, guide.title)}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Home({ start }: { start: Start }) {
  const t = useWords(words);
  useTitle(t('demo'));
  const who = useKept(session)?.persona;
  return (
    <>
      <Hero />
      <Slot placement="home" title={who ? t('forYou') : t('popular')} />
      <Departments start={start} />
      <Slot placement="trending" title={t('trending')} sort="new" />
      {!who && <Somebody start={start} />}
      <Reads start={start} />
    </>
  );
}
