/* Above the list: what is shown. A person may be found by what they are called elsewhere; the filter keeps only our id. */
import { NativeSelect, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { ApiError, send } from '../../api';
import { Icon, PersonLink } from '../../parts';
import { useWords } from '../../words';
import { everything, isEverything, isPersonId, namesSomebody, states, type Filter } from './filter';
import { short } from './List';
import { words } from './words';

export type FiltersProps = { filter: Filter; onFilter: (filter: Filter) => void; names: readonly string[]; sources: readonly string[] };

/* What is chosen is always among the choices, also when nothing of it has arrived yet. */
function choicesOf(every: string, known: readonly string[], chosen: string): { value: string; label: string }[] {
  const all = chosen === '' || known.includes(chosen) ? known : [chosen, ...known];
  return [{ value: '', label: every }, ...all.map((value) => ({ value, label: short(value) }))];
}

export function Filters({ filter, onFilter, names, sources }: FiltersProps) {
  const t = useWords(words);
  const [unfolded, setUnfolded] = useState(!isEverything(filter)); // on a phone; elsewhere there is room
  const set = (change: Partial<Filter>) => onFilter({ ...filter, ...change });
  return (
    <div className="live-fold" data-open={unfolded || undefined}>
      <button type="button" className="plain-button live-fold-button" aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
        <Icon name="filter" size={16} /> {t('filter')}
      </button>
      <div className="live-filters" role="search" aria-label={t('filter')}>
        <NativeSelect label={t('name')} value={filter.name} data={choicesOf(t('everyName'), names, filter.name)} onChange={(event) => set({ name: event.currentTarget.value })} />
        <NativeSelect label={t('source')} value={filter.source} data={choicesOf(t('everySource'), sources, filter.source)} onChange={(event) => set({ source: event.currentTarget.value })} />
        <NativeSelect
          label={t('state')}
          value={filter.state}
          data={[{ value: '', label: t('everyState') }, ...states.map((state) => ({ value: state, label: t(state) }))]}
          onChange={(event) => set({ state: states.find((state) => state === event.currentTarget.value) ?? '' })}
        />
        <PersonFilter person={filter.person} onPerson={(person) => set({ person })} />
        <TextInput
          label={t('text')}
          placeholder={t('textHint')}
          value={filter.text}
          maxLength={200}
          onChange={(event) => set({ text: event.currentTarget.value })}
          description={namesSomebody(filter.text) ? t('textPrivate') : undefined}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
        />
        {!isEverything(filter) && (
          <button type="button" className="quiet-button live-clear" onClick={() => onFilter(everything)}>
            <Icon name="close" size={16} /> {t('clear')}
          </button>
        )}
      </div>
    </div>
  );
}

type Found = { people?: { person: string }[] };

function PersonFilter({ person, onPerson }: { person: string; onPerson: (person: string) => void }) {
  const t = useWords(words);
  const [wish, setWish] = useState('');
  const [found, setFound] = useState<readonly string[]>([]);
  const [problem, setProblem] = useState<string>();
  const take = (id: string) => {
    setWish('');
    setFound([]);
    onPerson(id);
  };
  const find = async (event: FormEvent) => {
    event.preventDefault();
    const q = wish.trim();
    if (q === '') return;
    if (isPersonId(q)) return take(q.toLowerCase());
    try {
      // In a body: what people are called elsewhere stands in no address and in no log.
      const people = (await send<Found>('POST', '/v1/admin/search', { q })).people ?? [];
      const only = people[0];
      if (people.length === 1 && only) take(only.person);
      else setFound(people.map((one) => one.person));
      setProblem(people.length === 0 ? t('personNone') : undefined);
    } catch (error) {
      setProblem(error instanceof ApiError && error.status !== 0 ? error.message : t('failed', { reason: t('unreachable') }));
    }
  };
  if (person !== '')
    return (
      <div className="live-person-chosen">
        <span>{t('person')}</span>
        <div>
          <PersonLink person={person} />
          <button type="button" className="quiet-button" aria-label={`${t('remove')}: ${t('person')}`} onClick={() => onPerson('')}>
            <Icon name="close" size={16} />
          </button>
        </div>
      </div>
    );
  return (
    <form onSubmit={(event) => void find(event)}>
      <TextInput
        label={t('person')}
        placeholder={t('personHint')}
        value={wish}
        maxLength={256}
        autoComplete="off"
        error={problem}
        onChange={(event) => {
          setWish(event.currentTarget.value);
          setProblem(undefined);
          setFound([]);
        }}
      />
      {found.length > 1 && (
        <div className="live-person-found" role="group" aria-label={t('personMany')}>
          <p>{t('personMany')}</p>
          {found.slice(0, 8).map((id) => (
            <button key={id} type="button" className="plain-button" onClick={() => take(id)}>
              {t('personOnly', { id: id.slice(-6) })}
            </button>
          ))}
        </div>
      )}
    </form>
  );
}
