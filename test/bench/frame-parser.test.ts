import { expect, test } from 'vitest';
import { FrameParser } from '../../bench/src/load/frame-parser.ts';
import { Opcode, serverFrame } from '../../bench/src/load/frames.ts';

interface Seen {
  readonly opcode: number;
  readonly payload: string;
  readonly length: number;
}

/** Payloads around every limit of the length field, and frames that carry none. */
const PAYLOADS = [0, 1, 125, 126, 300, 65_535, 65_536].map((length) => Buffer.alloc(length, length % 251));

function parse(chunks: readonly Buffer[], retainBytes?: number): { seen: Seen[]; isAtBoundary: boolean } {
  const seen: Seen[] = [];
  const parser = new FrameParser((opcode, bytes, start, end, length) => {
    seen.push({ opcode, payload: bytes.toString('latin1', start, end), length });
  }, retainBytes);
  for (const chunk of chunks) parser.push(chunk);
  return { seen, isAtBoundary: parser.isAtBoundary };
}

const expected = (payloads: readonly Buffer[]): Seen[] =>
  payloads.map((payload) => ({ opcode: Opcode.Binary, payload: payload.toString('latin1'), length: payload.length }));

test('several frames in one chunk are several frames', () => {
  const { seen, isAtBoundary } = parse([Buffer.concat(PAYLOADS.map((payload) => serverFrame(payload)))]);

  expect(seen).toEqual(expected(PAYLOADS));
  expect(isAtBoundary).toBe(true);
});

test('a stream cut in two at any byte gives the same frames', () => {
  const payloads = [Buffer.from('a'), Buffer.alloc(0), Buffer.alloc(130, 1), Buffer.from('zz')];
  const stream = Buffer.concat(payloads.map((payload) => serverFrame(payload)));

  for (let cut = 0; cut <= stream.length; cut++) {
    const { seen, isAtBoundary } = parse([stream.subarray(0, cut), stream.subarray(cut)]);
    expect(seen, `cut at ${cut}`).toEqual(expected(payloads));
    expect(isAtBoundary).toBe(true);
  }
});

test('a stream that arrives byte by byte gives the same frames', () => {
  const stream = Buffer.concat(PAYLOADS.map((payload) => serverFrame(payload)));

  const { seen } = parse(Array.from(stream, (byte) => Buffer.of(byte)));

  expect(seen).toEqual(expected(PAYLOADS));
});

test('a chunk that ends inside a frame leaves the parser off the boundary', () => {
  const frame = serverFrame(Buffer.from('hello'));

  for (let cut = 1; cut < frame.length; cut++) expect(parse([frame.subarray(0, cut)]).isAtBoundary).toBe(false);
});

test('of a payload in pieces past the limit only the beginning is kept, and the next frame is still found', () => {
  const long = serverFrame(Buffer.alloc(100_000, 'x'));

  const { seen } = parse([long.subarray(0, 1000), long.subarray(1000), serverFrame(Buffer.from('next'))], 16);

  expect(seen).toEqual([
    { opcode: Opcode.Binary, payload: 'x'.repeat(16), length: 100_000 },
    { opcode: Opcode.Binary, payload: 'next', length: 4 },
  ]);
});

test('fragmented, compressed and masked frames are errors, not miscounts', () => {
  expect(() => parse([Buffer.of(0x02, 1, 0)])).toThrow('fragmented or compressed');
  expect(() => parse([Buffer.of(0xc2, 1, 0)])).toThrow('fragmented or compressed');
  expect(() => parse([Buffer.of(0x82, 0x81, 0, 0, 0, 0, 0)])).toThrow('masked');
});
