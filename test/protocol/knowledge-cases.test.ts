import { deleteSetOf, diffUpdate, Knowledge } from '@headwater/protocol';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { docOf } from '../support/sessions.ts';
import { inspectUpdate } from './inspect-update.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
/** A varUint of three bytes. */
const id = (value: number): number[] => [(value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, value >> 14];
const NOTHING = { added: undefined, ends: [], deletes: false, waiting: undefined, saysAllDeletions: false };

/** A document of one client, and its updates one by one. */
function author(clientId: number, start: Uint8Array[] = []): { doc: Y.Doc; updates: Uint8Array[] } {
  const doc = docOf(start);
  doc.clientID = clientId;
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  return { doc, updates };
}

describe('what is passed on', () => {
  test('a new edit is passed on as the same object', () => {
    const { doc, updates } = author(7);
    doc.getText('text').insert(0, 'hello');
    const knowledge = Knowledge.empty();

    const admission = knowledge.admit(updates[0] as Uint8Array);

    expect(admission.added).toBe(updates[0]);
    expect(admission).toMatchObject({ added: updates[0], ends: [[7, 5]], deletes: false, waiting: undefined });
    expect(knowledge.clock(7)).toBe(5);
    expect(knowledge.clock(8)).toBe(0);
  });

  test('a client that comes back with one new edit and all its deletions adds one edit', () => {
    const { doc, updates } = author(7);
    const text = doc.getText('text');
    for (let i = 0; i < 2_000; i++) text.insert(0, 'ab');
    for (let i = 0; i < 1_000; i++) text.delete(2 * i, 1);
    const knowledge = Knowledge.empty();
    for (const update of updates) knowledge.admit(update);
    const stateVector = Y.encodeStateVector(doc);
    text.insert(0, 'new');

    const { added, ends, deletes } = knowledge.admit(Y.encodeStateAsUpdate(doc, stateVector));

    expect(added).toEqual(updates.at(-1));
    expect(ends).toEqual([[7, 4_003]]);
    expect(deletes).toBe(false);
  });

  test('an update that adds nothing adds nothing', () => {
    const { doc, updates } = author(7);
    doc.getText('text').insert(0, 'hello');
    doc.getText('text').delete(1, 2);
    const knowledge = Knowledge.empty();
    for (const update of updates) knowledge.admit(update);

    expect(knowledge.admit(Y.encodeStateAsUpdate(doc))).toEqual(NOTHING);
    expect(knowledge.admit(bytes('00 00'))).toEqual(NOTHING);
  });

  test('of deletions only the part that is new', () => {
    const { doc, updates } = author(7);
    doc.getText('text').insert(0, '0123456789');
    const knowledge = Knowledge.empty();
    knowledge.admit(updates[0] as Uint8Array);
    knowledge.admit(bytes('00 01 07 02 02 02 06 02'));

    const { added, deletes } = knowledge.admit(bytes('00 01 07 01 01 08'));

    expect(deletes).toBe(true);
    expect(added).toEqual(bytes('00 01 07 03 01 01 04 02 08 01'));
    expect(knowledge.encodeDeleteSet()).toEqual(bytes('01 07 01 01 08'));
  });

  test('deletions out of order are put in order, as Yjs needs them', () => {
    const { doc, updates } = author(7);
    doc.getText('text').insert(0, '0123456789');
    const knowledge = Knowledge.empty();
    knowledge.admit(updates[0] as Uint8Array);

    const { added } = knowledge.admit(bytes('00 02 07 02 06 01 01 01 07 01 06 02'));

    expect(added).toEqual(bytes('00 01 07 02 01 01 06 02'));
  });
});

describe('what waits', () => {
  test('an edit after a gap waits for the gap to close', () => {
    const { doc, updates } = author(7);
    for (const part of ['a', 'b', 'c']) doc.getText('text').insert(0, part);
    const [first, second, third] = updates as [Uint8Array, Uint8Array, Uint8Array];
    const knowledge = Knowledge.empty();
    knowledge.admit(first);

    const early = knowledge.admit(third);
    expect(early).toEqual({ ...NOTHING, waiting: third });

    knowledge.admit(second);
    expect(knowledge.admit(early.waiting as Uint8Array).added).toEqual(third);
  });

  test('a deletion waits for what it deletes, and the rest of its update does not', () => {
    const { doc, updates } = author(7);
    doc.getText('text').insert(0, 'abc');
    const knowledge = Knowledge.empty();
    knowledge.admit(updates[0] as Uint8Array);

    const { added, waiting } = knowledge.admit(bytes('00 02 09 01 00 01 07 01 02 03'));

    expect(added).toEqual(bytes('00 01 07 01 02 01'));
    expect(waiting).toEqual(bytes('00 02 09 01 00 01 07 01 03 02'));
  });

  test('a forged edit in a parent that does not exist does not take the place of the real one', () => {
    const { doc, updates } = author(7);
    doc.getText('text').insert(0, 'a');
    doc.getText('text').insert(1, 'b');
    const knowledge = Knowledge.empty();
    knowledge.admit(updates[0] as Uint8Array);
    const stateVector = knowledge.encodeStateVector();
    const forged = bytes('01 01 07 01 04 00 63 00 01 78 00');

    expect(knowledge.admit(forged)).toEqual({ ...NOTHING, waiting: forged });

    expect(knowledge.encodeStateVector()).toEqual(stateVector);
    expect(knowledge.admit(updates[1] as Uint8Array).added).toBe(updates[1]);
    expect(knowledge.admit(forged)).toEqual(NOTHING);
  });

  test('structs that need each other wait together, and Yjs does not get to lose one', () => {
    // 1:0 follows 2:0, and 2:0 follows 1:0
    const circle = bytes('02 01 02 00 84 01 00 01 78 01 01 00 84 02 00 01 79 00');
    const knowledge = Knowledge.empty();

    expect(knowledge.admit(circle)).toEqual({ ...NOTHING, waiting: circle });
  });

  test('two clients who build on each other in turns are ready together', () => {
    // 1:0 is free, 2:0 follows 1:0, 1:1 follows 2:0, 2:1 follows 1:1
    const turns = bytes('02 02 02 00 84 01 00 01 78 84 01 01 01 78 02 01 00 04 01 01 74 01 79 84 02 00 01 79 00');
    const knowledge = Knowledge.empty();

    expect(knowledge.admit(turns).added).toBe(turns);
    expect(Y.encodeStateVector(docOf([turns]))).toEqual(knowledge.encodeStateVector());
  });

  test('knotted updates take time in proportion to their size', () => {
    // a chain over 60,000 clients, in the order that helps least: each needs the next one
    const count = 60_000;
    const parts: number[] = [];
    for (let client = count; client >= 1; client--) {
      if (client === 1) parts.push(1, ...id(client), 0, 0x04, 1, 1, 0x74, 1, 0x78);
      else parts.push(1, ...id(client), 0, 0x84, ...id(client - 1), 0, 1, 0x78);
    }
    const update = Uint8Array.from([...id(count), ...parts, 0]);
    const started = performance.now();

    const { added } = Knowledge.empty().admit(update);

    expect(added).toBe(update);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe('a struct that is known in part', () => {
  test('is cut where the new part begins, as Yjs cuts it', () => {
    const { doc, updates } = author(7);
    doc.getText('text').insert(0, 'a\u{1f300}');
    doc.getText('text').insert(3, 'b\u{1f300}c');
    const [first] = updates as [Uint8Array, Uint8Array];
    const knowledge = Knowledge.empty();
    knowledge.admit(first);

    const { added } = knowledge.admit(Y.encodeStateAsUpdate(doc));

    expect(added).toEqual(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(docOf([first]))));
  });

  test('cannot bring its own parent along, which makes Yjs throw when the known part is collected', () => {
    const { doc, updates } = author(7);
    doc.getArray('array').insert(0, [new Y.Text('ab')]);
    doc.getArray('array').delete(0, 1);
    const knowledge = Knowledge.empty();
    for (const update of updates) knowledge.admit(update);
    // 7:1 was `ab` in the deleted text, and is now said to be `abc` in the root type `t`
    const forged = bytes('01 01 07 01 04 01 01 74 03 61 62 63 00');
    expect(() => Y.applyUpdate(docOf(updates), forged)).toThrow(TypeError);

    const { added } = knowledge.admit(forged);

    const doc2 = docOf([...updates, added as Uint8Array]);
    expect(Y.encodeStateVector(doc2)).toEqual(knowledge.encodeStateVector());
  });
});

describe('splitting updates', () => {
  const { doc } = author(7);
  doc.getText('text').insert(0, 'hello');
  doc.getText('text').delete(1, 2);
  const update = Y.encodeStateAsUpdate(doc);

  test('the delete set of an update is its last bytes', () => {
    expect(deleteSetOf(update)).toEqual(bytes('01 07 01 01 02'));
  });

  test('a difference keeps all deletions', () => {
    const rest = diffUpdate(update, new Map([[7, 5]]));

    expect(inspectUpdate(rest)).toEqual({ ranges: [], deletes: [{ clientId: 7, start: 1, end: 3 }] });
  });

  test('knowledge leaves out deletions of structs that it does not know', () => {
    const knowledge = Knowledge.fromEncoded(bytes('01 07 02'), bytes('01 07 01 01 04'));

    expect(knowledge.encodeDeleteSet()).toEqual(bytes('01 07 01 01 01'));
  });
});
