/* Who is here: the way to the settings, the password, and out. A list that unfolds, walked by Tab. */
import { useClickOutside, useDisclosure } from '@mantine/hooks';
import { useRef, type KeyboardEvent } from 'react';
import { Link } from 'wouter';
import { queries, send } from '../api';
import { Icon } from '../parts/Icon';
import { useWords } from '../words';
import { words } from './words';

async function logout(): Promise<void> {
  await send('POST', '/v1/admin/logout');
  queries.clear();
  location.assign('/login');
}

export function Account() {
  const t = useWords(words);
  const [opened, list] = useDisclosure(false);
  const place = useClickOutside<HTMLDivElement>(list.close);
  const button = useRef<HTMLButtonElement>(null);
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !opened) return;
    event.preventDefault();
    list.close();
    button.current?.focus();
  };
  return (
    <div ref={place} className="account" onKeyDown={onKey} onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && event.relatedTarget !== null && list.close()}>
      <button ref={button} type="button" className="quiet-button" aria-label={t('account')} title={t('role')} aria-expanded={opened} onClick={list.toggle}>
        <Icon name="user" />
      </button>
      {opened && (
        <ul className="account-list">
          <li>
            <Link href="/settings/keys" onClick={list.close}>
              <Icon name="settings" size={16} /> {t('settings')}
            </Link>
          </li>
          <li>
            <Link href="/settings/password" onClick={list.close}>
              <Icon name="key" size={16} /> {t('password')}
            </Link>
          </li>
          <li>
            <button type="button" onClick={() => void logout()}>
              <Icon name="logout" size={16} /> {t('logout')}
            </button>
          </li>
        </ul>
      )}
    </div>
  );
}
