/* The password: set once, it replaces the printed link. */
import { Button, PasswordInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { ApiError, forget, send, useMe } from '../../api';
import { Card, Icon, Page } from '../../parts';
import { useWords } from '../../words';
import { words } from './words';

const charactersMin = 10;

export function Password({ tabs }: { tabs: ReactNode }) {
  const t = useWords(words);
  const me = useMe();
  const [first, setFirst] = useState('');
  const [second, setSecond] = useState('');
  const [current, setCurrent] = useState('');
  const [tried, setTried] = useState(false);
  const [state, setState] = useState<'open' | 'busy' | 'done'>('open');
  const [error, setError] = useState('');
  const length = [...first].length;
  const short = length < charactersMin ? t('tooShort', { n: length }) : undefined;
  const differs = first !== second ? t('differs') : undefined;

  const set = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    setError('');
    if (short || differs) return;
    setState('busy');
    try {
      await send('POST', '/v1/admin/password', { password: first, ...(current ? { current } : {}) });
      // All sessions ended with it, this one too. With a second factor the door asks for its code.
      if (me.data?.user?.twoFactor) location.assign('/login');
      else await send('POST', '/v1/admin/login', { ...(me.data?.user ? { user: me.data.user.id } : {}), password: first });
      await forget('/v1/admin/me');
      setFirst('');
      setSecond('');
      setTried(false);
      setState('done');
    } catch (cause) {
      setError(cause instanceof ApiError ? cause.message : String(cause));
      setState('open');
    }
  };
  return (
    <Page title={t('title')} name={`${t('title')}: ${t('password')}`} sentence={t('passwordSentence')} api={[{ method: 'POST', path: '/v1/admin/password', body: { password: '…' } }]}>
      {tabs}
      <Card className="settings-narrow">
        <form className="settings-form" onSubmit={(event) => void set(event)} noValidate>
          {me.data && state !== 'done' && <p>{me.data.passwordSet ? t('passwordIsSet') : t('passwordIsNot')}</p>}
          {state === 'done' && (
            <p role="status" className="settings-done">
              <Icon name="check" size={18} /> {t('passwordDone')}
            </p>
          )}
          <input type="text" name="username" autoComplete="username" value={me.data?.user?.email ?? 'owner'} readOnly hidden />
          {me.data?.passwordSet && state !== 'done' && <PasswordInput label={t('currentPassword')} description={t('currentPasswordText')} autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.currentTarget.value)} />}
          <PasswordInput label={t('newPassword')} description={t('newPasswordText')} autoComplete="new-password" value={first} error={tried ? short : undefined} onChange={(event) => setFirst(event.currentTarget.value)} />
          <PasswordInput label={t('repeat')} autoComplete="new-password" value={second} error={tried ? differs : undefined} onChange={(event) => setSecond(event.currentTarget.value)} />
          {error !== '' && (
            <p role="alert" className="settings-failure">
              {error}
            </p>
          )}
          <div>
            <Button type="submit" loading={state === 'busy'}>
              {t('setPassword')}
            </Button>
          </div>
        </form>
      </Card>
    </Page>
  );
}
