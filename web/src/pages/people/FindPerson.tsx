/* Somebody by any value the shop knows them by. The value goes in a body, the id that comes back into the address. */
import { TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { ApiError, queries, send } from '../../api';
import { Icon } from '../../parts/Icon';
import { useWords } from '../../words';
import type { Profile } from './types';
import { words, type WordKey } from './words';

const VALUE_MAX = 512;
const profilePath = (person: string): string => `/v1/admin/profiles/${encodeURIComponent(person)}`;

export type FindPersonProps = { onFound: (person: string) => void; label?: string; description?: ReactNode; autoFocus?: boolean };

type Trouble = { key: WordKey } | { text: string } | null;

function troubleOf(cause: unknown): Trouble {
  if (cause instanceof ApiError && cause.status === 404) return { key: 'findNobody' };
  return { text: cause instanceof ApiError ? cause.message : String(cause) };
}

export function FindPerson({ onFound, label, description, autoFocus = false }: FindPersonProps) {
  const t = useWords(words);
  const [value, setValue] = useState('');
  const [trouble, setTrouble] = useState<Trouble>(null);
  const [busy, setBusy] = useState(false);

  const find = async (event: FormEvent) => {
    event.preventDefault();
    const id = value.trim();
    if (id === '' || id.length > VALUE_MAX) return setTrouble({ key: id === '' ? 'findEmpty' : 'findTooLong' });
    setBusy(true);
    setTrouble(null);
    try {
      const profile = await send<Profile>('POST', '/v1/admin/profiles/find', { id });
      queries.setQueryData([profilePath(profile.personId)], profile);
      setValue('');
      onFound(profile.personId);
    } catch (cause) {
      setTrouble(troubleOf(cause));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form className="find-person" onSubmit={find} role="search" aria-label={label ?? t('findLabel')}>
      <TextInput
        className="find-person-value"
        label={label ?? t('findLabel')}
        description={description}
        value={value}
        onChange={(event) => {
          setValue(event.currentTarget.value);
          setTrouble(null);
        }}
        error={trouble === null ? undefined : 'key' in trouble ? t(trouble.key) : trouble.text}
        autoComplete="off"
        spellCheck={false}
        autoFocus={autoFocus}
        leftSection={<Icon name="search" size={16} />}
        inputWrapperOrder={['label', 'input', 'error', 'description']}
      />
      <button type="submit" className="plain-button find-person-go" disabled={busy}>
        {t('find')}
      </button>
    </form>
  );
}
