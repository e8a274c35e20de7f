/* The question, before anything is sent; the same choices stand in the account and behind the footer's link ever after. */
import { useState } from 'react';
import { useWords } from '../../src/words';
import { allowed, answer, useKept } from '../store';
import { withdraw, type Allowed } from '../tag';
import { words } from '../words';

export function Choices({ value, onChange }: { value: Allowed; onChange: (next: Allowed) => void }) {
  const t = useWords(words);
  return (
    <>
      <label className="choice">
        <input type="checkbox" checked={value.personalise} onChange={(event) => onChange({ ...value, personalise: event.target.checked })} />
        <span>
          <b>{t('personalise')}</b>
          <small>{t('personaliseText')}</small>
        </span>
      </label>
      <label className="choice">
        <input type="checkbox" checked={value.analyse} onChange={(event) => onChange({ ...value, analyse: event.target.checked })} />
        <span>
          <b>{t('analyse')}</b>
          <small>{t('analyseText')}</small>
        </span>
      </label>
    </>
  );
}

export function ConsentBar({ onDone }: { onDone: () => void }) {
  const t = useWords(words);
  const now = useKept(allowed);
  const [choosing, setChoosing] = useState(now !== null);
  const [choice, setChoice] = useState<Allowed>(now ?? { personalise: false, analyse: false });
  const give = (next: Allowed): void => {
    answer(next);
    onDone();
  };
  return (
    <section className="consent" aria-labelledby="consent-title">
      <div className="consent-text">
        <h2 id="consent-title">{t('consentTitle')}</h2>
        <p>{t('consentText')}</p>
        {choosing && <Choices value={choice} onChange={setChoice} />}
      </div>
      <div className="consent-buttons">
        <button type="button" className="button" onClick={() => give({ personalise: true, analyse: true })}>
          {t('consentAll')}
        </button>
        <button type="button" className="button" onClick={() => give({ personalise: false, analyse: false })}>
          {t('consentNone')}
        </button>
        {choosing ? (
          <button type="button" className="button button-quiet" onClick={() => give(choice)}>
            {t('consentSome')}
          </button>
        ) : (
          <button type="button" className="button button-quiet" onClick={() => setChoosing(true)}>
            {t('consentChoose')}
          </button>
        )}
      </div>
    </section>
  );
}

/* In the account: every change counts at once. */
export function ConsentSettings() {
  const t = useWords(words);
  const now = useKept(allowed);
  return (
    <section className="panel" aria-labelledby="allowed-title">
      <h2 id="allowed-title">{t('consentSettings')}</h2>
      {now === null && <p className="soft">{t('notAsked')}</p>}
      <Choices value={now ?? { personalise: false, analyse: false }} onChange={answer} />
      {now !== null && (
        <button
          type="button"
          className="link"
          onClick={() => {
            withdraw();
            allowed.set(null);
          }}
        >
          {t('withdraw')}
        </button>
      )}
    </section>
  );
}
