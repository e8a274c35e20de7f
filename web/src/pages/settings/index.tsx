/* Settings: keys, sources, the system, the password. */
import { Link, Redirect, useParams } from 'wouter';
import { useWords } from '../../words';
import { Keys } from './Keys';
import { Password } from './Password';
import './settings.css';
import { Sources } from './Sources';
import { System } from './System';
import { words } from './words';

const parts = { keys: Keys, sources: Sources, system: System, password: Password } as const;
type Part = keyof typeof parts;
const names = Object.keys(parts) as Part[];

export default function SettingsPage() {
  const { part } = useParams<{ part: string }>();
  const here = names.find((name) => name === part);
  if (!here) return <Redirect to="/settings/keys" replace />;
  const Shown = parts[here];
  return <Shown tabs={<Tabs here={here} />} />;
}

function Tabs({ here }: { here: Part }) {
  const t = useWords(words);
  return (
    <nav className="settings-tabs" aria-label={t('parts')}>
      {names.map((name) => (
        <Link key={name} href={`/settings/${name}`} aria-current={name === here ? 'page' : undefined}>
          {t(name)}
        </Link>
      ))}
    </nav>
  );
}
