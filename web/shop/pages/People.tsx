import { useState } from 'react';
import { useLocation } from 'wouter';
import { say, useWords } from '../../src/words';
import { login, ShopError, type Start } from '../api';
import { Scene } from '../art/scenes';
import { useTitle } from '../parts/basics';
import { enter, leave, session, useKept, type Persona } from '../store';
import { stories, words } from '../words';

function Story({ persona, current, onChoose }: { persona: Persona; current: boolean; onChoose: () => void }) {
  const t = useWords(words);
  const story = stories[persona.userId];
  if (!story) return null;
  return (
    <li className="story">
      <Scene of={persona.userId} />
      <div className="story-text">
        <h2>{say(story.role)}</h2>
        <p className="story-who">
          {persona.first} {persona.last}, {t('fromTown', { town: persona.town })}
          {persona.card && ` (${t('loyalty')})`}
        </p>
        <p>{say(story.story)}</p>
        <p className="story-watch">
          <b>{t('watch')}</b> {say(story.watch)}
        </p>
        <button type="button" className="button" disabled={current} onClick={onChoose}>
          {current ? t('current') : t('beThis', { name: persona.first })}
        </button>
      </div>
    </li>
  );
}

export function People({ start }: { start: Start }) {
  const t = useWords(words);
  useTitle(t('peopleTitle'));
  const [, go] = useLocation();
  const now = useKept(session)?.persona.userId;
  const [problem, setProblem] = useState('');
  const be = async (userId: string): Promise<void> => {
    try {
      enter(await login(userId));
      go('/shop');
    } catch (error) {
      setProblem((error instanceof ShopError && error.detail) || t('failed'));
    }
  };
  return (
    <>
      <div className="list-head">
        <h1>{t('peopleTitle')}</h1>
        <p>{t('peopleText')}</p>
      </div>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <ul className="stories" role="list">
        {start.personas.map((persona) => (
          <Story key={persona.userId} persona={persona} current={persona.userId === now} onChoose={() => void be(persona.userId)} />
        ))}
        <li className="story">
          <Scene of="" />
          <div className="story-text">
            <h2>{t('guest')}</h2>
            <p>{t('guestStory')}</p>
            <button
              type="button"
              className="button"
              disabled={now === undefined}
              onClick={() => {
                leave();
                go('/shop');
              }}
            >
              {now === undefined ? t('current') : t('asGuest')}
            </button>
          </div>
        </li>
      </ul>
    </>
  );
}
