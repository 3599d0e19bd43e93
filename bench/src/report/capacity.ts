import { markdownTable } from './markdown-table.ts';
import type { StoredReport } from './results.ts';
import { formatNumber, type Row } from './table.ts';

/** What an operator wants to know before the second instance is started, and where the answer is. */
interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly suite: string;
  readonly find: (report: StoredReport) => string | number | null | undefined;
}

const FIGURES: readonly Figure[] = [
  {
    what: 'updates an instance delivers, 500 clients of one document',
    unit: 'a second',
    suite: 'saturation',
    find: cell({ server: 'headwater' }, 'delivered/s'),
  },
  {
    what: 'updates it stores, 50 documents',
    unit: 'a second',
    suite: 'durable',
    find: cell({ writer: 'headwater, 50 documents' }, 'updates/s'),
  },
  {
    what: 'memory of a connection that is held',
    unit: 'kB',
    suite: 'connections',
    find: cell({ server: 'headwater' }, 'kB each'),
  },
  {
    what: 'memory of an open document of 4 MB',
    unit: 'kB',
    suite: 'idle-memory',
    find: cell({ server: 'headwater', what: 'documents of 4.0 MB' }, 'kB each'),
  },
  {
    what: 'what two instances deliver ÷ what one delivers, by CPU',
    unit: '×',
    suite: 'relay',
    find: verdict('what two deliver ÷ what one delivers'),
  },
  {
    what: 'an edit is later at another instance, p50',
    unit: 'ms',
    suite: 'relay',
    find: verdict('added p50, owner to other'),
  },
  {
    what: 'CPU of Redis for an edit',
    unit: 'µs',
    suite: 'relay',
    find: cell({ situation: 'owner to other' }, 'Redis CPU µs/update'),
  },
  {
    what: 'bytes to Redis for a keystroke, at most',
    unit: 'bytes',
    suite: 'relay',
    find: verdict('bytes to Redis per keystroke, the most of all rows'),
  },
];

const BEGIN = '<!-- npm run bench:report fills this in -->';
const END = '<!-- up to here -->';

/**
 * A page with the figures of the kept results in the place for them.
 *
 * @throws when the page has no such place, or the results of a suite do not have its figure any more
 */
export function fillInCapacity(page: string, reports: readonly StoredReport[]): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`a page for the figures has "${BEGIN}" and "${END}"`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${capacityTable(reports)}\n${page.slice(end)}`;
}

function capacityTable(reports: readonly StoredReport[]): string {
  const rows = FIGURES.flatMap(({ what, unit, suite, find }) => {
    const report = reports.find((each) => each.suite === suite);
    if (report === undefined) return [];
    const measured = find(report);
    if (measured === undefined) throw new Error(`the results of "${suite}" do not say: ${what}`);
    if (typeof measured !== 'number') return []; // void
    const { cpu, cores } = report.environment;
    return [{ what, measured: `${formatNumber(measured)} ${unit}`, suite, machine: `${cpu}, ${cores} cores` }];
  });
  return markdownTable(rows);
}

/** What a column says in the row that has these values. */
function cell(of: Row, column: string): Figure['find'] {
  return ({ rows }) => rows.find((row) => Object.entries(of).every(([name, value]) => row[name] === value))?.[column];
}

function verdict(what: string): Figure['find'] {
  return ({ verdicts }) => verdicts.find((each) => each.what === what)?.measured;
}
