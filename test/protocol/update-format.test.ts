import { decodeStateVector, Knowledge, MAX_CLIENTS } from '@headwater/protocol';
import fc from 'fast-check';
import { createEncoder, toUint8Array, writeAny, writeVarString, writeVarUint } from 'lib0/encoding';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { damaged } from '../support/mutations.ts';
import { Random } from '../support/random.ts';
import { playSession, sessionPlans } from '../support/sessions.ts';
import { runs } from '../support/soak.ts';
import { inspectUpdate } from './inspect-update.ts';

const MALFORMED = expect.objectContaining({ code: 'HW_UPDATE_MALFORMED' });

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** One section of one struct at 5:0, in the root type `t`, and no deletions. */
const item = (ref: number, content: Uint8Array): Uint8Array =>
  Uint8Array.of(1, 1, 5, 0, ref, 1, 1, 0x74, ...content, 0);
const text = (value: string): Uint8Array => written((encoder) => writeVarString(encoder, value));
const any = (value: unknown): Uint8Array => written((encoder) => writeAny(encoder, value as never));
const nested = (depth: number): unknown => Array.from({ length: depth }).reduce((inner) => [inner], 0);
const nestedJson = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

const EVERY_KIND = [undefined, null, -5, 0.5, 0.1, 2n ** 60n, true, 'text', { a: { b: [] } }, new Uint8Array(3)];

function written(write: (encoder: ReturnType<typeof createEncoder>) => void): Uint8Array {
  const encoder = createEncoder();
  write(encoder);
  return toUint8Array(encoder);
}

const varUint = (value: number): Uint8Array => written((encoder) => writeVarUint(encoder, value));
const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

