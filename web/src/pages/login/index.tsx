/* The door: by user, password and code, by an invitation, or by the link that the server prints. */
import { Alert, Button, PasswordInput, TextInput } from '@mantine/core';
import { useEffect, useState, type FormEvent } from 'react';
import { useSearch } from 'wouter';
import { ApiError, send } from '../../api';
import { LanguageSwitch } from '../../frame/Frame';
import { Mark } from '../../frame/Mark';
import { useWords } from '../../words';
import './login.css';
import { placeAfter } from './place';
import { words } from './words';

export default function LoginPage() {
  const t = useWords(words);
  const search = useSearch();
  const invitation = new URLSearchParams(location.hash.slice(1)).get('invitation'); // behind '#': it reaches no server and no log
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [asksCode, setAsksCode] = useState(false);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState('');
  useEffect(() => {
    document.title = `${t('title')} · Kunde`;
  }, [t]);

  const enter = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setWrong('');
    try {
      if (invitation) await send('POST', '/v1/admin/invitation', { token: invitation, password });
      else await send('POST', '/v1/admin/login', { ...(user.trim() ? { user: user.trim() } : {}), password, ...(code ? { code } : {}) });
      location.assign(invitation ? '/settings/account' : placeAfter(search));
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0;
      const field = error instanceof ApiError ? error.errors[0]?.pointer : '';
      if (field === '/code' && !asksCode) setAsksCode(true); // half the way in
      else setWrong(status === 429 ? t('tooMany') : status === 0 ? t('away') : field === '/code' ? t('wrongCode') : field === '/token' ? t('invitationSpent') : status === 400 && error instanceof ApiError ? error.message : t('wrong'));
      setBusy(false);
    }
  };

  return (
    <main className="login">
      <div className="login-top">
        <LanguageSwitch />
      </div>
      <div className="login-card">
        <header className="login-brand">
          <Mark size={44} />
          <h1>Kunde</h1>
          <p>{t('lead')}</p>
        </header>
        {new URLSearchParams(search).get('link') === 'spent' && (
          <Alert color="amber" variant="light" role="status">
            {t('spent')}
          </Alert>
        )}
        <form className="login-form" onSubmit={(event) => void enter(event)}>
          {invitation ? (
            <p>{t('invited')}</p>
          ) : (
            <TextInput label={t('user')} description={t('userText')} size="md" type="text" inputMode="email" autoComplete="username" value={user} onChange={(event) => setUser(event.currentTarget.value)} />
          )}
          <PasswordInput label={invitation ? t('newPassword') : t('password')} size="md" autoComplete={invitation ? 'new-password' : 'current-password'} required withAsterisk={false} autoFocus error={(!asksCode && wrong) || undefined} value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
          {asksCode && (
            <TextInput label={t('code')} description={t('codeText')} size="md" inputMode="numeric" autoComplete="one-time-code" required withAsterisk={false} autoFocus error={wrong || undefined} value={code} onChange={(event) => setCode(event.currentTarget.value)} />
          )}
          <Button type="submit" size="md" fullWidth loading={busy}>
            {invitation ? t('accept') : t('enter')}
          </Button>
        </form>
        <section className="login-link">
          <h2>{t('linkTitle')}</h2>
          <p>{t('linkText')}</p>
          <p className="login-sample">
            <code>{`login: ${location.origin}/login?token=…`}</code>
          </p>
          <p>{t('lost')}</p>
        </section>
      </div>
    </main>
  );
}
