/* The door: by password, or by the link that the server prints. */
import { Alert, Button, PasswordInput } from '@mantine/core';
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
  const [password, setPassword] = useState('');
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
      await send('POST', '/v1/admin/login', { password });
      location.assign(placeAfter(search));
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0;
      setWrong(status === 429 ? t('tooMany') : status === 0 ? t('away') : t('wrong'));
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
          <PasswordInput label={t('password')} size="md" autoComplete="current-password" required withAsterisk={false} autoFocus error={wrong || undefined} value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
          <Button type="submit" size="md" fullWidth loading={busy}>
            {t('enter')}
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
