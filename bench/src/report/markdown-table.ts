import { formatNumber, type Row } from './table.ts';

/** Rows of measurements for a page; numbers stand at the right. */
export function markdownTable(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const aligned = columns.map((column) => (rows.some((row) => typeof row[column] === 'number') ? '---:' : '---'));
  const lines = rows.map((row) => columns.map((column) => markdownCell(row[column])));
  return [columns, aligned, ...lines].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

export function markdownCell(value: string | number | null | undefined): string {
  return (typeof value === 'number' ? formatNumber(value) : (value ?? '')).replaceAll('|', '\\|');
}
