/* Keys: who may send and ask. A new key's text is shown once; a revoked one may be taken back for some seconds. */
import { Button, Radio, TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { ApiError, forget, send, useGet } from '../../api';
import { Ago, Answer, Card, Code, CopyButton, DataTable, offerUndo, Page, SidePanel, Tag, type Column } from '../../parts';
import { useWords } from '../../words';
import type { Key, KeyMade, Keys as KeysAnswer } from './types';
import { words } from './words';

const path = '/v1/admin/keys';

export function Keys({ tabs }: { tabs: ReactNode }) {
  const t = useWords(words);
  const keys = useGet<KeysAnswer>(path);
  const [making, setMaking] = useState(false);
  const [leaving, setLeaving] = useState<readonly string[]>([]);
  const [failure, setFailure] = useState('');
  const nameOf = (key: Key) => key.name || t('unnamed', { id: key.id.slice(0, 6) });

  const revoke = (key: Key) => {
    const stay = () => setLeaving((ids) => ids.filter((id) => id !== key.id));
    setFailure('');
    setLeaving((ids) => [...ids, key.id]);
    offerUndo({
      text: t('revoking', { name: nameOf(key) }),
      takeBack: stay,
      take: () =>
        void send('DELETE', `${path}/${encodeURIComponent(key.id)}`)
          .catch((error: unknown) => setFailure(t('revokeFailed', { name: nameOf(key), why: error instanceof ApiError ? error.message : '' })))
          .then(() => forget(path))
          .then(stay),
    });
  };
  const columns = (all: readonly Key[]): Column<Key>[] => [
    { id: 'name', header: t('name'), cell: ({ row }) => <strong className="settings-name">{nameOf(row.original)}</strong> },
    { id: 'kind', header: t('kind'), meta: { narrow: true }, cell: ({ row }) => <Tag tone={row.original.type === 'server' ? 'accent' : 'plain'}>{t(row.original.type)}</Tag> },
    { id: 'source', header: t('source'), meta: { phone: false }, cell: ({ row }) => (row.original.type === 'write' ? <code>{row.original.source}</code> : '–') },
    { id: 'key', header: t('key'), meta: { phone: false }, cell: ({ row }) => <KeyText text={row.original.key} /> },
    { id: 'created', header: t('created'), meta: { narrow: true, phone: false }, cell: ({ row }) => <Ago time={row.original.createdAt} /> },
    {
      id: 'revoke',
      header: () => <span className="visually-hidden">{t('revoke')}</span>,
      meta: { narrow: true, align: 'right' },
      cell: ({ row }) =>
        all.filter((key) => key.type === row.original.type).length > 1 ? (
          <button type="button" className="quiet-button" onClick={() => revoke(row.original)} aria-label={t('revokeOf', { name: nameOf(row.original) })}>
            {t('revoke')}
          </button>
        ) : (
          <span className="soft settings-small not-phone">{t('lastOfKind')}</span>
        ),
    },
  ];
  return (
    <Page
      title={t('title')}
      name={`${t('title')}: ${t('keys')}`}
      sentence={t('keysSentence')}
      action={<Button onClick={() => setMaking(true)}>{t('newKey')}</Button>}
      api={[
        { method: 'GET', path },
        { method: 'POST', path, body: { type: 'write', name: 'web shop', source: 'shop' } },
        { method: 'DELETE', path: `${path}/{id}` },
      ]}
    >
      {tabs}
      {failure !== '' && (
        <p role="alert" className="settings-failure">
          {failure}
        </p>
      )}
      <Card flush>
        <Answer query={keys}>
          {({ keys: all }) => {
            const shown = all.filter((key) => !leaving.includes(key.id));
            return <DataTable label={t('keys')} rows={shown} rowKey={(key) => key.id} columns={columns(shown)} />;
          }}
        </Answer>
      </Card>
      <SidePanel opened={making} onClose={() => setMaking(false)} title={t('newKeyTitle')}>
        <NewKey />
      </SidePanel>
    </Page>
  );
}

function KeyText({ text }: { text: string | undefined }) {
  const t = useWords(words);
  if (text === undefined) return <span className="soft">{t('hidden')}</span>;
  return (
    <span className="settings-key">
      <code>{text}</code>
      <CopyButton text={text} />
    </span>
  );
}

function NewKey() {
  const t = useWords(words);
  const [type, setType] = useState<'write' | 'server'>('write');
  const [name, setName] = useState('');
  const [source, setSource] = useState('');
  const [made, setMade] = useState<KeyMade | null>(null);
  const [error, setError] = useState('');
  const make = async (event: FormEvent) => {
    event.preventDefault();
    setError('');
    try {
      setMade(await send<KeyMade>('POST', path, { type, name: name.trim(), ...(type === 'write' && source.trim() ? { source: source.trim() } : {}) }));
      await forget(path);
    } catch (cause) {
      setError(cause instanceof ApiError ? cause.message : String(cause));
    }
  };
  if (made)
    return (
      <div className="settings-form" role="status">
        <h3>{t('made')}</h3>
        {made.type === 'server' && <p>{t('madeOnce')}</p>}
        <Code text={made.key} label={t(made.type)} />
        {made.userTokenSecret !== undefined && (
          <>
            <Code text={made.userTokenSecret} label={t('secret')} />
            <p className="soft">{t('secretText')}</p>
          </>
        )}
      </div>
    );
  return (
    <form className="settings-form" onSubmit={(event) => void make(event)}>
      <Radio.Group label={t('kind')} value={type} onChange={(value) => setType(value === 'server' ? 'server' : 'write')}>
        <div className="settings-choices">
          <Radio value="write" label={t('write')} description={t('writeText')} />
          <Radio value="server" label={t('server')} description={t('serverText')} />
        </div>
      </Radio.Group>
      <TextInput label={t('name')} description={t('nameText')} value={name} maxLength={100} onChange={(event) => setName(event.currentTarget.value)} />
      {type === 'write' && <TextInput label={t('source')} description={t('sourceText')} value={source} maxLength={60} onChange={(event) => setSource(event.currentTarget.value)} />}
      {error !== '' && (
        <p role="alert" className="settings-failure">
          {error}
        </p>
      )}
      <div>
        <Button type="submit">{t('make')}</Button>
      </div>
    </form>
  );
}
