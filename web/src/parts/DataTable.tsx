/* Rows with columns (TanStack Table): sorting by click or key, a row that opens something, CSV when asked for. */
import { flexRender, getCoreRowModel, getSortedRowModel, useReactTable, type ColumnDef, type SortingState } from '@tanstack/react-table';
import { useState, type KeyboardEvent, type ReactNode } from 'react';
import { useWords } from '../words';
import { saveCsv, type Cell } from './csv';
import './DataTable.css';
import { Icon } from './Icon';
import { Empty } from './States';
import { words } from './words';

/* ColumnDef's meta: `align: 'right'` for numbers, `narrow` for columns that only need their content, `phone: false` to leave out on a phone. */
export type ColumnMeta = { align?: 'right'; narrow?: boolean; phone?: boolean };
export type Column<T> = ColumnDef<T> & { meta?: ColumnMeta };

export type DataTableProps<T> = {
  label: string; // said to screen readers
  rows: readonly T[];
  columns: readonly Column<T>[];
  rowKey: (row: T) => string;
  onRow?: (row: T) => void; // click or Enter on a row
  selected?: string | null; // key of the row that is open
  sortable?: boolean; // only when all rows are here; a page of many is sorted by the server
  csv?: { name: string; head: readonly string[]; row: (row: T) => readonly Cell[] };
  empty?: ReactNode;
  more?: (() => unknown) | null; // there are more: a button asks for them
};

export function DataTable<T>({ label, rows, columns, rowKey, onRow, selected, sortable = false, csv, empty, more }: DataTableProps<T>) {
  const t = useWords(words);
  const [sorting, setSorting] = useState<SortingState>([]);
  const table = useReactTable<T>({
    data: rows as T[],
    columns: columns as ColumnDef<T>[],
    state: { sorting },
    onSortingChange: setSorting,
    getRowId: rowKey,
    enableSorting: sortable,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
  });
  if (rows.length === 0) return <>{empty ?? <Empty title={t('nothing')} />}</>;
  const classOf = (meta: ColumnMeta | undefined) => `${meta?.align === 'right' ? 'right' : ''} ${meta?.narrow ? 'narrow' : ''} ${meta?.phone === false ? 'not-phone' : ''}`;
  const onKey = (event: KeyboardEvent, row: T) => {
    if (event.target !== event.currentTarget || (event.key !== 'Enter' && event.key !== ' ')) return;
    event.preventDefault();
    onRow?.(row);
  };
  return (
    <div className="data-table">
      <div className="data-table-scroll" tabIndex={0} role="group" aria-label={label}>
        <table className="plain-table">
          <thead>
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id}>
                {group.headers.map((header) => {
                  const sorted = header.column.getIsSorted();
                  const text = flexRender(header.column.columnDef.header, header.getContext());
                  return (
                    <th key={header.id} scope="col" className={classOf(header.column.columnDef.meta as ColumnMeta | undefined)} aria-sort={sorted === false ? undefined : sorted === 'asc' ? 'ascending' : 'descending'}>
                      {header.column.getCanSort() ? (
                        <button type="button" className="data-table-sort" onClick={header.column.getToggleSortingHandler()}>
                          {text}
                          {sorted !== false && <span className={sorted === 'asc' ? 'data-table-up' : ''}><Icon name="down" size={12} /></span>}
                        </button>
                      ) : (
                        text
                      )}
                    </th>
                  );
                })}
              </tr>
            ))}
          </thead>
          <tbody>
            {table.getRowModel().rows.map((row) => (
              <tr
                key={row.id}
                className={onRow ? 'data-table-open' : undefined}
                aria-selected={onRow ? row.id === selected : undefined}
                tabIndex={onRow ? 0 : undefined}
                onClick={onRow ? () => onRow(row.original) : undefined}
                onKeyDown={onRow ? (event) => onKey(event, row.original) : undefined}
              >
                {row.getVisibleCells().map((cell) => (
                  <td key={cell.id} className={classOf(cell.column.columnDef.meta as ColumnMeta | undefined)}>
                    {flexRender(cell.column.columnDef.cell, cell.getContext())}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {(csv || more) && (
        <div className="data-table-foot">
          <span>{t('rows', { n: rows.length })}</span>
          {csv && (
            <button type="button" className="quiet-button" onClick={() => saveCsv(csv.name, csv.head, rows.map(csv.row))}>
              <Icon name="download" size={16} /> {t('csv')}
            </button>
          )}
          {more && (
            <button type="button" className="plain-button" onClick={() => void more()}>
              {t('more')}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
