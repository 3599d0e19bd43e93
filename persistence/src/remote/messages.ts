import type { HeadwaterError } from '@headwater/protocol';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { boolean, bytes, type Codec, expectEnd, list, object, text, uint } from './codec.ts';
import { remoteError } from './value-codecs.ts';

/** The first varUint of every message. */
export const MessageKind = { Appends: 1, Outcomes: 2, Request: 3, Result: 4, Failure: 5, Health: 6 } as const;

/** One append on its way. */
export interface SentAppend {
  /** Its place among all appends of its client, from 1. */
  readonly number: number;
  /** The sequence it was written with by another host, which went before it was durable; 0: none that is known of. */
  readonly storedAs: number;
  /** What `encodeAppend` makes. */
  readonly change: Uint8Array;
}

/** The appends of a turn, in order. */
export interface Appends {
  /** The client has heard what became of all appends before this one. */
  readonly settledBefore: number;
  readonly appends: readonly SentAppend[];
}

export interface Settled {
  readonly number: number;
  readonly sequence: number;
}

export interface Failed {
  readonly number: number;
  /** It will never be stored; otherwise the host goes on trying. */
  readonly isFinal: boolean;
  readonly error: HeadwaterError;
}

/** What became of appends since the last message. */
export interface Outcomes {
  readonly written: readonly Settled[];
  readonly durable: readonly Settled[];
  readonly failed: readonly Failed[];
}

/** The call of a method. */
export interface Request {
  readonly id: number;
  readonly method: number;
}

/** How the host's store is. */
export interface HostHealth {
  readonly isDegraded: boolean;
  readonly reason: string;
}

const sentAppend = object<SentAppend>({ number: uint, storedAs: uint, change: bytes });
const settled = object<Settled>({ number: uint, sequence: uint });

export const appendsMessage = object<Appends>({ settledBefore: uint, appends: list(sentAppend) });
export const outcomesMessage = object<Outcomes>({
  written: list(settled),
  durable: list(settled),
  failed: list(object<Failed>({ number: uint, isFinal: boolean, error: remoteError })),
});
export const requestHead = object<Request>({ id: uint, method: uint });
export const healthMessage = object<HostHealth>({ isDegraded: boolean, reason: text });

/** A message of one value, or of a head and what follows it. */
export function encodeMessage<T>(kind: number, codec: Codec<T>, value: T): Uint8Array;
export function encodeMessage<T, R>(kind: number, codec: Codec<T>, value: T, rest: Codec<R>, more: R): Uint8Array;
export function encodeMessage<T, R>(kind: number, codec: Codec<T>, value: T, rest?: Codec<R>, more?: R): Uint8Array {
  return encoding.encode((encoder) => {
    uint.write(encoder, kind);
    codec.write(encoder, value);
    rest?.write(encoder, more as R);
  });
}

/** A message whose kind was read. */
export class OpenMessage {
  readonly kind: number;
  readonly #decoder: decoding.Decoder;

  constructor(message: Uint8Array) {
    this.#decoder = decoding.createDecoder(message);
    this.kind = uint.read(this.#decoder);
  }

  /** What comes next. */
  read<T>(codec: Codec<T>): T {
    return codec.read(this.#decoder);
  }

  /** The last thing in it. @throws Error when more follows */
  readLast<T>(codec: Codec<T>): T {
    const value = codec.read(this.#decoder);
    expectEnd(this.#decoder);
    return value;
  }
}
