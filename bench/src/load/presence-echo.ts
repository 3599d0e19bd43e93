import * as encoding from 'lib0/encoding';
import { ByteCursor } from './byte-cursor.ts';
import type { DocumentAddress } from './document-address.ts';
import { awarenessStates } from './messages.ts';

const cursor = new ByteCursor();

/**
 * What a stock `y-websocket` client does with others' presence: it sends every state that was new to it back to the server.
 * Nearly all of that is stale when it arrives, and with a hundred clients there is a hundred times as much of it as of moves.
 */
export class PresenceEcho {
  readonly #frames: EchoFrames;
  readonly #ownClientId: number | undefined;
  readonly #clocks = new Map<number, number>();

  /** @param ownClientId - whose state this client makes itself, and does not learn from others */
  constructor(frames: EchoFrames, ownClientId: number | undefined) {
    this.#frames = frames;
    this.#ownClientId = ownClientId;
  }

  /** The frame to be sent in answer to an awareness update; none when it brings nothing new. */
  answerTo(bytes: Uint8Array, start: number, end: number): Buffer | undefined {
    const fresh = this.freshIn(bytes, start, end);
    return fresh && this.#frames.of(fresh);
  }

  /** The part of an awareness update that was new, itself an update. It may lie in `bytes`. */
  freshIn(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    cursor.bytes = bytes;
    cursor.at = start;
    const fresh: Uint8Array[] = [];
    const count = cursor.varUint();
    for (let left = count; left > 0; left--) {
      const from = cursor.at;
      const client = cursor.varUint();
      const clock = cursor.varUint();
      cursor.skipBytes();
      if (client === this.#ownClientId || clock <= (this.#clocks.get(client) ?? 0)) continue;
      this.#clocks.set(client, clock);
      fresh.push(bytes.subarray(from, cursor.at));
    }
    if (fresh.length === 0) return undefined;
    return fresh.length === count ? bytes.subarray(start, end) : updateOf(fresh);
  }
}

function updateOf(states: readonly Uint8Array[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, states.length);
  for (const state of states) encoding.writeUint8Array(encoder, state);
  return encoding.toUint8Array(encoder);
}

const REMEMBERED = 64;

/** Most clients of a document echo the same bytes, so those are made a frame once: the load's time is not what is measured. */
export class EchoFrames {
  readonly #address: DocumentAddress;
  readonly #recent: { readonly update: Buffer; readonly frame: Buffer }[] = [];
  #next = 0;

  constructor(address: DocumentAddress) {
    this.#address = address;
  }

  of(update: Uint8Array): Buffer {
    const known = this.#recent.find((each) => each.update.equals(update));
    if (known) return known.frame;
    const frame = this.#address.frame(awarenessStates(update));
    this.#recent[this.#next] = { update: Buffer.from(update), frame };
    this.#next = (this.#next + 1) % REMEMBERED;
    return frame;
  }
}
