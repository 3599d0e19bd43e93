import { readFileSync } from 'node:fs';
import { HeadwaterError } from '@headwater/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeEnvelope,
  type Envelope,
  EnvelopeKind,
  encodeEnvelope,
  RELAY_VERSION,
} from '../../../server/src/relay/envelope.ts';
import { REPOSITORY } from '../../support/repository.ts';

const update = Uint8Array.of(0, 0);

/** One of each kind, and its bytes; "i1" sends all of them. A change of these is a new version. */
const GOLDEN: readonly (readonly [Envelope['content'], string])[] = [
  [
    {
      kind: 'written',
      epoch: 4,
      sequence: 300,
      updates: [update],
      waiting: [{ author: 'a', update: Uint8Array.of(9) }],
    },
    '0200026931 04 ac0201020000010161 0109',
  ],
  [{ kind: 'unwritten', entries: [{ author: 'ada', update }], waiting: [] }, '0201026931 0103616461 020000 00'],
  [{ kind: 'stored', epoch: 4, sequence: 1 }, '02020269310401'],
  [{ kind: 'awareness', update: Uint8Array.of(0) }, '02030269310100'],
  [{ kind: 'awareness-query' }, '0204026931'],
  [{ kind: 'claim', to: 'i2', clientId: 5 }, '020502693102693205'],
  [{ kind: 'claim-answer', to: 'i2', clientId: 5, isThere: true }, '02060269310269320501'],
  [{ kind: 'stateless', payload: 'hé' }, '02070269310368c3a9'],
  [{ kind: 'snapshot', sequence: 7 }, '020802693107'],
  [{ kind: 'outdated' }, '0209026931'],
  [{ kind: 'alive' }, '020a026931'],
  [{ kind: 'leaving' }, '020b026931'],
  [{ kind: 'deleted' }, '020c026931'],
  [{ kind: 'reauthenticate', documentName: 'hé', user: 'ada' }, '020d026931 03 0368c3a9 03616461'],
  [{ kind: 'reauthenticate', documentName: undefined, user: undefined }, '020d026931 00'],
];

test.each(GOLDEN)('%o has the bytes it always had', (content, hex) => {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');

  expect(Buffer.from(encodeEnvelope({ from: 'i1', content })).toString('hex')).toBe(bytes.toString('hex'));
  expect(decodeEnvelope(new Uint8Array(bytes))).toEqual({ from: 'i1', content });
});

test('there are golden bytes of every kind, and of version 2', () => {
  expect(new Set(GOLDEN.map(([{ kind }]) => kind))).toEqual(new Set(Object.keys(EnvelopeKind)));
  expect(RELAY_VERSION).toBe(2);
});

test('docs/protocol.md lists every kind with its number', () => {
  const page = readFileSync(`${REPOSITORY}/docs/protocol.md`, 'utf8');

  for (const [kind, byte] of Object.entries(EnvelopeKind))
    expect(page).toMatch(new RegExp(`\\| ${byte} +\\| \`${kind}\``));
});

test('what a newer version says is left alone', () => {
  expect(decodeEnvelope(Uint8Array.of(RELAY_VERSION + 1, 0, 0))).toBeUndefined();
  expect(decodeEnvelope(Uint8Array.of(RELAY_VERSION, 200, 0))).toBeUndefined();
});

test('an envelope that is cut off, goes on too long or is made up is refused as malformed, or read', () => {
  const bytes = GOLDEN.map(([content]) => encodeEnvelope({ from: 'i1', content }));
  const damaged = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((rest) => Uint8Array.of(RELAY_VERSION, ...rest)),
    fc.constantFrom(...bytes).chain((whole) => fc.nat(whole.length - 1).map((length) => whole.subarray(0, length))),
    fc.constantFrom(...bytes).map((whole) => Uint8Array.of(...whole, 0)),
    fc
      .tuple(fc.constantFrom(...bytes), fc.nat(), fc.nat(255))
      .map(([whole, at, byte]) => whole.map((old, index) => (index === at % whole.length ? byte : old))),
  );
  fc.assert(
    fc.property(damaged, (envelope) => {
      expect(['read', 'left alone', 'HW_RELAY_MALFORMED']).toContain(outcomeOf(envelope));
    }),
    { numRuns: 2_000 },
  );
});

/** What becomes of bytes from anywhere; no other error is caught. */
function outcomeOf(envelope: Uint8Array): string {
  try {
    const read = decodeEnvelope(envelope);
    if (read === undefined) return 'left alone';
    return encodeEnvelope(read).length <= envelope.length ? 'read' : 'grown';
  } catch (error) {
    if (error instanceof HeadwaterError) return error.code;
    throw error;
  }
}
