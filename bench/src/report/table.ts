import Table from 'cli-table3';
import { outcomeOf, type Verdict } from './verdict.ts';

/** A row of measurements: column names carry the units. */
export type Row = Readonly<Record<string, string | number>>;

/** Three significant digits, and no exponent anybody has to decode. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

const cell = (value: string | number | undefined): string =>
  typeof value === 'number' ? formatNumber(value) : (value ?? '');

const STYLE = { head: [], border: [] };

export function measurementTable(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const colAligns = columns.map((column) => (rows.some((row) => typeof row[column] === 'number') ? 'right' : 'left'));
  const table = new Table({ head: columns, colAligns, style: STYLE });
  for (const row of rows) table.push(columns.map((column) => cell(row[column])));
  return table.toString();
}

export function verdictTable(verdicts: readonly Verdict[]): string {
  const head = ['', 'measured', 'target', 'unit', 'outcome'];
  const table = new Table({ head, colAligns: ['left', 'right', 'right', 'left', 'left'], style: STYLE });
  const remarks: string[] = [];
  for (const verdict of verdicts) {
    const { what, measured, comparison, target, unit, voidBecause } = verdict;
    table.push([what, cell(measured), `${comparison} ${formatNumber(target)}`, unit, outcomeOf(verdict)]);
    for (const reason of voidBecause) remarks.push(`void: ${what}: ${reason}`);
  }
  return [table.toString(), ...remarks].join('\n');
}
