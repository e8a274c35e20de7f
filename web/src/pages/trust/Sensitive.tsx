/* What may not be said aloud: findings, the banner test, the concepts, and every public sentence. */
import { Switch, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import { ApiError, forget, send, useGet } from '../../api';
import { number, percent } from '../../format';
import { Answer, Card, Empty, Failed, SidePanel, Tag } from '../../parts';
import { useLanguage, useWords } from '../../words';
import type { Concept, ConceptDocument, Concepts, Finding, Findings, Preview, Sentence } from './types';
import { words } from './words';

export function Sensitive() {
  const query = useGet<Findings>('/v1/admin/findings');
  return (
    <>
      <Answer query={query} rows={4}>{(answer) => <FindingsCard answer={answer} />}</Answer>
      <Banner />
      <ConceptsCard />
      {query.data && <SentencesCard sentences={query.data.sentences} />}
    </>
  );
}

/* ---- findings ---- */

function FindingsCard({ answer }: { answer: Findings }) {
  const t = useWords(words);
  const loud = answer.findings.filter((one) => one.severity !== 'note');
  return (
    <Card title={t('linter')} sentence={t('linterSentence', { lift: answer.thresholds.lift })}>
      {loud.length === 0 && <Empty title={t('linterNone')} icon="check" />}
      <FindingList findings={[...loud, ...answer.findings.filter((one) => one.severity === 'note').slice(0, 20)]} />
    </Card>
  );
}

function FindingList({ findings }: { findings: readonly Finding[] }) {
  return (
    <ul className="trust-list">
      {findings.map((one, i) => <FindingRow key={`${one.object.id} ${one.field} ${one.concept.id} ${i}`} one={one} />)}
    </ul>
  );
}

function FindingRow({ one }: { one: Finding }) {
  const t = useWords(words);
  const tongue = useLanguage();
  const object = one.object.title || one.object.id;
  const said =
    one.why === 'overlap' && one.overlap
      ? t('whyOverlap', { object, share: percent(one.overlap.share), audience: one.overlap.audience, lift: number(one.overlap.lift, 1) })
      : t(one.why === 'names' ? 'whyNames' : one.why === 'sentence' ? 'whySentence' : 'whyBiometric', { object, text: one.text, field: one.field });
  return (
    <li>
      <div>
        <Tag tone={one.acknowledged || one.severity === 'note' ? 'plain' : one.severity === 'blocking' ? 'bad' : 'warning'}>
          {t(one.acknowledged ? 'acknowledged' : one.severity === 'blocking' ? 'blocking' : one.severity === 'warning' ? 'warning' : 'noteTag')}
        </Tag>{' '}
        <strong>{one.concept[tongue]}</strong>
        <div>{said}</div>
        <div className="soft">{one.suggestion[tongue]}</div>
      </div>
    </li>
  );
}

/* ---- would you print this? ---- */

function Banner() {
  const t = useWords(words);
  const [text, setText] = useState('');
  const [preview, setPreview] = useState<Preview | null>(null);
  const [error, setError] = useState<unknown>(null);
  const ask = async () => {
    setError(null);
    try {
      try {
        setPreview(await send<Preview>('POST', '/v1/admin/findings/preview', { product: text.trim() }));
      } catch (cause) {
        if (!(cause instanceof ApiError) || cause.status !== 404) throw cause;
        setPreview(await send<Preview>('POST', '/v1/admin/findings/preview', { text }));
      }
    } catch (cause) {
      setPreview(null);
      setError(cause);
    }
  };
  return (
    <Card title={t('banner')} sentence={t('bannerSentence')}>
      <form className="trust-try" onSubmit={(event) => { event.preventDefault(); void ask(); }}>
        <TextInput label={t('bannerLabel')} value={text} onChange={(event) => setText(event.currentTarget.value)} maxLength={2000} />
        <button type="submit" className="plain-button" disabled={text.trim() === ''}>{t('try')}</button>
      </form>
      {error !== null && <Failed error={error} />}
      <div role="status">
        {preview && (
          <>
            <p><Tag tone={preview.verdict === 'fine' ? 'good' : 'warning'}>{t(preview.verdict === 'fine' ? 'fine' : 'ask')}</Tag></p>
            {preview.sentences && <SentenceList sentences={preview.sentences} />}
            <FindingList findings={preview.product ? preview.findings.slice(0, 1) : preview.findings} />
          </>
        )}
      </div>
    </Card>
  );
}

function SentenceList({ sentences }: { sentences: readonly Sentence[] }) {
  const tongue = useLanguage();
  return (
    <ul className="trust-sentences">
      {sentences.filter((one) => one.language === tongue).map((one) => <li key={one.kind} lang={one.language}>{one.text}</li>)}
    </ul>
  );
}

function SentencesCard({ sentences }: { sentences: readonly Sentence[] }) {
  const t = useWords(words);
  return <Card title={t('sentences')} sentence={t('sentencesSentence')}><SentenceList sentences={sentences} /></Card>;
}

/* ---- concepts ---- */

const nothing = '';
const blank: ConceptDocument = { id: nothing, title: { en: nothing, de: nothing }, active: true, words: [], categories: [], products: [], except: [] };

function ConceptsCard() {
  const t = useWords(words);
  const tongue = useLanguage();
  const query = useGet<Concepts>('/v1/admin/sensitive');
  const [editing, setEditing] = useState<{ document: ConceptDocument; concept: Concept | null } | null>(null);
  return (
    <Card title={t('concepts')} sentence={t('conceptsSentence')} action={<button type="button" className="plain-button" onClick={() => setEditing({ document: blank, concept: null })}>{t('add')}</button>}>
      <Answer query={query} rows={7}>
        {(answer) => (
          <ul className="trust-list">
            {answer.concepts.map((one) => (
              <li key={one.id}>
                <div><strong>{one.document.title[tongue]}</strong> {!one.document.active && <Tag tone="warning">{t('off')}</Tag>} {!one.seeded && <Tag>{t('own')}</Tag>}
                  <div className="soft">{t('marked', { n: one.marked })}</div></div>
                <button type="button" className="plain-button" onClick={() => setEditing({ document: one.document, concept: one })} aria-label={`${t('edit')}: ${one.document.title[tongue]}`}>{t('edit')}</button>
              </li>
            ))}
          </ul>
        )}
      </Answer>
      <SidePanel opened={editing !== null} onClose={() => setEditing(null)} title={editing?.concept ? editing.concept.document.title[tongue] : t('add')} wide>
        {editing && <ConceptForm key={editing.document.id} start={editing.document} concept={editing.concept} onDone={() => setEditing(null)} />}
      </SidePanel>
    </Card>
  );
}

const lines = (text: string) => text.split('\n').map((one) => one.trim()).filter(Boolean);

function ConceptForm({ start, concept, onDone }: { start: ConceptDocument; concept: Concept | null; onDone: () => void }) {
  const t = useWords(words);
  const [document, setDocument] = useState(start);
  const [texts, setTexts] = useState({ words: start.words.join('\n'), categories: start.categories.join('\n'), products: start.products.join('\n'), except: start.except.join('\n') });
  const [error, setError] = useState<unknown>(null);
  const save = async () => {
    try {
      const lists = { words: lines(texts.words), categories: lines(texts.categories), products: lines(texts.products), except: lines(texts.except) };
      await send('PUT', '/v1/admin/sensitive', { concepts: [{ ...document, ...lists }] });
      await Promise.all([forget('/v1/admin/sensitive'), forget('/v1/admin/findings'), forget('/v1/admin/trust')]);
      onDone();
    } catch (cause) {
      setError(cause);
    }
  };
  const area = (key: keyof typeof texts, label: string, rows: number) => (
    <Textarea label={label} value={texts[key]} onChange={(event) => { const { value } = event.currentTarget; setTexts((now) => ({ ...now, [key]: value })); }} minRows={rows} maxRows={12} autosize spellCheck={false} />
  );
  return (
    <form className="trust-form" onSubmit={(event) => { event.preventDefault(); void save(); }}>
      {!concept && <TextInput label={t('id')} value={document.id} onChange={(event) => setDocument({ ...document, id: event.currentTarget.value })} required maxLength={40} />}
      <TextInput label={t('titleEn')} value={document.title.en} onChange={(event) => setDocument({ ...document, title: { ...document.title, en: event.currentTarget.value } })} maxLength={200} />
      <TextInput label={t('titleDe')} value={document.title.de} onChange={(event) => setDocument({ ...document, title: { ...document.title, de: event.currentTarget.value } })} maxLength={200} />
      <Switch label={t('active')} checked={document.active} onChange={(event) => setDocument({ ...document, active: event.currentTarget.checked })} />
      {area('categories', t('categoriesLabel'), 2)}
      {area('words', t('wordsLabel'), 4)}
      {area('products', t('productsLabel'), 2)}
      {area('except', t('exceptLabel'), 2)}
      {error !== null && <Failed error={error} />}
      <p><button type="submit" className="plain-button">{t('save')}</button></p>
      {concept && concept.examples.length > 0 && (
        <>
          <h3 className="panel-head">{t('examples')}</h3>
          <ul className="trust-sentences">{concept.examples.map((one) => <li key={one.id}><Link href={`/catalogue/${encodeURIComponent(one.id)}`}>{one.title || one.id}</Link></li>)}</ul>
        </>
      )}
    </form>
  );
}
