import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Channel, type ChannelTimes } from '../../persistence/src/remote/channel.ts';
import { MAX_PIECE_BYTES, MessageReader, PieceEnd, pieceHeader } from '../../persistence/src/remote/message-reader.ts';
import { socketPair } from './remote-fixtures.ts';

const TIMES: ChannelTimes = { heartbeatMs: 10_000, silenceMs: 10_000 };

/** What an end of a channel got. */
class Heard {
  readonly messages: Uint8Array[] = [];
  readonly closed: Promise<Error | undefined>;
  #whenHeard: (() => void)[] = [];

  constructor(channel: Channel) {
    this.closed = new Promise((resolve) => {
      channel.use({
        heartbeat: () => Uint8Array.of(7),
        onClosed: resolve,
        onMessage: (message) => {
          this.messages.push(message);
          for (const wake of this.#whenHeard.splice(0)) wake();
        },
      });
    });
  }

  async count(count: number): Promise<Uint8Array[]> {
    while (this.messages.length < count) await new Promise<void>((resolve) => this.#whenHeard.push(resolve));
    return this.messages;
  }
}

async function channelPair(times = TIMES): Promise<readonly [Channel, Channel]> {
  const [near, far] = await socketPair();
  const channels = [new Channel(near, times), new Channel(far, times)] as const;
  onTestFinished(() => {
    for (const channel of channels) channel.destroy();
  });
  return channels;
}

describe('messages', () => {
  test('of any length come as they were sent, however the bytes are cut on their way', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 3 * MAX_PIECE_BYTES }), { maxLength: 6 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 100_000 })),
        (lengths, cuts) => {
          const messages = lengths.map((length, index) => Buffer.alloc(length, index + 1));
          const stream = Buffer.concat(messages.flatMap((message, number) => piecesOf(message, number)));
          const reader = new MessageReader(Number.MAX_SAFE_INTEGER);
          const found: Uint8Array[] = [];
          let at = 0;
          for (const length of cuts) {
            if (at >= stream.length) break;
            found.push(...reader.read(stream.subarray(at, at + length)));
            at += length;
          }

          expect(found.map(hashOf)).toEqual(messages.map(hashOf));
        },
      ),
      { numRuns: 30 },
    );
  });

  test.each([0, 1, MAX_PIECE_BYTES - 1, MAX_PIECE_BYTES, MAX_PIECE_BYTES + 1, 2 * MAX_PIECE_BYTES, 1_000_000])(
    'one of %i bytes arrives, sent whole or in pieces',
    async (length) => {
      const [near, far] = await channelPair();
      const heard = new Heard(far);
      const message = randomBytes(length);

      near.send(message);
      await near.sendInPieces(message);
      near.send(Uint8Array.of(1));

      const expected = length === 0 ? [Uint8Array.of(1)] : [message, message, Uint8Array.of(1)];
      expect((await heard.count(expected.length)).map(hashOf)).toEqual(expected.map(hashOf));
    },
  );

  test('short ones overtake a long one that goes in pieces', async () => {
    const [near, far] = await channelPair();
    const heard = new Heard(far);
    const long = randomBytes(24 * 1024 * 1024);

    let isSent = false;
    const sending = near.sendInPieces(long).then(() => {
      isSent = true;
    });
    near.send(Uint8Array.of(1));
    await heard.count(1);
    expect(isSent).toBe(false);
    expect(heard.messages.map((message) => [...message])).toEqual([[1]]);
    await sending;

    expect(Buffer.compare((await heard.count(2))[1] ?? new Uint8Array(), long)).toBe(0);
    expect(near.pendingBytes).toBe(0);
  });

  test('a long one is held back while the other end reads nothing, and short ones are not lost with it', async () => {
    const [near, far] = await channelPair();
    const heard = new Heard(far);
    far.pause();

    const sending = near.sendInPieces(randomBytes(24 * 1024 * 1024));
    for (let n = 0; n < 50; n += 1) await new Promise(setImmediate);
    expect(near.pendingBytes).toBeGreaterThan(0);
    near.send(Uint8Array.of(1));
    far.resume();
    await sending;

    expect((await heard.count(2)).map(({ byteLength }) => byteLength).toSorted((a, b) => a - b)).toEqual([
      1,
      24 * 1024 * 1024,
    ]);
  });

  test('a long one that nobody wants any more is not delivered', async () => {
    const [near, far] = await channelPair();
    const heard = new Heard(far);
    let isWanted = true;

    const sending = near.sendInPieces(randomBytes(8 * 1024 * 1024), () => isWanted);
    isWanted = false;

    expect(await sending).toBe(false);
    near.send(Uint8Array.of(1));
    expect((await heard.count(1)).map((message) => [...message])).toEqual([[1]]);
  });

  test('what is sent in one turn is one write', async () => {
    const [near, far] = await socketPair();
    const channel = new Channel(near, TIMES);
    onTestFinished(() => channel.destroy());
    const chunks: Buffer[] = [];
    far.on('data', (chunk) => chunks.push(chunk));

    for (let n = 0; n < 100; n += 1) channel.send(Uint8Array.of(n));
    await once(far, 'data');

    expect(chunks).toHaveLength(1);
    expect(chunks[0]).toHaveLength(100 * (9 + 1));
  });
});

