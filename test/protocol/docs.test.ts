import { readFileSync } from 'node:fs';
import { ERROR_CODES, MAX_MESSAGES_PER_FRAME, PROTOCOL_VERSION } from '@headwater/protocol';
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

test('docs/protocol.md knows how many messages a frame may carry', () => {
  expect(page).toContain(`up to ${MAX_MESSAGES_PER_FRAME.toLocaleString('en')}`);
});
