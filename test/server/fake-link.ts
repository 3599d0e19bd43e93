import { decodeHeadwaterServerFrame, type HeadwaterError } from '@headwater/protocol';
import type { Link } from '../../server/src/connection/dialect.ts';
import { payloadsOf } from './support.ts';

/** A connection that is as full as a test says, and remembers what it was given. */
export class FakeLink implements Link {
  readonly author = 'ada';
  readonly visitor = { headers: {}, parameters: new URLSearchParams(), remoteAddress: undefined };
  isFull = false;
  closedWith: HeadwaterError | undefined;
  readonly #sent: Uint8Array[] = [];

  send(buffers: readonly Uint8Array[]): boolean {
    if (this.isFull) throw new Error('sent while full');
    this.#sent.push(...buffers);
    return !this.isFull;
  }

  close(error: HeadwaterError): void {
    this.closedWith = error;
  }

  isResponsive(): Promise<boolean> {
    return Promise.resolve(true);
  }

  release(): void {}

  get payloads(): Uint8Array[] {
    return payloadsOf(Buffer.concat(this.#sent));
  }

  /** The same, as a client of Headwater's own dialect reads it. */
  get told(): unknown[] {
    return this.payloads.map((payload) => {
      const frame = decodeHeadwaterServerFrame(payload);
      return frame.kind === 'message' ? frame.message : frame;
    });
  }

  get kinds(): unknown[] {
    return this.told.map((message) => (message as { kind: string }).kind);
  }
}
