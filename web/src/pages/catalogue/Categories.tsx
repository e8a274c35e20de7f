/* The tree of categories: a column beside the products, folded away on a phone. */
import { useState } from 'react';
import { number } from '../../format';
import { Icon } from '../../parts';
import { useWords } from '../../words';
import { isWithin, treeOf, type Branch } from './tree';
import type { CategoryCount } from './types';
import { words } from './words';

export type CategoriesProps = { categories: readonly CategoryCount[]; chosen: string; choose: (category: string) => void };

export function Categories({ categories, chosen, choose }: CategoriesProps) {
  const t = useWords(words);
  const [open, setOpen] = useState(false);
  if (categories.length === 0) return <div className="categories" />;
  return (
    <nav className={open ? 'categories categories-open' : 'categories'} aria-label={t('categories')}>
      <button type="button" className="plain-button categories-fold" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="filter" size={16} /> <bdi className="cut">{chosen || t('showCategories')}</bdi>
      </button>
      <div className="categories-tree">
        <h2 className="categories-name">{t('categories')}</h2>
        <button type="button" className="category" aria-pressed={chosen === ''} onClick={() => choose('')}>
          {t('allCategories')}
        </button>
        <Branches
          branches={treeOf(categories)}
          chosen={chosen}
          choose={(category) => {
            choose(category);
            setOpen(false);
          }}
        />
      </div>
    </nav>
  );
}

/* Below a branch stands open what leads to the chosen one. */
function Branches({ branches, chosen, choose }: { branches: readonly Branch[]; chosen: string; choose: (category: string) => void }) {
  return (
    <ul className="category-list">
      {branches.map((branch) => {
        const open = isWithin(branch.path, chosen);
        return (
          <li key={branch.path}>
            <button type="button" className="category" aria-pressed={branch.path === chosen} aria-expanded={branch.children.length > 0 ? open : undefined} onClick={() => choose(branch.path)}>
              <bdi className="category-name cut">{branch.name}</bdi>
              <span className="category-count">{number(branch.products)}</span>
            </button>
            {open && branch.children.length > 0 && <Branches branches={branch.children} chosen={chosen} choose={choose} />}
          </li>
        );
      })}
    </ul>
  );
}
