/* Categories as they are written, "Outdoor > Jackets", as a tree with counts. */
import type { CategoryCount } from './types';

export type Branch = { path: string; name: string; products: number; children: Branch[] };

export const levels = (category: string): string[] =>
  category
    .split('>')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/* Every level is counted by the server with what lies below it. */
export function treeOf(categories: readonly CategoryCount[]): Branch[] {
  const roots: Branch[] = [];
  const counts = new Map(categories.map(({ category, products }) => [levels(category).join(' > '), products]));
  for (const { category } of categories) {
    let siblings = roots;
    let path = '';
    for (const name of levels(category)) {
      path = path === '' ? name : `${path} > ${name}`;
      let branch = siblings.find((one) => one.path === path);
      if (!branch) {
        branch = { path, name, products: counts.get(path) ?? 0, children: [] };
        siblings.push(branch);
      }
      siblings = branch.children;
    }
  }
  const sort = (branches: Branch[]): Branch[] => {
    branches.sort((a, b) => a.name.localeCompare(b.name));
    for (const branch of branches) sort(branch.children);
    return branches;
  };
  return sort(roots);
}

export const isWithin = (path: string, chosen: string): boolean => chosen === path || chosen.startsWith(`${path} > `);