describe('an update is refused', () => {
  test.each<[string, Uint8Array, string]>([
    ['without a byte', bytes(''), 'number of clients is missing at byte 0'],
    ['without a delete set', bytes('00'), 'number of clients with deletions is missing at byte 1'],
    ['with bytes behind the delete set', bytes('00 00 00'), '1 unexpected bytes at byte 2'],
    [
      'with the seven bytes that make documents unopenable',
      bytes('01 01 00 00 00 00 00'),
      'struct of length 0 at byte 4',
    ],
    [
      'with more clients than bytes',
      bytes('ff ff ff ff 0f 00'),
      'number of clients is more than the bytes left can hold at byte 0',
    ],
    [
      'with more structs than bytes',
      bytes('01 ff ff ff ff 0f 05 00'),
      'number of structs is more than the bytes left can hold at byte 1',
    ],
    [
      'with more deletions than bytes',
      bytes('00 01 05 ff 7f 00 01'),
      'number of deletions is more than the bytes left can hold at byte 3',
    ],
    ['with a section of no structs', bytes('01 00 05 00 00'), 'list of no structs at byte 1'],
    [
      'with two sections of one client',
      bytes('02 01 05 00 00 01 01 05 01 00 01 00'),
      'second list of structs of one client at byte 6',
    ],
    ['with a collected struct of length 0', bytes('01 01 05 00 00 00 00'), 'struct of length 0 at byte 4'],
    ['with a skip of length 0', bytes('01 01 05 00 0a 00 00'), 'struct of length 0 at byte 4'],
    ['with a deleted item of length 0', item(1, bytes('00')), 'struct of length 0 at byte 4'],
    ['with empty text', item(4, bytes('00')), 'struct of length 0 at byte 4'],
    ['with no JSON values', item(2, bytes('00')), 'struct of length 0 at byte 4'],
    ['with no values', item(8, bytes('00')), 'struct of length 0 at byte 4'],
    ['with a deletion of length 0', bytes('00 01 05 01 00 00'), 'deletion of length 0 at byte 4'],
    [
      'with a clock past the last one',
      join(bytes('01 01 05'), varUint(2 ** 50), bytes('00 01 00')),
      'struct ends past the last clock at byte 11',
    ],
    [
      'with a deletion past the last clock',
      join(bytes('00 01 05 01'), varUint(2 ** 50), bytes('01')),
      'deletion ends past the last clock at byte 4',
    ],
    [
      'with a client id past 2^53 - 1',
      bytes('01 01 ff ff ff ff ff ff ff 7f 00 00 01 00'),
      'client id is too large at byte 2',
    ],
    ['with content 11', item(11, bytes('00')), 'unknown content at byte 4'],
    ['with content 31', item(31, bytes('00')), 'unknown content at byte 4'],
    ['with flags on a collected struct', bytes('01 01 05 00 80 01 00'), 'unknown struct at byte 4'],
    ['with flags on a skip', bytes('01 01 05 00 8a 01 00'), 'unknown struct at byte 4'],
    [
      'with a parent that is neither name nor id',
      bytes('01 01 05 00 04 02 01 74 01 78 00'),
      'unknown kind of parent at byte 5',
    ],
    [
      'with an origin that is not earlier',
      bytes('01 01 05 00 84 05 00 01 78 00'),
      'origin is not earlier than its item at byte 5',
    ],
    [
      'with a right origin that is not earlier',
      bytes('01 01 05 01 44 05 01 01 78 00'),
      'right origin is not earlier than its item at byte 5',
    ],
    [
      'with itself as its parent',
      bytes('01 01 05 00 04 00 05 00 01 78 00'),
      'parent is not earlier than its item at byte 6',
    ],
    ['with text that is not UTF-8', item(4, bytes('02 c3 28')), 'text is not UTF-8 at byte 8'],
    ['with half a surrogate pair', item(4, bytes('03 ed a0 80')), 'text is not UTF-8 at byte 8'],
    [
      'with a root name that is not UTF-8',
      bytes('01 01 05 00 04 01 01 ff 01 78 00'),
      'root name is not UTF-8 at byte 6',
    ],
    ['with a type that does not exist', item(7, bytes('07')), 'unknown type at byte 8'],
    ['with an embed that is not JSON', item(5, text('{')), 'embed is not JSON at byte 8'],
    ['with an embed of undefined', item(5, text('undefined')), 'embed is not JSON at byte 8'],
    ['with a format that is not JSON', item(6, join(text('bold'), text('yes'))), 'format value is not JSON at byte 13'],
    ['with JSON too deep to be written again', item(5, text(nestedJson(513))), 'embed is not JSON at byte 8'],
    [
      'with a value too deep to be written again',
      item(8, join(bytes('01'), any(nested(514)))),
      'value is nested too deep at byte 1035',
    ],
    ['with an unknown kind of value', item(8, bytes('01 73')), 'unknown kind of value at byte 9'],
    [
      'with a float cut off',
      Uint8Array.of(1, 1, 5, 0, 8, 1, 1, 0x74, 1, 123, 0, 0),
      'value ends past the last byte at byte 10',
    ],
    [
      'with bytes for a prototype',
      item(8, bytes('01 76 01 09 5f 5f 70 72 6f 74 6f 5f 5f 74 01 00')),
      'bytes cannot be a prototype at byte 11',
    ],
    [
      'with a subdocument without options',
      item(9, join(text('guid'), any(null))),
      'subdocument options are no object at byte 13',
    ],
    [
      'with a subdocument of another guid',
      item(9, join(text('guid'), any({ guid: null }))),
      'key is not allowed here at byte 15',
    ],
  ])('%s', (_, update, message) => {
    const knowledge = Knowledge.empty();

    expect(() => knowledge.admit(update)).toThrow(
      expect.objectContaining({ code: 'HW_UPDATE_MALFORMED', message: `update: ${message}` }),
    );
    expect(knowledge.isEmpty).toBe(true);
  });

  test('cut off anywhere', () => {
    const { oracle } = playSession({ seed: 7, clients: 3, steps: 60 });
    const update = Y.encodeStateAsUpdate(oracle);

    for (let end = 0; end < update.length; end++) {
      expect(() => inspectUpdate(update.subarray(0, end)), `${end} bytes`).toThrow(MALFORMED);
    }
  });

  test('in the v2 encoding', () => {
    const { oracle } = playSession({ seed: 7, clients: 3, steps: 60 });

    expect(() => inspectUpdate(Y.encodeStateAsUpdateV2(oracle))).toThrow(MALFORMED);
  });
});

describe('an update is read', () => {
  test.each<[string, Uint8Array, number]>([
    ['JSON values, with undefined', item(2, join(bytes('02'), text('undefined'), text('{"a":1}'))), 2],
    ['text, counted as JavaScript counts', item(4, text('a\u{1f300}ö')), 4],
    ['a byte order mark as a character', item(4, text('\ufeffa')), 2],
    ['an XML element', item(7, join(bytes('03'), text('p'))), 1],
    ['an XML hook', item(7, join(bytes('05'), text('hook'))), 1],
    ['XML text', item(7, bytes('06')), 1],
    ['values of every kind', item(8, join(bytes('0a'), ...EVERY_KIND.map(any))), 10],
    ['a value as deep as allowed', item(8, join(bytes('01'), any(nested(512)))), 1],
    ['a subdocument', item(9, join(text('guid'), any({ autoLoad: true, meta: { a: 1 } }))), 1],
    ['a client id of 53 bits', bytes('01 01 ff ff ff ff ff ff ff 0f 00 00 01 00'), 1],
  ])('%s', (_, update, length) => {
    const { ranges } = inspectUpdate(update);

    expect(ranges.map(({ start, end }) => end - start)).toEqual([length]);
    expect(() => Y.applyUpdate(new Y.Doc(), update)).not.toThrow();
  });

  test('whatever Yjs writes, with the ranges Yjs sees', () => {
    fc.assert(
      fc.property(sessionPlans(), fc.nat(), (plan, seed) => {
        const { updates, oracle, stateVectors } = playSession(plan);
        const random = new Random(seed);
        const some = [...updates, Y.encodeStateAsUpdate(oracle)];
        if (updates.length > 0) some.push(Y.mergeUpdates(random.shuffled(updates).slice(0, 6)));
        if (stateVectors.length > 0) some.push(Y.encodeStateAsUpdate(oracle, random.pick(stateVectors)));

        for (const update of some) expect(inspectUpdate(update)).toEqual(summaryByYjs(update));
      }),
      { numRuns: runs(60) },
    );
  });

  test('what Yjs does not decode is not read', () => {
    fc.assert(
      fc.property(sessionPlans({ steps: 30 }), fc.nat(), (plan, seed) => {
        const random = new Random(seed);
        const { updates, oracle } = playSession(plan);
        const full = Y.encodeStateAsUpdate(oracle);

        const variants = Array.from({ length: 100 }, () => damaged(random.pick([full, ...updates]), full, random));

        for (const variant of variants.filter((update) => !isDecodedByYjs(update))) {
          expect(() => inspectUpdate(variant)).toThrow(MALFORMED);
        }
      }),
      { numRuns: runs(60) },
    );
  });
});

