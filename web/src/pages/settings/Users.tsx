/* Users: who works here, in which role; invitations; which roles need a second factor. */
import { Button, Checkbox, Radio, Select, TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { ApiError, forget, send, useGet, type User } from '../../api';
import { Ago, Answer, Card, Code, DataTable, offerUndo, Page, SidePanel, Tag, type Column } from '../../parts';
import { useWords } from '../../words';
import { words } from './words';

const path = '/v1/admin/users';
const roles = ['owner', 'marketer', 'merchandiser', 'analyst', 'privacy-officer', 'support'] as const;
type Role = (typeof roles)[number];
type Invitation = { id: string; invitation: string };
type Security = { twoFactorRoles: string[] };
type Panel = { kind: 'new' } | { kind: 'edit'; user: User } | null;

const messageOf = (cause: unknown) => (cause instanceof ApiError ? cause.message : String(cause));

export function Users({ tabs }: { tabs: ReactNode }) {
  const t = useWords(words);
  const users = useGet<{ users: User[] }>(path);
  const [panel, setPanel] = useState<Panel>(null);
  const [leaving, setLeaving] = useState<readonly string[]>([]);
  const [failure, setFailure] = useState('');
  const remove = (user: User) => {
    const stay = () => setLeaving((ids) => ids.filter((id) => id !== user.id));
    setPanel(null);
    setLeaving((ids) => [...ids, user.id]);
    offerUndo({
      text: t('removing', { name: user.name }),
      takeBack: stay,
      take: () =>
        void send('DELETE', `${path}/${user.id}`)
          .catch((cause: unknown) => setFailure(messageOf(cause)))
          .then(() => forget(path))
          .then(stay),
    });
  };
  const columns: Column<User>[] = [
    {
      id: 'name',
      header: t('name'),
      cell: ({ row }) => (
        <span>
          <strong className="settings-name">{row.original.name}</strong> <span className="soft settings-small">{row.original.email}</span>
        </span>
      ),
    },
    { id: 'role', header: t('role'), meta: { narrow: true }, cell: ({ row }) => <Tag tone={row.original.role === 'owner' ? 'accent' : 'plain'}>{t(`role-${row.original.role as Role}`)}</Tag> },
    { id: 'state', header: t('state'), meta: { narrow: true, phone: false }, cell: ({ row }) => (row.original.disabled ? t('disabledTag') : row.original.invited && !row.original.passwordSet ? t('invitedTag') : '') },
    { id: 'twoFactor', header: t('twoFactor'), meta: { narrow: true, phone: false }, cell: ({ row }) => (row.original.twoFactor ? t('on') : t('off')) },
    { id: 'seen', header: t('lastLogin'), meta: { narrow: true, phone: false }, cell: ({ row }) => (row.original.lastLoginAt ? <Ago time={row.original.lastLoginAt} /> : <span className="soft">{t('never')}</span>) },
    {
      id: 'edit',
      header: () => <span className="visually-hidden">{t('edit')}</span>,
      meta: { narrow: true, align: 'right' },
      cell: ({ row }) => (
        <button type="button" className="quiet-button" onClick={() => setPanel({ kind: 'edit', user: row.original })} aria-label={t('editOf', { name: row.original.name })}>
          {t('edit')}
        </button>
      ),
    },
  ];
  return (
    <Page
      title={t('title')}
      name={`${t('title')}: ${t('users')}`}
      sentence={t('usersSentence')}
      action={<Button onClick={() => setPanel({ kind: 'new' })}>{t('invite')}</Button>}
      api={[
        { method: 'GET', path },
        { method: 'POST', path, body: { name: 'Ada', email: 'ada@shop.example', role: 'analyst' } },
        { method: 'PUT', path: `${path}/{id}`, body: { role: 'support' } },
      ]}
    >
      {tabs}
      {failure !== '' && (
        <p role="alert" className="settings-failure">
          {failure}
        </p>
      )}
      <Card flush>
        <Answer query={users}>{({ users: all }) => <DataTable label={t('users')} rows={all.filter((user) => !leaving.includes(user.id))} rowKey={(user) => user.id} columns={columns} />}</Answer>
      </Card>
      <Required />
      <SidePanel opened={panel !== null} onClose={() => setPanel(null)} title={panel?.kind === 'edit' ? t('editOf', { name: panel.user.name }) : t('invite')}>
        {panel?.kind === 'new' && <Invite />}
        {panel?.kind === 'edit' && <Edit key={panel.user.id} user={panel.user} done={() => setPanel(null)} remove={() => remove(panel.user)} />}
      </SidePanel>
    </Page>
  );
}

function Roles({ value, onChange }: { value: Role; onChange: (role: Role) => void }) {
  const t = useWords(words);
  return (
    <Radio.Group label={t('role')} value={value} onChange={(role) => onChange(role)}>
      <div className="settings-choices">
        {roles.map((role) => (
          <Radio key={role} value={role} label={t(`role-${role}`)} description={t(`about-${role}`)} />
        ))}
      </div>
    </Radio.Group>
  );
}

function Link({ made, name }: { made: Invitation; name: string }) {
  const t = useWords(words);
  return (
    <div className="settings-form" role="status">
      <p>{t('invitationMade', { name })}</p>
      <Code text={location.origin + made.invitation} label={t('invitationLink')} />
    </div>
  );
}

function Invite() {
  const t = useWords(words);
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('analyst');
  const [language, setLanguage] = useState('en');
  const [made, setMade] = useState<Invitation | null>(null);
  const [error, setError] = useState('');
  const invite = async (event: FormEvent) => {
    event.preventDefault();
    setError('');
    try {
      setMade(await send<Invitation>('POST', path, { name: name.trim(), email: email.trim(), role, language }));
      await forget(path);
    } catch (cause) {
      setError(messageOf(cause));
    }
  };
  if (made) return <Link made={made} name={name} />;
  return (
    <form className="settings-form" onSubmit={(event) => void invite(event)}>
      <TextInput label={t('name')} required withAsterisk={false} maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <TextInput label={t('email')} type="email" required withAsterisk={false} maxLength={254} value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
      <Roles value={role} onChange={setRole} />
      <Select label={t('language')} data={[{ value: 'en', label: 'English' }, { value: 'de', label: 'Deutsch' }]} value={language} allowDeselect={false} onChange={(value) => setLanguage(value ?? 'en')} />
      {error !== '' && (
        <p role="alert" className="settings-failure">
          {error}
        </p>
      )}
      <div>
        <Button type="submit">{t('invite')}</Button>
      </div>
    </form>
  );
}

function Edit({ user, done, remove }: { user: User; done: () => void; remove: () => void }) {
  const t = useWords(words);
  const [role, setRole] = useState<Role>(user.role as Role);
  const [email, setEmail] = useState(user.email ?? '');
  const [made, setMade] = useState<Invitation | null>(null);
  const [error, setError] = useState('');
  const change = async (body: unknown) => {
    setError('');
    try {
      await send('PUT', `${path}/${user.id}`, body);
      await forget(path);
      await forget('/v1/admin/me');
      done();
    } catch (cause) {
      setError(messageOf(cause));
    }
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    void change({ ...(email.trim() ? { email: email.trim() } : {}), ...(user.first ? {} : { role }) });
  };
  const invite = async () => {
    setError('');
    try {
      setMade(await send<Invitation>('POST', `${path}/${user.id}/invite`, {}));
      await forget(path);
    } catch (cause) {
      setError(messageOf(cause));
    }
  };
  if (made) return <Link made={made} name={user.name} />;
  return (
    <form className="settings-form" onSubmit={save}>
      <TextInput label={t('email')} type="email" maxLength={254} value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
      {user.first ? <p className="soft">{t('firstOwner')}</p> : <Roles value={role} onChange={setRole} />}
      {error !== '' && (
        <p role="alert" className="settings-failure">
          {error}
        </p>
      )}
      <div>
        <Button type="submit">{t('save')}</Button>
      </div>
      <div className="settings-choices">
        {user.twoFactor && (
          <Button variant="default" onClick={() => void change({ twoFactor: false })}>
            {t('resetTwoFactor')}
          </Button>
        )}
        {!user.first && (
          <>
            <Button variant="default" onClick={() => void invite()}>
              {t('newInvitation')}
            </Button>
            <Button variant="default" onClick={() => void change({ disabled: !user.disabled })}>
              {user.disabled ? t('enable') : t('disable')}
            </Button>
            <Button variant="default" color="brick" onClick={remove}>
              {t('remove')}
            </Button>
          </>
        )}
      </div>
    </form>
  );
}

/* Which roles cannot do anything without a second factor. */
function Required() {
  const t = useWords(words);
  const security = useGet<Security>('/v1/admin/security');
  const [error, setError] = useState('');
  const [asked, setAsked] = useState<string[] | null>(null); // shown until the server has said what is so
  const set = async (chosen: string[]) => {
    setError('');
    setAsked(chosen);
    try {
      await send('PUT', '/v1/admin/security', { twoFactorRoles: chosen });
      await forget('/v1/admin/security');
      await forget('/v1/admin/me');
    } catch (cause) {
      setError(messageOf(cause));
    }
    setAsked(null);
  };
  return (
    <Card className="settings-narrow">
      <Answer query={security}>
        {({ twoFactorRoles }) => (
          <Checkbox.Group label={t('requiredFor')} description={t('requiredText')} value={asked ?? twoFactorRoles} onChange={(chosen) => void set(chosen)} error={error || undefined}>
            <div className="settings-choices">
              {roles.map((role) => (
                <Checkbox key={role} value={role} label={t(`role-${role}`)} />
              ))}
            </div>
          </Checkbox.Group>
        )}
      </Answer>
    </Card>
  );
}
