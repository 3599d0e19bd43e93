import { decodeFrame } from '@headwater/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frameMessage, frameUpdates, type OutgoingKind } from '../../server/src/wire/framing.ts';
import { Y_WEBSOCKET_HEARTBEAT, yWebsocketFraming } from '../../server/src/wire/y-websocket-framing.ts';
import { payloadsOf, readMessage } from './support.ts';

const KINDS: readonly OutgoingKind[] = ['sync-step-1', 'sync-step-2', 'update', 'awareness'];

const hex = (buffers: readonly Uint8Array[]): string => Buffer.concat(buffers).toString('hex');

/** Lengths around every change of the header's or the length prefix's size, and around what is copied. */
const LENGTHS = [
  0, 1, 121, 122, 123, 124, 125, 126, 127, 128, 16_380, 16_383, 16_384, 65_530, 65_531, 65_532, 65_533, 70_000,
];

describe('the frames a stock y-websocket client gets', () => {
  test.each([
    ['sync-step-1', [0], '8204000001 00'],
    ['sync-step-2', [0, 0], '8205000102 0000'],
    ['update', [1, 2, 3], '8206000203 010203'],
    ['awareness', [0], '8203 0101 00'],
  ] as const)('%s of %j is %s', (kind, body, expected) => {
    expect(hex(frameMessage(yWebsocketFraming, kind, Uint8Array.from(body)))).toBe(expected.replaceAll(' ', ''));
  });

  test('a heartbeat is an empty ping and an awareness message about nobody', () => {
    expect(hex([Y_WEBSOCKET_HEARTBEAT])).toBe('89008203010100');
  });

  test.each(KINDS)('%s of any length is read back by our decoder and by lib0', (kind) => {
    for (const length of LENGTHS) {
      const body = new Uint8Array(length).fill(7);

      const payloads = payloadsOf(Buffer.concat(frameMessage(yWebsocketFraming, kind, body)));

      expect(payloads).toHaveLength(1);
      const [payload = new Uint8Array()] = payloads;
      const message = readMessage(payload);
      expect([message.kind, message.body.length, message.body.every((byte) => byte === 7)]).toEqual([
        kind,
        length,
        true,
      ]);
      const [decoded] = decodeFrame(payload);
      expect(decoded?.kind).toBe(kind);
    }
  });

  test('a large body goes out as it lies, a small one as one buffer', () => {
    const large = new Uint8Array(16 * 1024);

    expect(frameMessage(yWebsocketFraming, 'update', large)[1]).toBe(large);
    expect(frameMessage(yWebsocketFraming, 'update', large.subarray(1))).toHaveLength(1);
  });

  test('several updates are one buffer of as many frames, and each update is a view of it', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (updates) => {
        const { buffer, views } = frameUpdates(yWebsocketFraming, updates);

        const read = payloadsOf(buffer).map(readMessage);
        expect(read.map(({ kind, body }) => [kind, ...body])).toEqual(updates.map((update) => ['update', ...update]));
        expect(views.map((view) => [...view])).toEqual(updates.map((update) => [...update]));
        expect(views.every((view) => view.buffer === buffer.buffer)).toBe(true);
      }),
    );
  });
});
