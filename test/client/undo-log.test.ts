import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { UndoLog, type UndoStep } from '../../client-sdk/src/session/undo-log.ts';
import { visibleContent } from '../content/visible-content.ts';
import { editSomething } from '../support/edits.ts';
import { Random } from '../support/random.ts';
import { openDoc } from '../support/sessions.ts';
import { runs } from '../support/soak.ts';

const ROLLBACK = 'rollback';

/** What Yjs leaves of a character of two UTF-16 units when one of them is deleted, and nobody can put together again. */
const SPLIT_CHARACTER = '\ufffd';

/** A document whose every edit can be undone. */
function watched(content?: Y.Doc) {
  const doc = openDoc();
  if (content !== undefined) Y.applyUpdate(doc, Y.encodeStateAsUpdate(content));
  const log = new UndoLog(doc, ROLLBACK);
  log.start();
  const made: { readonly update: Uint8Array; readonly steps: readonly UndoStep[] }[] = [];
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    const step = origin === ROLLBACK ? undefined : log.takeStep();
    if (step !== undefined) made.push({ update, steps: [step] });
  });
  return { doc, made, undo: ({ update, steps }: (typeof made)[number]) => log.undo(update, steps) };
}

test('edits that are all undone leave what was there before, whatever they were and in whatever order they are undone', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(40), fc.integer({ min: 1, max: 6 }), (seed, earlier, edits) => {
      const random = new Random(seed);
      const content = openDoc();
      for (let i = 0; i < earlier; i += 1) content.transact(() => editSomething(content, random, true));
      const { doc, made, undo } = watched(content);
      for (let i = 0; i < edits; i += 1) doc.transact(() => editSomething(doc, random, true));

      for (const edit of random.pick([made, made.toReversed(), random.shuffled(made)])) undo(edit);

      const left = visibleContent(doc);
      fc.pre(!contains(left, SPLIT_CHARACTER));
      expect(left).toEqual(visibleContent(content));
    }),
    { numRuns: runs(60) },
  );
});

function contains(value: unknown, text: string): boolean {
  if (typeof value === 'string') return value.includes(text);
  return typeof value === 'object' && value !== null && Object.values(value).some((part) => contains(part, text));
}

test('what was typed and deleted again does not come back when both are undone, the typing first', () => {
  const { doc, made, undo } = watched();
  const text = doc.getText('text');
  text.insert(0, 'secret');
  text.delete(0, 6);

  for (const edit of made) undo(edit);

  expect(text.toString()).toBe('');
});

test('a value that was replaced twice is back when both are undone, the first one first', () => {
  const content = openDoc();
  content.getMap('map').set('key', 'of the server');
  const { doc, made, undo } = watched(content);
  const map = doc.getMap('map');
  map.set('key', 1);
  map.set('key', 2);

  for (const edit of made) undo(edit);

  expect(map.get('key')).toBe('of the server');
});

test('a value that somebody else gave a key meanwhile stays', () => {
  const content = openDoc();
  content.getMap('map').set('key', 'of the server');
  const { doc, made, undo } = watched(content);
  doc.getMap('map').delete('key');
  content.getMap('map').set('key', 'newer');
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(content));

  for (const edit of made) undo(edit);

  expect(doc.getMap('map').get('key')).toBe('newer');
});
