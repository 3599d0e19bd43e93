import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { type CompactionOutput, compact } from '../../server/src/workers/document-tasks.ts';
import { MAX_RESTARTS } from '../../server/src/workers/salvage.ts';

/** Client 9, clock 0: a map at `m.k`; clocks 1 and 2: the string "ab" at `v` in it, a value of two clocks. */
const LONG_VALUE = new Uint8Array(Buffer.from('010209002701016d016b0124000900017602616200', 'hex'));
/** A struct of client 10 between those two clocks: the value is split, and its first half never deleted. */
const SPLIT = Uint8Array.of(1, 1, 10, 0, 0x84, 9, 1, 1, 99, 0);

/** Client 9: maps within each other at `deep.k`, too many for Yjs to delete, which it does by recursion. */
const DEEP = ((): Uint8Array => {
  const depth = 20_000;
  const encoder = new Y.UpdateEncoderV1();
  for (const number of [1, depth, 9, 0]) encoder.writeLen(number);
  for (let clock = 0; clock < depth; clock++) {
    encoder.writeInfo(0x27);
    encoder.writeParentInfo(clock === 0);
    if (clock === 0) encoder.writeString('deep');
    else encoder.writeLeftID(Y.createID(9, clock - 1));
    encoder.writeString('k');
    encoder.writeTypeRef(1);
  }
  encoder.writeLen(0);
  return encoder.toUint8Array();
})();

/** Puts "x" in the place of the deep map: a struct that throws. */
function overwriting(clientId: number, clock = 0): Uint8Array {
  return Uint8Array.of(1, 1, clientId, clock, 0x84, 9, 0, 1, 120, 0);
}