describe('a state vector', () => {
  test('is read as Yjs reads it', () => {
    fc.assert(
      fc.property(sessionPlans(), (plan) => {
        const encoded = Y.encodeStateVector(playSession(plan).oracle);

        expect(decodeStateVector(encoded)).toEqual(Y.decodeStateVector(encoded));
      }),
      { numRuns: runs(20) },
    );
  });

  test.each([
    ['', 'number of clients is missing at byte 0'],
    ['01 05', 'number of clients is more than the bytes left can hold at byte 0'],
    ['ff ff ff ff 0f', 'number of clients is more than the bytes left can hold at byte 0'],
    ['00 00', '1 unexpected bytes at byte 1'],
    ['02 05 01 05 02', 'client listed twice at byte 3'],
  ])('of %j is refused', (encoded, message) => {
    expect(() => decodeStateVector(bytes(encoded))).toThrow(
      expect.objectContaining({ code: 'HW_UPDATE_MALFORMED', message: `state vector: ${message}` }),
    );
  });
});

/** A count and as many bodies, in which -1 stands for a client id. */
function clients(count: number, body: readonly number[]): Uint8Array {
  const encoder = createEncoder();
  writeVarUint(encoder, count);
  for (let i = 0; i < count; i++) for (const field of body) writeVarUint(encoder, field < 0 ? i : field);
  return toUint8Array(encoder);
}

describe('of clients', () => {
  test('a state vector holds so many and no more', () => {
    expect(decodeStateVector(clients(MAX_CLIENTS, [-1, 1])).size).toBe(MAX_CLIENTS);
    expect(() => decodeStateVector(clients(MAX_CLIENTS + 1, [-1, 1]))).toThrow(
      expect.objectContaining({
        code: 'HW_UPDATE_MALFORMED',
        message: `state vector: more than ${MAX_CLIENTS} clients at byte 0`,
      }),
    );
  });

  test('an update of a peer holds so many and no more, a document may', () => {
    // without its delete set, which is not looked at any more
    expect(() => Knowledge.empty().admit(clients(MAX_CLIENTS + 1, [1, -1, 0, 0, 1]))).toThrow(
      expect.objectContaining({
        code: 'HW_UPDATE_MALFORMED',
        message: `update: more than ${MAX_CLIENTS} clients at byte 0`,
      }),
    );
    const stored = Knowledge.fromEncoded(clients(MAX_CLIENTS + 1, [-1, 1]), bytes('00'));
    expect(stored.clock(MAX_CLIENTS)).toBe(1);
  });
});

function isDecodedByYjs(update: Uint8Array): boolean {
  try {
    Y.decodeUpdate(update);
    return true;
  } catch {
    return false;
  }
}

/** The same summary from decoded structs. */
function summaryByYjs(update: Uint8Array): ReturnType<typeof inspectUpdate> {
  const { structs, ds } = Y.decodeUpdate(update);
  const ranges: { clientId: number; start: number; end: number }[] = [];
  for (const { id, length, constructor } of structs) {
    const last = ranges.at(-1);
    if (constructor.name === 'Skip') continue;
    if (last?.clientId === id.client && last.end === id.clock) last.end += length;
    else ranges.push({ clientId: id.client, start: id.clock, end: id.clock + length });
  }
  const deletes = [...ds.clients].flatMap(([clientId, items]) =>
    items.map(({ clock, len }) => ({ clientId, start: clock, end: clock + len })),
  );
  return { ranges, deletes };
}
