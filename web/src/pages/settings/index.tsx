/* Settings: keys, users, sources, the system, my account, the password. */
import { Link, Redirect, useParams } from 'wouter';
import { useWords } from '../../words';
import { useMe, type Permission } from '../../api';
import { Account } from './Account';
import { Keys } from './Keys';
import { Password } from './Password';
import './settings.css';
import { Sources } from './Sources';
import { System } from './System';
import { Users } from './Users';
import { words } from './words';

const parts = { keys: Keys, users: Users, sources: Sources, system: System, account: Account, password: Password } as const;
type Part = keyof typeof parts;
const names = Object.keys(parts) as Part[];
const needs: Partial<Record<Part, Permission>> = { keys: 'operate', users: 'manage-users', system: 'operate' };

export default function SettingsPage() {
  const { part } = useParams<{ part: string }>();
  const here = names.find((name) => name === part);
  const may = useMe().data?.permissions;
  const shut = (name: Part) => may !== undefined && needs[name] !== undefined && !may.includes(needs[name]);
  if (!here || shut(here)) return <Redirect to={may !== undefined && shut('keys') ? '/settings/account' : '/settings/keys'} replace />;
  const Shown = parts[here];
  return <Shown tabs={<Tabs here={here} />} />;
}

function Tabs({ here }: { here: Part }) {
  const t = useWords(words);
  const may = useMe().data?.permissions;
  const open = names.filter((name) => needs[name] === undefined || may === undefined || may.includes(needs[name]));
  return (
    <nav className="settings-tabs" aria-label={t('parts')}>
      {open.map((name) => (
        <Link key={name} href={`/settings/${name}`} aria-current={name === here ? 'page' : undefined}>
          {t(name)}
        </Link>
      ))}
    </nav>
  );
}
