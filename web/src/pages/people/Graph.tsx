/* Which identities this customer is made of, and on what evidence: a drawing, and the same as a list. */
import { useMemo, useState, type KeyboardEvent } from 'react';
import { Link } from 'wouter';
import { ApiError, forget, send, useGet } from '../../api';
import { date, number } from '../../format';
import { Answer, Card, Empty, Failed, Icon, offerUndo, Tag } from '../../parts';
import { useWords } from '../../words';
import { box, layout, strongestKey, type Graph as GraphData, type GraphLink, type GraphPerson, type Point } from './layout';
import { graphWords, kindOf, keyOf, whyText } from './graphWords';
import './graph.css';

const radius = 22;

export function Graph({ person }: { person: string }) {
  const t = useWords(graphWords);
  const path = `/v1/admin/profiles/${encodeURIComponent(person)}/graph`;
  const query = useGet<GraphData>(path);
  if (query.error instanceof ApiError && query.error.status === 404) return <Empty title={t('absent')} icon="people" />;
  return <Answer query={query}>{(graph) => <Drawing graph={graph} path={path} person={person} />}</Answer>;
}

type Selection = { kind: 'person'; id: string } | { kind: 'link'; at: number } | null;

function Drawing({ graph, path, person }: { graph: GraphData; path: string; person: string }) {
  const t = useWords(graphWords);
  const [selection, setSelection] = useState<Selection>(null);
  const [error, setError] = useState<unknown>(null);
  const places = useMemo(
    () => layout(graph.persons.map((one) => one.person), [...graph.links.map((one) => [one.a, one.b] as const), ...graph.apart.map((one) => [one.a, one.b] as const)]),
    [graph],
  );
  const act = (verb: 'retract' | 'apart' | 'together', text: string, body: object) =>
    offerUndo({
      text,
      take: async () => {
        try {
          await send('POST', `${path}/${verb}`, body);
          setError(null);
        } catch (cause) {
          setError(cause);
        }
        await forget(`/v1/admin/profiles/${encodeURIComponent(person)}`);
        setSelection(null);
      },
    });
  const used = graph.links.filter((one) => one.used).length;
  return (
    <div className="graph-page">
      <Card
        title={t('title')}
        sentence={graph.persons.length === 1 ? t('alone') : t('sentence', { n: graph.persons.length, links: number(used), unused: number(graph.links.length - used) })}
      >
        {error !== null && <Failed error={error} />}
        <Picture graph={graph} places={places} selection={selection} onSelect={setSelection} />
        <ul className="graph-legend" aria-label={t('legend')}>
          <li><svg width="36" height="10" aria-hidden="true"><line x1="0" y1="5" x2="36" y2="5" className="graph-edge" /></svg> {t('legendUsed')}</li>
          <li><svg width="36" height="10" aria-hidden="true"><line x1="0" y1="5" x2="36" y2="5" className="graph-edge graph-unused" /></svg> {t('legendUnused')}</li>
          <li><svg width="36" height="10" aria-hidden="true"><line x1="0" y1="5" x2="36" y2="5" className="graph-edge graph-apart" /></svg> {t('legendApart')}</li>
        </ul>
      </Card>
      <Detail graph={graph} selection={selection} here={person} act={act} onSelect={setSelection} />
      <Evidence graph={graph} act={act} />
    </div>
  );
}

function useLabel(): (person: GraphPerson | undefined) => string {
  const t = useWords(graphWords);
  return (person) => {
    const key = person ? strongestKey(person) : undefined;
    return key ? `${t(keyOf(key.type))} ${key.value ?? t('valueUnknown')}` : t('nameless');
  };
}

type PictureProps = { graph: GraphData; places: ReadonlyMap<string, Point>; selection: Selection; onSelect: (selection: Selection) => void };

function press(event: KeyboardEvent, then: () => void) {
  if (event.key !== 'Enter' && event.key !== ' ') return;
  event.preventDefault();
  then();
}

