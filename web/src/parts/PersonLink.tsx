/* A person by their pseudonym. Names and addresses stand on the person's own page only. */
import { Link } from 'wouter';
import { useWords } from '../words';
import { words } from './words';
import './PersonLink.css';

const shades = 6;
function shadeOf(id: string): number {
  let sum = 0;
  for (let i = 0; i < id.length; i++) sum = (sum * 31 + id.charCodeAt(i)) >>> 0;
  return (sum % shades) + 1;
}

/* The same person has the same dot everywhere. */
export function PersonLink({ person }: { person: string | null | undefined }) {
  const t = useWords(words);
  if (!person) return <span className="person-none">{t('unknownPerson')}</span>;
  return (
    <Link href={`/people/${encodeURIComponent(person)}`} className="person-link" title={person}>
      <span className={`person-dot person-dot-${shadeOf(person)}`} aria-hidden="true" />
      {t('person', { id: person.slice(-6) })}
    </Link>
  );
}
