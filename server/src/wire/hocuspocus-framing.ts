import { HOCUSPOCUS_PING, HocuspocusAuth, HocuspocusType } from '@headwater/protocol';
import * as encoding from 'lib0/encoding';
import { finishedFrame, MessageFraming } from './message-framing.ts';
import { PING_FRAME } from './websocket-frame.ts';

/** A Hocuspocus provider counts messages, not pings, and answers this one. */
export const HOCUSPOCUS_HEARTBEAT: Uint8Array = Buffer.concat([PING_FRAME, finishedFrame(HOCUSPOCUS_PING)]);

/** What `@hocuspocus/provider` 4 reads: every message begins with the address its client gave it. */
export class HocuspocusFraming extends MessageFraming {
  readonly address: string;

  constructor(address: string, isShared = false) {
    super(
      'hocuspocus',
      encoding.encode((encoder) => encoding.writeVarString(encoder, address)),
      isShared,
    );
    this.address = address;
  }

  accepted(isReadOnly: boolean): Uint8Array {
    return this.#message((encoder) => {
      encoding.writeVarUint(encoder, HocuspocusType.Auth);
      encoding.writeVarUint(encoder, HocuspocusAuth.Accepted);
      encoding.writeVarString(encoder, isReadOnly ? 'readonly' : 'read-write');
    });
  }

  denied(reason: string): Uint8Array {
    return this.#message((encoder) => {
      encoding.writeVarUint(encoder, HocuspocusType.Auth);
      encoding.writeVarUint(encoder, HocuspocusAuth.Denied);
      encoding.writeVarString(encoder, reason);
    });
  }

  stateless(payload: string): Uint8Array {
    return this.#message((encoder) => {
      encoding.writeVarUint(encoder, HocuspocusType.Stateless);
      encoding.writeVarString(encoder, payload);
    });
  }

  /** As many messages as there are updates to settle: a provider counts them. */
  syncStatus(isSaved: boolean, count: number): Uint8Array {
    const one = this.#message((encoder) => {
      encoding.writeVarUint(encoder, HocuspocusType.SyncStatus);
      encoding.writeVarUint(encoder, isSaved ? 1 : 0);
    });
    return count === 1 ? one : Buffer.concat(Array.from({ length: count }, () => one));
  }

  #message(write: (encoder: encoding.Encoder) => void): Uint8Array {
    const payload = encoding.encode((encoder) => {
      encoding.writeVarString(encoder, this.address);
      write(encoder);
    });
    return finishedFrame(payload);
  }
}