function Picture({ graph, places, selection, onSelect }: PictureProps) {
  const t = useWords(graphWords);
  const label = useLabel();
  const byId = new Map(graph.persons.map((one) => [one.person, one]));
  const aside = new Set(graph.setAside.map((one) => one.person));
  return (
    <svg className="graph" viewBox={`0 0 ${box.width} ${box.height}`} role="group" aria-label={t('drawing', { n: graph.persons.length })}>
      {graph.apart.map((one) => {
        const a = places.get(one.a);
        const b = places.get(one.b);
        return a && b ? <line key={`apart ${one.a} ${one.b}`} x1={a.x} y1={a.y} x2={b.x} y2={b.y} className="graph-edge graph-apart" /> : null;
      })}
      {graph.links.map((link, at) => {
        const a = places.get(link.a);
        const b = places.get(link.b);
        if (!a || !b) return null;
        const bend = graph.links.slice(0, at).filter((one) => (one.a === link.a && one.b === link.b) || (one.a === link.b && one.b === link.a)).length * 26;
        const middle = { x: (a.x + b.x) / 2 + bend, y: (a.y + b.y) / 2 - bend };
        const chosen = selection?.kind === 'link' && selection.at === at;
        const text = `${t(kindOf(link.kind))}: ${label(byId.get(link.a))} – ${label(byId.get(link.b))}, ${t(link.used ? 'used' : 'unused')}`;
        return (
          <g key={`${link.a} ${link.b} ${link.kind} ${at}`} role="button" tabIndex={0} aria-label={text} aria-pressed={chosen} className={chosen ? 'graph-link graph-chosen' : 'graph-link'}
            onClick={() => onSelect({ kind: 'link', at })} onKeyDown={(event) => press(event, () => onSelect({ kind: 'link', at }))}>
            <path d={`M${a.x} ${a.y} Q${middle.x + bend / 2} ${middle.y - bend / 2} ${b.x} ${b.y}`} className={link.used ? 'graph-edge' : 'graph-edge graph-unused'} />
            <g transform={`translate(${middle.x} ${middle.y})`}>
              <rect x={-46} y={-11} width={92} height={22} rx={11} className="graph-plate" />
              <text aria-hidden="true" className="graph-kind" textAnchor="middle" dy="4">{link.used ? t(kindOf(link.kind)) : `× ${t(kindOf(link.kind))}`}</text>
            </g>
          </g>
        );
      })}
      {graph.persons.map((one) => {
        const p = places.get(one.person);
        if (!p) return null;
        const chosen = selection?.kind === 'person' && selection.id === one.person;
        const home = one.person === graph.customer;
        const key = strongestKey(one);
        return (
          <g key={one.person} role="button" tabIndex={0} transform={`translate(${p.x} ${p.y})`} aria-pressed={chosen} className={chosen ? 'graph-node graph-chosen' : 'graph-node'}
            aria-description={`${label(one)}, ${t('events', { n: one.events })}${home ? `, ${t('home')}` : ''}${aside.has(one.person) ? `, ${t('aside')}` : ''}`}
            onClick={() => onSelect({ kind: 'person', id: one.person })} onKeyDown={(event) => press(event, () => onSelect({ kind: 'person', id: one.person }))}>
            {home && <circle r={radius + 5} className="graph-home" />}
            {aside.has(one.person) ? <rect x={-radius} y={-radius} width={2 * radius} height={2 * radius} rx={4} className="graph-body graph-body-aside" /> : <circle r={radius} className="graph-body" />}
            <text className="graph-count" textAnchor="middle" dy="5">{number(one.events)}</text>
            <text className="graph-name" textAnchor="middle" y={radius + 20}>{key ? cut(key.value ?? t('valueUnknown')) : t('nameless')}</text>
            <text className="graph-type" textAnchor="middle" y={radius + 35}>{key ? t(keyOf(key.type)) : ''}{home ? ` · ${t('home')}` : ''}</text>
          </g>
        );
      })}
    </svg>
  );
}

const cut = (text: string) => (text.length > 18 ? `${text.slice(0, 8)}…${text.slice(-8)}` : text);

type Act = (verb: 'retract' | 'apart' | 'together', text: string, body: object) => void;

