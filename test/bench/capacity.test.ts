import { expect, test } from 'vitest';
import { fillInCapacity } from '../../bench/src/report/capacity.ts';
import type { StoredReport } from '../../bench/src/report/results.ts';

const ENVIRONMENT = {
  atUtc: '2026-01-02T03:04:05.000Z',
  commit: 'abcdef0123456789',
  hasUncommittedChanges: false,
  node: 'v22.0.0',
  packages: {},
  cpu: 'a processor',
  cores: 4,
  memoryBytes: 1e9,
  loadAverage: 0.1,
};

const EMPTY_PAGE = `# How much

<!-- npm run bench:report fills this in -->
what it was before
<!-- up to here -->

What stands below.
`;

function reportOf(suite: string, found: Partial<Pick<StoredReport, 'rows' | 'verdicts'>>): StoredReport {
  const config = { rounds: 1 };
  return { suite, subject: 'headwater', environment: ENVIRONMENT, config, rows: [], verdicts: [], ...found };
}

function later(measured: number | null, what = 'added p50, owner to other'): StoredReport['verdicts'][number] {
  return { what, measured, comparison: '<', target: 3, unit: 'ms', voidBecause: [], outcome: 'PASS' };
}

const saturation = reportOf('saturation', {
  rows: [
    { server: 'a rival', 'delivered/s': 1 },
    { server: 'headwater', 'delivered/s': 1_234_567 },
  ],
});

const relay = reportOf('relay', {
  rows: [{ situation: 'owner to other', 'Redis CPU µs/update': 80 }],
  verdicts: [
    later(0.25),
    later(null, 'what two deliver ÷ what one delivers'),
    later(140, 'bytes to Redis per keystroke, the most of all rows'),
  ],
});

test('a page gets the figures of the suites that have run, and none that is void, in the place for them', () => {
  const page = fillInCapacity(EMPTY_PAGE, [saturation, relay]);

  expect(page.split('\n').filter((line) => line.includes('| a processor, 4 cores |'))).toEqual([
    '| updates an instance delivers, 500 clients of one document | 1,234,567 a second | saturation | a processor, 4 cores |',
    '| an edit is later at another instance, p50 | 0.25 ms | relay | a processor, 4 cores |',
    '| CPU of Redis for an edit | 80 µs | relay | a processor, 4 cores |',
    '| bytes to Redis for a keystroke, at most | 140 bytes | relay | a processor, 4 cores |',
  ]);
  expect(page).toMatch(/^# How much\n.*\n\nWhat stands below\.\n$/s);
  expect(page).not.toContain('what it was before');
});

test('a page that has figures gets the same ones again', () => {
  const page = fillInCapacity(EMPTY_PAGE, [saturation]);

  expect(fillInCapacity(page, [saturation])).toBe(page);
});

test('results that have no such figure any more, and a page that has no place for it, are mistakes', () => {
  expect(() => fillInCapacity(EMPTY_PAGE, [{ ...saturation, rows: [] }])).toThrow(
    'the results of "saturation" do not say',
  );
  expect(() => fillInCapacity('# How much\n', [saturation])).toThrow('<!-- up to here -->');
});
