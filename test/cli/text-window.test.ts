import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { windowOf } from '../../server/src/cli/replay/text-window.ts';

const SIZE = { columns: 20, rows: 6 };

test('a text that fits is shown as it is', () => {
  expect(windowOf('one\ntwo', 7, SIZE).map(stripVTControlCharacters)).toEqual(['one', 'two ']);
});

test('of a longer one the lines around the last change are shown', () => {
  const text = Array.from({ length: 1_000 }, (_, index) => `line ${index}`).join('\n');

  const lines = windowOf(text, text.indexOf('line 500'), SIZE);

  expect(lines.map(stripVTControlCharacters)).toEqual([
    'line 496',
    'line 497',
    'line 498',
    'line 499',
    'line 500',
    'line 501',
  ]);
});

test('wide characters take two columns, and a tab is none that moves the cursor', () => {
  expect(windowOf('日本語日本語日本語日本語', 0, SIZE)).toEqual(['日本語日本語日本語日', '本語']);
  expect(windowOf('a\tb', 0, SIZE)).toEqual(['a    b']);
});

test('whatever the text is, what is around the change is shown, in as many rows as there are and without control', () => {
  const pieces = fc.constantFrom('word ', '\n', '😀', '日本', 'x'.repeat(70), '\u001b[2J', '\r', '\t', '\u202e');
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), fc.nat(), (parts, at) => {
      const before = parts.slice(0, at % (parts.length + 1)).join('');
      const text = `${before}HERE${parts.slice(at % (parts.length + 1)).join('')}`;

      const lines = windowOf(text, before.length, SIZE);

      expect(lines.length).toBeLessThanOrEqual(SIZE.rows);
      expect(lines.join('')).toContain('HERE');
      expect(lines.join('')).not.toMatch(/[\p{Cc}\u202e]/u);
    }),
  );
});
