import { readFileSync } from 'node:fs';
import {
  ERROR_CODES,
  MAX_AWARENESS_ENTRIES,
  MAX_CLIENTS,
  MAX_MESSAGES_PER_FRAME,
  MAX_UNSORTED_RANGES,
  PROTOCOL_VERSION,
} from '@headwater/protocol';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';

const page = readFileSync(`${REPOSITORY}/docs/protocol.md`, 'utf8');

/** The rows of the table under a heading, as cells. */
function tableUnder(heading: string): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
}

test('docs/protocol.md lists every close code with its errors, and no other', () => {
  const closing = Object.entries(ERROR_CODES).filter(([, { closeCode }]) => closeCode !== undefined);
  const expected = closing.map(([code, { closeCode }]) => `${closeCode} ${code}`);

  const listed = tableUnder('Close codes').flatMap(([closeCode, errors = '']) =>
    [...errors.matchAll(/HW_[A-Z_]+/g)].map(([code]) => `${closeCode} ${code}`),
  );

  expect(listed.toSorted()).toEqual(expected.toSorted());
});

test('docs/protocol.md has the current version last in its history', () => {
  expect(tableUnder('Versions').at(-1)?.[0]).toBe(String(PROTOCOL_VERSION));
});

test.each([
  ['up to', MAX_MESSAGES_PER_FRAME, ''],
  ['at most', MAX_AWARENESS_ENTRIES, 'entries'],
  ['more than', MAX_CLIENTS, 'sections'],
  ['more than', MAX_CLIENTS, 'clients'],
  ['more than', MAX_UNSORTED_RANGES, 'deletions'],
])('docs/protocol.md says %s %d %s', (bound, number, what) => {
  const spoken = `${bound} ${number.toLocaleString('en')} ${what}`.trim();

  expect(page.replaceAll(/\s+/g, ' ')).toContain(spoken);
});

test('docs/protocol.md knows the close code of ws for a message that is too large', () => {
  expect(tableUnder('Close codes').map(([code]) => code)).toContain('1009');
});
