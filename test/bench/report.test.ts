import { expect, test } from 'vitest';
import { barChart } from '../../bench/src/report/bar-chart.ts';
import { makePage } from '../../bench/src/report/page.ts';
import type { StoredReport, StoredVerdict } from '../../bench/src/report/results.ts';

const verdict = (rival: string | undefined, measured: number | null, changes: Partial<StoredVerdict> = {}) => ({
  what: `CPU ÷ ${rival ?? 'bare relay'}`,
  rival,
  measured,
  comparison: '≤' as const,
  target: 0.5,
  unit: '×',
  voidBecause: [],
  outcome: 'PASS' as const,
  ...changes,
});

const report: StoredReport = {
  suite: 'presence',
  subject: 'headwater',
  config: { rounds: 3 },
  seconds: 42,
  environment: {
    atUtc: '2026-01-02T03:04:05.000Z',
    commit: 'abcdef0123456789',
    hasUncommittedChanges: false,
    node: 'v22.0.0',
    packages: { ws: '8.0.0' },
    rivals: { '@slow/server': '1.2.3' },
    cpu: 'a processor',
    cores: 2,
    memoryBytes: 1e9,
    loadAverage: 0.1,
  },
  rows: [
    { server: 'headwater', clients: 300, 'CPU %': 10, 'p99 ms': 20 },
    { server: 'a <rival> & co', clients: 300, 'CPU %': 40 },
    { server: 'fast', clients: 300, 'p99 ms': 5 },
    { server: 'fast', clients: 100, 'p99 ms': 1 },
  ],
  verdicts: [
    verdict('slow', 0.25),
    verdict('fast', 1.5, { outcome: 'MISS' }),
    verdict('many', 3, { comparison: '≥', target: 10, outcome: 'MISS' }),
    verdict('broken', null, { outcome: 'VOID', voidBecause: ['it did not converge'] }),
    verdict(undefined, 0.4),
  ],
};

const profile = {
  suite: 'presence',
  atUtc: '2026-01-02T03:04:05.000Z',
  commit: 'abcdef0123456789',
  node: 'v22.0.0',
  functions: [{ function: 'flush', where: 'server/dist/outbox.js:12', percent: 31.4 }],
};

const page = makePage([{ question: 'What does it cost?', report, profile }], 'pictures');

/** The lines of the table under a heading. */
function rowsUnder(heading: string): string[] {
  const [, after = ''] = page.markdown.split(`## ${heading}\n`);
  const [section = ''] = after.split('\n## ');
  return section.split('\n').filter((line) => line.startsWith('| presence'));
}

test('a rival is where Headwater leads or where it does not, by the numbers and not by the target', () => {
  expect(rowsUnder('Where Headwater leads').map((row) => row.split(' | ')[1])).toEqual(['CPU ÷ slow', 'CPU ÷ many']);
  expect(rowsUnder('Where it does not')[0]).toContain('CPU ÷ fast');
});

test('a better number of a rival under the same conditions is listed, also when no target is about it', () => {
  expect(rowsUnder('Where it does not').slice(1)).toEqual(['| presence | clients 300 | p99 ms | 20 | fast | 5 |']);
});

test('what was missed and what is void is listed, with the reason', () => {
  const missed = rowsUnder('Targets that were missed, and numbers that are void');

  expect(missed).toHaveLength(3);
  expect(missed.at(-1)).toContain('VOID: it did not converge');
});

test('the page says how long a suite took, and with which versions of the rivals', () => {
  expect(rowsUnder('Where the numbers come from')[0]).toMatch(/ 42 \|.* ws 8\.0\.0 \| @slow\/server 1\.2\.3 \|/);
});

test('what is expensive in a suite stands below its numbers', () => {
  expect(page.markdown).toContain('| flush | server/dist/outbox.js:12 | 31.4 |');
});

test('a picture has a bar for each row, as long as its number', () => {
  const svg = page.pictures.get('presence-cpu.svg') ?? '';
  const lengths = [...svg.matchAll(/<rect class="(\w+)".* width="([\d.]+)"/g)].map(([, kind, width]) => [
    kind,
    Number(width),
  ]);

  expect(lengths).toEqual([
    ['subject', 112.5],
    ['other', 450],
  ]);
  expect(page.markdown).toContain('](pictures/presence-cpu.svg)');
});

test('text cannot break a picture', () => {
  expect(barChart('a & b', [{ label: '<x>', value: 0, isSubject: false }])).toContain('&lt;x&gt;');
  expect(page.pictures.get('presence-cpu.svg')).toContain('a &lt;rival&gt; &amp; co, 300');
});