function typed(clientId: number, text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  doc.getText('text').insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

/** What one client sends who has done all this while it was away; the client ids differ. */
function atOnce(...updates: readonly Uint8Array[]): Uint8Array {
  return Y.mergeUpdates([...updates]);
}

/** What a client of today makes of a snapshot. */
function opened({ update }: CompactionOutput): Y.Doc {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  expect(doc.store.pendingStructs).toBeNull();
  expect(doc.store.pendingDs).toBeNull();
  return doc;
}

/** Concurrent insertions at one place come in the order of client ids, which is not the matter here. */
const sorted = (text: string): string => text.split('').sort().join('');

const deletionOf = (clientId: number, ...clocks: readonly number[]): Uint8Array =>
  Uint8Array.of(0, 1, clientId, clocks.length, ...clocks.flatMap((clock) => [clock, 1]));

describe('a document that Yjs fails to collect', () => {
  test('is compacted nevertheless, keeps every edit, and opens in a client that collects', () => {
    const offline = atOnce(typed(77, 'hours of work'), deletionOf(9, 0));

    const output = compact({ snapshot: undefined, updates: [LONG_VALUE, SPLIT, offline] });

    expect(output.refused).toEqual([]);
    expect(output.taken).toBe(3);
    const doc = opened(output);
    expect(doc.getText('text').toString()).toBe('hours of work');
    expect(doc.getMap('m').has('k')).toBe(false);
    expect(Y.encodeStateAsUpdate(doc)).toEqual(output.update);
  });

  test('is harmless once it was in a snapshot: who deletes the map then can go on', () => {
    const output = compact({ snapshot: undefined, updates: [LONG_VALUE, SPLIT] });
    const doc = opened(output);

    doc.getMap('m').delete('k');
    doc.getText('text').insert(0, 'and on');

    const next = compact({ snapshot: output.update, updates: [Y.encodeStateAsUpdate(doc)] });
    expect(opened(next).getText('text').toString()).toBe('and on');
  });
});

describe('what only goes in without garbage collection', () => {
  const text = typed(77, 'hours of work');

  test.each([
    ['after the text', [text, DEEP, overwriting(20)]],
    ['before it', [DEEP, text, overwriting(100)]],
    ['sent at once', [atOnce(text, DEEP, overwriting(20))]],
    ['sent at once, by a client that comes first', [atOnce(text, DEEP, overwriting(100))]],
    ['in front of what it comes with', [overwriting(100), text, DEEP]],
  ])('is refused, and leaves a document that opens: %s', (_, updates) => {
    const output = compact({ snapshot: undefined, updates });

    expect(opened(output).getText('text').toString()).toBe('hours of work');
    expect(output.refused).toHaveLength(1);
    expect(output.refused[0]?.update.length).toBeLessThan(100);
    expect(output.taken).toBe(updates.length);
  });

  test('is nothing when it is all or nothing', () => {
    const updates = [atOnce(text, DEEP, overwriting(20))];

    expect(compact({ snapshot: undefined, updates, allOrNothing: true })).toMatchObject({ taken: 0, refused: [] });
  });

  test('gives no result when it is in the snapshot', () => {
    const snapshot = atOnce(text, DEEP, overwriting(20));

    expect(() => compact({ snapshot, updates: [typed(6, '!')] })).toThrow(/does not open|call stack/);
  });
});

describe('of an update that throws', () => {
  test('just the deletion that does is refused, when it is one', () => {
    const offline = atOnce(typed(77, 'hours of work'), deletionOf(5, 0, 2), deletionOf(9, 0));

    const output = compact({ snapshot: typed(5, 'abc'), updates: [DEEP, typed(6, '!'), offline] });

    expect(output.refused).toEqual([
      { index: 2, update: deletionOf(9, 0), reason: expect.stringContaining('did not integrate: ') },
    ]);
    const text = opened(output).getText('text').toString();
    expect(sorted(text)).toBe(sorted('bhours of work!'));
  });

  test('just the struct that does is refused, when it is one; the deletions are kept', () => {
    const bad = overwriting(8);
    const offline = atOnce(typed(77, 'hours of work'), bad, typed(4, '?'), deletionOf(5, 0, 2));

    const output = compact({ snapshot: typed(5, 'abc'), updates: [DEEP, offline] });

    expect(output.refused.map(({ index, update }) => ({ index, update }))).toEqual([{ index: 1, update: bad }]);
    const text = opened(output).getText('text').toString();
    expect(sorted(text)).toBe(sorted('bhours of work?'));
  });

  test('what the same client did before that struct is kept, what it did after it depends on it', () => {
    const before = typed(8, 'before');
    const after = Uint8Array.of(1, 1, 8, 7, 0x84, 8, 5, 1, 33, 0); // "!" behind "before"

    const output = compact({ snapshot: undefined, updates: [DEEP, atOnce(before, overwriting(8, 6), after)] });

    expect(output.refused.map(({ update }) => update)).toEqual([atOnce(overwriting(8, 6), after)]);
    expect(opened(output).getText('text').toString()).toBe('before');
  });
});

test('what is pending is refused without the part that is not', () => {
  const ahead = Uint8Array.of(1, 1, 3, 5, 0x84, 3, 4, 1, 120, 0); // clock 5 of client 3, which has no others
  const mixed = atOnce(typed(77, 'kept'), ahead);

  const output = compact({ snapshot: undefined, updates: [mixed, typed(5, '!')] });

  expect(output.refused.map(({ index, update }) => ({ index, update }))).toEqual([{ index: 0, update: ahead }]);
  expect(opened(output).getText('text').toString()).toContain('kept');
});

test('what finds its place later is not refused', () => {
  const [first, second] = ['a', 'b'].map((_, i) => {
    const doc = new Y.Doc();
    doc.clientID = 3;
    doc.getText('text').insert(0, 'a');
    const before = Y.encodeStateVector(doc);
    doc.getText('text').insert(1, 'b');
    return i === 0 ? typed(3, 'a') : Y.encodeStateAsUpdate(doc, before);
  }) as [Uint8Array, Uint8Array];

  const output = compact({ snapshot: undefined, updates: [second, Uint8Array.of(255), first] });

  expect(output.refused.map(({ index }) => index)).toEqual([1]);
  expect(opened(output).getText('text').toString()).toBe('ab');
});

describe('the effort is bounded', () => {
  const hostile = Array.from({ length: MAX_RESTARTS + 20 }, () => Uint8Array.of(255));

  test('by leaving the rest for the next time', () => {
    const output = compact({ snapshot: typed(5, 'abc'), updates: [...hostile, typed(6, 'left')] });

    expect(output.taken).toBe(MAX_RESTARTS);
    expect(output.refused).toHaveLength(MAX_RESTARTS);
    expect(opened(output).getText('text').toString()).toBe('abc');
  });

  test('but not below what makes the result of use', () => {
    const output = compact({
      snapshot: undefined,
      updates: [...hostile, typed(6, 'kept')],
      minTaken: hostile.length + 1,
    });

    expect(output.taken).toBe(hostile.length + 1);
    expect(opened(output).getText('text').toString()).toBe('kept');
  });

  test('by giving up at once when it is all or nothing', () => {
    const output = compact({ snapshot: undefined, updates: [typed(6, 'a'), ...hostile], allOrNothing: true });

    expect(output).toMatchObject({ taken: 0, refused: [] });
  });
});
