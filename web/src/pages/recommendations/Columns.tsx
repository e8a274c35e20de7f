/* The recipes side by side. A product that is pointed at lights up in every column that shows it. */
import { useQueries, type UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';
import { send, type ApiError } from '../../api';
import { Answer, Empty, Icon } from '../../parts';
import { useLanguage, useWords } from '../../words';
import { ItemCard } from './ItemCard';
import { Removed } from './Removed';
import { changeColumns, COLUMNS_MAX, questionOf, type PlaygroundProps } from './state';
import { recipes, type Recipe, type Recommendation } from './types';
import { words } from './words';

const PATH = '/v1/recommend';

export function Columns({ state, change }: PlaygroundProps) {
  const t = useWords(words);
  const language = useLanguage();
  const [pointed, point] = useState<string | null>(null);
  const questions = state.columns.map((recipe) => questionOf(state, recipe, language));
  const answers: UseQueryResult<Recommendation, ApiError>[] = useQueries({
    queries: questions.map((question) => ({
      queryKey: [PATH, question],
      queryFn: ({ signal }: { signal: AbortSignal }) => send<Recommendation>('POST', PATH, question, signal),
      enabled: question !== null,
    })),
  });
  const stranger = state.person !== '' && answers.some((answer) => answer.data?.identity === 'unknown');
  const elsewhere = (column: number, product: string): string[] =>
    state.columns.filter((_, other) => other !== column && answers[other]?.data?.items.some((item) => item.productId === product)).map((recipe) => t(recipe));
  return (
    <>
      {stranger && (
        <p className="play-warning" role="status">
          <Icon name="warning" size={16} /> {t('unknownPerson')}
        </p>
      )}
      <div className={state.columns.length === COLUMNS_MAX ? 'columns columns-4' : 'columns'}>
        {state.columns.map((recipe, column) => (
          <Column
            key={column}
            recipe={recipe}
            answer={questions[column] ? answers[column] : undefined}
            pointed={pointed}
            point={point}
            elsewhere={(product) => elsewhere(column, product)}
            choose={(chosen) => change({ columns: changeColumns(state.columns, column, chosen) })}
            remove={state.columns.length > 1 ? () => change({ columns: changeColumns(state.columns, column, null) }) : null}
          />
        ))}
      </div>
    </>
  );
}

type ColumnProps = {
  recipe: Recipe;
  answer: UseQueryResult<Recommendation, ApiError> | undefined; // undefined: it cannot be asked yet
  pointed: string | null;
  point: (product: string | null) => void;
  elsewhere: (product: string) => string[];
  choose: (recipe: Recipe) => void;
  remove: (() => void) | null;
};

function Column({ recipe, answer, pointed, point, elsewhere, choose, remove }: ColumnProps) {
  const t = useWords(words);
  return (
    <section className="column" aria-label={t(recipe)}>
      <h2 className="visually-hidden">{t(recipe)}</h2>
      <div className="column-head">
        <select className="column-recipe" aria-label={t('recipe')} value={recipe} onChange={(event) => choose(event.currentTarget.value as Recipe)}>
          {recipes.map((one) => (
            <option key={one} value={one}>
              {t(one)}
            </option>
          ))}
        </select>
        {remove && (
          <button type="button" className="quiet-button" onClick={remove} aria-label={t('removeColumn', { recipe: t(recipe) })}>
            <Icon name="close" size={16} />
          </button>
        )}
      </div>
      <p className="column-is">{t(`${recipe}-is`)}</p>
      {answer === undefined ? (
        <Empty title={t('needsProduct')} icon="recommendations">
          {t('needsProductText')}
        </Empty>
      ) : (
        <Answer query={answer} rows={12}>
          {(data) => (
            <>
              <ol className="column-items">
                {data.items.map((item, i) => (
                  <li key={item.productId}>
                    <ItemCard item={item} rank={i + 1} lit={pointed === item.productId} onPoint={point} elsewhere={elsewhere(item.productId)} />
                  </li>
                ))}
              </ol>
              {data.items.length === 0 && (
                <Empty title={t('nothing')} icon="box">
                  {t('nothingText')}
                </Empty>
              )}
              <Removed answer={data} />
            </>
          )}
        </Answer>
      )}
    </section>
  );
}
