import { readFileSync } from 'node:fs';
import { ERROR_CODES } from '@headwater/protocol';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';

const page = readFileSync(`${REPOSITORY}/docs/errors.md`, 'utf8');
const sections = page.split(/^### /m).slice(1);

test('docs/errors.md has exactly one heading per error code', () => {
  const headings = sections.map((section) => section.split('\n')[0] ?? '');

  expect(headings.toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
});

test.each(Object.entries(ERROR_CODES))('docs/errors.md says how %s closes a connection', (code, { closeCode }) => {
  const section = sections.find((text) => text.startsWith(`${code}\n`)) ?? '';
  const named = [...(/\*\*Closes\s+with\s+(\d+)\*\*/.exec(section) ?? [])][1];

  expect(named).toBe(closeCode?.toString());
});