describe('an end that cannot be talked to', () => {
  test('is cut off when it falls silent', async () => {
    const [near] = await socketPair();
    const channel = new Channel(near, { heartbeatMs: 10, silenceMs: 60 });

    expect((await new Heard(channel).closed)?.message).toBe('nothing was heard for 60 ms');
    expect(channel.isOpen).toBe(false);
  });

  test('is not cut off while it is alive and has nothing to say', async () => {
    const [near, far] = await channelPair({ heartbeatMs: 10, silenceMs: 60 });
    const heard = [new Heard(near), new Heard(far)];

    await Promise.all(heard.map((end) => end.count(20)));

    expect([near.isOpen, far.isOpen]).toEqual([true, true]);
  });

  test.each([
    ['a browser', Buffer.from('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n')],
    ['a piece longer than there are', pieceHeader(MAX_PIECE_BYTES + 1, PieceEnd.Last, 0)],
    ['a piece of no kind', Buffer.from([0, 0, 0, 0, 9, 0, 0, 0, 0])],
    ['more than a greeting', Buffer.concat(piecesOf(Buffer.alloc(4_000), 0))],
    ['a greeting in pieces that has no end', Buffer.concat(Array.from({ length: 300 }, () => begun(10, 3)))],
    ['many begun messages', Buffer.concat(Array.from({ length: 300 }, (_, number) => begun(1, number)))],
  ])('is cut off when it is not one of ours: %s', async (_, bytes) => {
    const [near, far] = await socketPair();
    const channel = new Channel(near, TIMES);

    far.write(bytes);

    await expect(receiveAll(channel)).rejects.toThrow('cannot be read');
    expect(channel.isOpen).toBe(false);
  });
});

/** Megabytes are compared faster, and shown shorter, by this. */
function hashOf(message: Uint8Array): string {
  return createHash('sha256').update(message).digest('hex');
}

async function receiveAll(channel: Channel): Promise<never> {
  for (;;) await channel.receive();
}

function begun(length: number, number: number): Buffer {
  return Buffer.concat([pieceHeader(length, PieceEnd.More, number), Buffer.alloc(length)]);
}

function piecesOf(message: Uint8Array, number: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at + MAX_PIECE_BYTES < message.length; at += MAX_PIECE_BYTES) {
    pieces.push(pieceHeader(MAX_PIECE_BYTES, PieceEnd.More, number), message.subarray(at, at + MAX_PIECE_BYTES));
  }
  const rest = message.subarray(MAX_PIECE_BYTES * pieces.length * 0.5);
  return [...pieces, pieceHeader(rest.length, PieceEnd.Last, number), rest];
}
