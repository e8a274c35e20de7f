/* What the list asks, as it stands in the URL. */
export type Listed = { q: string; category: string; stock: '' | 'in' | 'out'; view: 'grid' | 'table' };

export function parse(search: string): Listed {
  const query = new URLSearchParams(search);
  const stock = query.get('stock');
  return {
    q: (query.get('q') ?? '').slice(0, 200),
    category: query.get('category') ?? '',
    stock: stock === 'in' || stock === 'out' ? stock : '',
    view: query.get('view') === 'table' ? 'table' : 'grid',
  };
}

export function print(listed: Listed): string {
  const query = new URLSearchParams();
  if (listed.q) query.set('q', listed.q);
  if (listed.category) query.set('category', listed.category);
  if (listed.stock) query.set('stock', listed.stock);
  if (listed.view === 'table') query.set('view', 'table');
  return query.toString();
}

export function pathOf({ q, category, stock }: Listed, limit: number, cursor: string | null = null): string {
  const query = new URLSearchParams();
  if (q.trim()) query.set('q', q.trim());
  if (category) query.set('category', category);
  if (stock) query.set('available', stock === 'in' ? 'true' : 'false');
  query.set('limit', String(limit));
  if (cursor) query.set('cursor', cursor);
  return `/v1/admin/products?${query.toString()}`;
}
