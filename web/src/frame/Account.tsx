/* Who is here: the way to the password and out. */
import { Menu } from '@mantine/core';
import { useLocation } from 'wouter';
import { queries, send } from '../api';
import { Icon } from '../parts/Icon';
import { useWords } from '../words';
import { words } from './words';

export function Account() {
  const t = useWords(words);
  const [, go] = useLocation();
  const logout = async () => {
    await send('POST', '/v1/admin/logout');
    queries.clear();
    location.assign('/login');
  };
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <button type="button" className="quiet-button" aria-label={t('account')} title={t('account')}>
          <Icon name="user" />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('role')}</Menu.Label>
        <Menu.Item leftSection={<Icon name="settings" size={16} />} onClick={() => go('/settings/keys')}>
          {t('settings')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="key" size={16} />} onClick={() => go('/settings/password')}>
          {t('password')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="logout" size={16} />} onClick={() => void logout()}>
          {t('logout')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
