/* The playground: a person, a product or a basket on top, two to four recipes side by side. All of it stands in the URL, a person
   as personId. */
import { useSearchParams } from 'wouter';
import { Icon, Page, type ApiCall } from '../../parts';
import { useLanguage, useWords } from '../../words';
import { Asked } from './Asked';
import { Columns } from './Columns';
import { Options } from './Options';
import { nextRecipe, parse, print, questionOf, type Playground } from './state';
import { words } from './words';
import './recommendations.css';

export default function RecommendationsPage() {
  const t = useWords(words);
  const language = useLanguage();
  const [search, setSearch] = useSearchParams();
  const state = parse(search.toString());
  const change = (patch: Partial<Playground>) => setSearch(new URLSearchParams(print({ ...state, ...patch })), { replace: true });
  const next = nextRecipe(state.columns);
  const api = state.columns.flatMap((recipe): ApiCall[] => {
    const body = questionOf(state, recipe, language);
    return body ? [{ method: 'POST', path: '/v1/recommend', body }] : [];
  });
  return (
    <Page title={t('title')} sentence={t('sentence')} api={api} wide>
      <div className="play-top">
        <Asked state={state} change={change} />
        <Options
          state={state}
          change={change}
          action={
            next && (
              <button type="button" className="plain-button" onClick={() => change({ columns: [...state.columns, next] })}>
                <Icon name="plus" size={16} /> {t('addColumn')}
              </button>
            )
          }
        />
      </div>
      <Columns state={state} change={change} />
    </Page>
  );
}
