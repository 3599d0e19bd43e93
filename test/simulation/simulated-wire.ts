import { Duplex } from 'node:stream';
import type { Random } from '../support/random.ts';
import type { VirtualProcess } from './virtual-time.ts';

const MAX_DELAY_MS = 6;
/** How long it takes until the other end learns that a connection has ended. */
const MAX_NOTICE_MS = 50;

/** One end of a connection, as a socket is: what is written arrives in order at the other end, in its process. */
export class WireEnd extends Duplex {
  readonly process: VirtualProcess;
  readonly #random: Random;
  other: WireEnd | undefined;
  /** Nothing arrives before. */
  heldUntilMs = 0;
  #lastArrivalMs = 0;

  constructor(process: VirtualProcess, random: Random) {
    super({ allowHalfOpen: true });
    this.process = process;
    this.#random = random;
    this.on('error', () => {}); // it may be cut before anybody listens
  }

  setNoDelay(): void {}

  /** Has something happen at the other end, after what was sent before. */
  tell(arrival: (end: WireEnd) => void, maxDelayMs = MAX_DELAY_MS): void {
    const { other } = this;
    if (other === undefined) return;
    const now = performance.now();
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.heldUntilMs, now + this.#random.below(maxDelayMs));
    other.process.after(this.#lastArrivalMs - now, () => arrival(other));
  }

  /** The connection ends; each end learns of it in its time. */
  cut(): void {
    for (const end of [this, this.other]) {
      end?.process.after(this.#random.below(MAX_NOTICE_MS), () => end.destroy(new Error('the connection was cut')));
    }
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.tell((end) => end.hear(chunk));
    done();
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: () => void): void {
    const together = Buffer.concat(chunks.map(({ chunk }) => chunk));
    this.tell((end) => end.hear(together));
    done();
  }

  override _final(done: () => void): void {
    this.tell((end) => end.hear(null));
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.tell((end) => end.destroy(), MAX_NOTICE_MS);
    done(error);
  }

  private hear(chunk: Buffer | null): void {
    if (!this.destroyed && !this.readableEnded) this.push(chunk);
  }
}

/** A connection between two processes. */
export function wireBetween(a: VirtualProcess, b: VirtualProcess, random: Random): readonly [WireEnd, WireEnd] {
  const ends = [new WireEnd(a, random), new WireEnd(b, random)] as const;
  [ends[0].other, ends[1].other] = [ends[1], ends[0]];
  return ends;
}