function Detail({ graph, selection, here, act, onSelect }: { graph: GraphData; selection: Selection; here: string; act: Act; onSelect: (selection: Selection) => void }) {
  const t = useWords(graphWords);
  const label = useLabel();
  const byId = new Map(graph.persons.map((one) => [one.person, one]));
  if (selection === null) return <p className="soft" role="status">{t('choose')}</p>;
  if (selection.kind === 'link') {
    const link = graph.links[selection.at];
    if (!link) return null;
    return (
      <Card title={`${t(kindOf(link.kind))}: ${label(byId.get(link.a))} – ${label(byId.get(link.b))}`} sentence={link.used ? t('usedWhy') : whyText(link.why) || t('unused')} action={<Standing link={link} />}>
        <p className="soft">{link.time ? t('since', { when: date(link.time) }) : ''}</p>
        <div className="graph-actions"><LinkActions link={link} act={act} /></div>
      </Card>
    );
  }
  const person = byId.get(selection.id);
  if (!person) return null;
  const why = graph.setAside.find((one) => one.person === person.person)?.why;
  const others = graph.persons.filter((one) => one.person !== person.person);
  return (
    <Card title={<bdi className="cut-2">{label(person)}</bdi>} sentence={t('events', { n: person.events })} action={person.person === here ? undefined : <Link href={`/people/${person.person}`}>{t('open')}</Link>}>
      {why && <p><Tag tone="warning">{t('aside')}</Tag> {whyText(why)}</p>}
      <ul className="identities">
        {person.keys.map((key) => (
          <li key={`${key.type} ${key.value}`}><span className="identity"><span className="identity-type">{t(keyOf(key.type))}</span><bdi className="cut identity-value">{key.value ?? t('valueUnknown')}</bdi></span></li>
        ))}
      </ul>
      {others.length > 0 && (
        <ul className="graph-others" aria-label={t('others')}>
          {others.map((other) => {
            const apart = graph.apart.some((one) => (one.a === person.person && one.b === other.person) || (one.b === person.person && one.a === other.person));
            const body = { a: person.person, b: other.person };
            return (
              <li key={other.person}>
                <button type="button" className="quiet-button graph-other" onClick={() => onSelect({ kind: 'person', id: other.person })}><bdi className="cut">{label(other)}</bdi></button>
                {apart ? (
                  <button type="button" className="plain-button" onClick={() => act('together', t('joining'), body)}>{t('join')}</button>
                ) : (
                  <button type="button" className="plain-button" onClick={() => act('apart', t('parting'), body)}>{t('keepApart')}</button>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}

function Standing({ link }: { link: GraphLink }) {
  const t = useWords(graphWords);
  return <Tag tone={link.used ? 'good' : 'plain'}><Icon name={link.used ? 'check' : 'close'} size={14} /> {t(link.used ? 'used' : 'unused')}</Tag>;
}

function LinkActions({ link, act }: { link: GraphLink; act: Act }) {
  const t = useWords(graphWords);
  return (
    <>
      <button type="button" className="plain-button" onClick={() => act('retract', t('retracting'), { a: link.a, b: link.b, kind: link.kind })}><Icon name="undo" size={16} /> {t('retract')}</button>
      <button type="button" className="plain-button" onClick={() => act('apart', t('parting'), { a: link.a, b: link.b })}>{t('keepApart')}</button>
    </>
  );
}

function Evidence({ graph, act }: { graph: GraphData; act: Act }) {
  const t = useWords(graphWords);
  const label = useLabel();
  const byId = new Map(graph.persons.map((one) => [one.person, one]));
  if (graph.links.length === 0 && graph.apart.length === 0) return null;
  return (
    <Card title={t('evidence')} sentence={t('evidenceSentence')}>
      <ul className="graph-evidence">
        {graph.links.map((link, at) => (
          <li key={`${link.a} ${link.b} ${link.kind} ${at}`}>
            <div>
              <strong>{t(kindOf(link.kind))}</strong> <Standing link={link} /> {link.proven ? <Tag tone="good">{t('proven')}</Tag> : <Tag tone="warning">{t('claimed')}</Tag>}
              <div className="graph-ends"><bdi className="cut">{label(byId.get(link.a))}</bdi> <span aria-hidden="true">–</span> <bdi className="cut">{label(byId.get(link.b))}</bdi></div>
              <div className="soft">{link.time ? date(link.time) : ''}{!link.used && link.why ? ` · ${whyText(link.why)}` : ''}</div>
            </div>
            <div className="graph-actions"><LinkActions link={link} act={act} /></div>
          </li>
        ))}
        {graph.apart.map((one) => (
          <li key={`apart ${one.a} ${one.b}`}>
            <div>
              <strong>{t('apart')}</strong>
              <div className="graph-ends"><bdi className="cut">{label(byId.get(one.a))}</bdi> <span aria-hidden="true">×</span> <bdi className="cut">{label(byId.get(one.b))}</bdi></div>
            </div>
            <div className="graph-actions"><button type="button" className="plain-button" onClick={() => act('together', t('joining'), { a: one.a, b: one.b })}>{t('join')}</button></div>
          </li>
        ))}
      </ul>
    </Card>
  );
}

