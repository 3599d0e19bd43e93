import {
  type AwarenessEntry,
  decodeAwareness,
  encodeAwarenessUpdate,
  isNullState,
  MAX_AWARENESS_ENTRIES,
  validateState,
} from '@headwater/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import * as stock from 'y-protocols/awareness';
import * as Y from 'yjs';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const entry = (clientId: number, clock: number, state: unknown): AwarenessEntry => ({
  clientId,
  clock,
  state: new TextEncoder().encode(JSON.stringify(state)),
});

/** Each entry as a plain object. */
const decoded = (update: Uint8Array): AwarenessEntry[] =>
  [...decodeAwareness(update)].map(({ clientId, clock, state }) => ({ clientId, clock, state }));

const opened: stock.Awareness[] = [];
afterEach(() => {
  for (const awareness of opened.splice(0)) awareness.destroy();
});

function stockAwareness(clientId: number): stock.Awareness {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  const awareness = new stock.Awareness(doc);
  opened.push(awareness);
  return awareness;
}

test('an awareness update has its golden bytes', () => {
  const golden = bytes('02 05 01 02 7b 7d ff ff ff ff 0f 80 01 04 6e 75 6c 6c');
  const entries = [entry(5, 1, {}), entry(0xffffffff, 128, null)];

  expect(encodeAwarenessUpdate(entries)).toEqual(golden);
  expect(decoded(golden)).toEqual(entries);
});

describe('y-protocols', () => {
  test('reads what we write', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 2 ** 40 }), (state, clock) => {
        fc.pre(state !== null);
        const awareness = stockAwareness(1);

        stock.applyAwarenessUpdate(awareness, encodeAwarenessUpdate([entry(2, clock, state)]), null);
        expect(awareness.getStates().get(2)).toEqual(JSON.parse(JSON.stringify(state)));

        stock.applyAwarenessUpdate(awareness, encodeAwarenessUpdate([entry(2, clock + 1, null)]), null);
        expect(awareness.getStates().has(2)).toBe(false);
      }),
    );
  });

  test('writes what we read, and reading and writing changes no byte', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.jsonValue(), (clientId, state) => {
        const awareness = stockAwareness(clientId);
        awareness.setLocalState({ state });
        const update = stock.encodeAwarenessUpdate(awareness, [clientId]);

        const entries = decoded(update);

        expect(entries).toEqual([entry(clientId, 1, { state })]);
        expect(() => validateState(entries[0] as AwarenessEntry)).not.toThrow();
        expect(encodeAwarenessUpdate(entries)).toEqual(update);
      }),
    );
  });
});

test('null says that a client is gone', () => {
  expect(isNullState(entry(1, 1, null))).toBe(true);
  expect(isNullState(entry(1, 1, 'null'))).toBe(false);
  expect(isNullState(entry(1, 1, {}))).toBe(false);
});

test.each([
  ['', 'number of clients is missing at byte 0'],
  ['01', 'number of clients is more than the bytes left can hold at byte 0'],
  ['ff ff ff ff 0f 00', 'number of clients is more than the bytes left can hold at byte 0'],
  ['01 05 01 03 7b 7d', 'state ends past the last byte at byte 4'],
  ['01 05 01 02 7b 7d 00', '1 unexpected bytes at byte 6'],
  ['01 05 ff ff ff ff ff ff ff 7f 02 7b 7d', 'clock is too large at byte 2'],
])('an update of %j is refused', (update, message) => {
  expect(() => decodeAwareness(bytes(update))).toThrow(
    expect.objectContaining({ code: 'HW_AWARENESS_MALFORMED', message: `awareness update: ${message}` }),
  );
});

function messageOf(count: number): Uint8Array {
  return encodeAwarenessUpdate(Array.from({ length: count }, (_, i) => ({ clientId: i, clock: 1, state: bytes('') })));
}

test('a message carries so many clients and no more', () => {
  expect(decoded(messageOf(MAX_AWARENESS_ENTRIES))).toHaveLength(MAX_AWARENESS_ENTRIES);
  expect(() => decodeAwareness(messageOf(MAX_AWARENESS_ENTRIES + 1))).toThrow(
    expect.objectContaining({
      code: 'HW_AWARENESS_MALFORMED',
      message: `awareness update: more than ${MAX_AWARENESS_ENTRIES} clients at byte 0`,
    }),
  );
});

test('a message that is broken at its end gives no entry before it', () => {
  const broken = bytes('02 05 01 02 7b 7d 06 01 09 7b 7d');

  expect(() => decodeAwareness(broken)).toThrow(expect.objectContaining({ code: 'HW_AWARENESS_MALFORMED' }));
});

test.each([
  ['no JSON', '{"a":'],
  ['nothing', ''],
  ['undefined', 'undefined'],
  ['null in other words', ' null '],
  ['brackets without end', '['.repeat(10_000) + ']'.repeat(10_000)],
])('a state of %s is refused, and not quoted', (_, text) => {
  const state = new TextEncoder().encode(text);

  expect(() => validateState({ clientId: 1, clock: 1, state })).toThrow(
    expect.objectContaining({ code: 'HW_AWARENESS_MALFORMED', message: 'awareness update: a state is not JSON' }),
  );
});

test('a state that is not UTF-8 is refused', () => {
  expect(() => validateState({ clientId: 1, clock: 1, state: bytes('22 c3 28 22') })).toThrow(
    expect.objectContaining({ code: 'HW_AWARENESS_MALFORMED' }),
  );
});

test('a bracket in a string is no nesting', () => {
  expect(() => validateState(entry(1, 1, { text: `"\\${'['.repeat(2_000)}` }))).not.toThrow();
});
