/* My account: who one is here, and the second factor. */
import { Alert, Button, TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { encode } from 'uqr';
import { ApiError, forget, send, useMe, type User } from '../../api';
import { Answer, Card, Code, Page, Tag } from '../../parts';
import { useWords } from '../../words';
import { words } from './words';

const path = '/v1/admin/me/totp';
type Begun = { secret: string; uri: string };
type Step = { kind: 'rest' } | { kind: 'begun'; begun: Begun } | { kind: 'done'; codes: string[] };

export function Account({ tabs }: { tabs: ReactNode }) {
  const t = useWords(words);
  const me = useMe();
  return (
    <Page title={t('title')} name={`${t('title')}: ${t('account')}`} sentence={t('accountSentence')} api={[{ method: 'GET', path: '/v1/admin/me' }, { method: 'POST', path, body: { code: '123456' } }]}>
      {tabs}
      <Answer query={me}>
        {({ user, userRole, needsTwoFactor }) => (
          <>
            {needsTwoFactor && (
              <Alert color="amber" variant="light" role="status">
                {t('needsTwoFactor')}
              </Alert>
            )}
            <Card className="settings-narrow">
              <div className="settings-form">
                <h3>{user?.name}</h3>
                <p>
                  <Tag tone="accent">{userRole ? t(`role-${userRole}` as Parameters<typeof t>[0]) : '–'}</Tag> {user?.email}
                </p>
              </div>
            </Card>
            {user && <TwoFactor user={user} />}
          </>
        )}
      </Answer>
    </Page>
  );
}

function TwoFactor({ user }: { user: User }) {
  const t = useWords(words);
  const [step, setStep] = useState<Step>({ kind: 'rest' });
  const [code, setCode] = useState('');
  const [error, setError] = useState('');
  const attempt = async (work: () => Promise<void>) => {
    setError('');
    try {
      await work();
      setCode('');
      await forget('/v1/admin/me');
    } catch (cause) {
      setError(cause instanceof ApiError ? cause.message : String(cause));
    }
  };
  const begin = () => void attempt(async () => setStep({ kind: 'begun', begun: await send<Begun>('POST', path, {}) }));
  const confirm = (event: FormEvent) => {
    event.preventDefault();
    void attempt(async () => setStep({ kind: 'done', codes: (await send<{ recoveryCodes: string[] }>('POST', path, { code })).recoveryCodes }));
  };
  const end = (event: FormEvent) => {
    event.preventDefault();
    void attempt(async () => {
      await send('DELETE', path, { code });
      setStep({ kind: 'rest' });
    });
  };
  return (
    <Card className="settings-narrow">
      <div className="settings-form">
        <h3>{t('twoFactor')}</h3>
        {step.kind === 'done' && (
          <div className="settings-form" role="status">
            <h4>{t('recoveryTitle')}</h4>
            <p>{t('recoveryText')}</p>
            <Code text={step.codes.join('\n')} label={t('recoveryTitle')} />
          </div>
        )}
        {step.kind !== 'begun' && <p>{user.twoFactor ? t('twoFactorIsOn', { n: user.recoveryCodes }) : t('twoFactorIsOff')}</p>}
        {step.kind === 'rest' && !user.twoFactor && (
          <div>
            <Button onClick={begin}>{t('setUp')}</Button>
          </div>
        )}
        {step.kind === 'begun' && (
          <form className="settings-form" onSubmit={confirm}>
            <p>{t('scan')}</p>
            <Qr text={step.begun.uri} label={t('qr')} />
            <Code text={step.begun.secret} label={t('secretKey')} />
            <TextInput label={t('code')} inputMode="numeric" autoComplete="one-time-code" required withAsterisk={false} value={code} error={error || undefined} onChange={(event) => setCode(event.currentTarget.value)} />
            <div>
              <Button type="submit">{t('confirm')}</Button>
            </div>
          </form>
        )}
        {user.twoFactor && step.kind !== 'begun' && (
          <form className="settings-form" onSubmit={end}>
            <TextInput label={t('code')} description={t('turnOffText')} autoComplete="one-time-code" required withAsterisk={false} value={code} error={error || undefined} onChange={(event) => setCode(event.currentTarget.value)} />
            <div>
              <Button type="submit" variant="default">
                {t('turnOff')}
              </Button>
            </div>
          </form>
        )}
        {error !== '' && step.kind === 'rest' && !user.twoFactor && (
          <p role="alert" className="settings-failure">
            {error}
          </p>
        )}
      </div>
    </Card>
  );
}

/* One path of squares, dark on light in either theme: cameras expect it so. */
function Qr({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { border: 3 });
  const squares = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return (
    <svg className="settings-qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={squares.join('')} fill="#000" />
    </svg>
  );
}
