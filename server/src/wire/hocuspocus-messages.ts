import { HOCUSPOCUS_PING, HocuspocusAuth, HocuspocusType } from '@headwater/protocol';
import * as encoding from 'lib0/encoding';
import { finishedFrame } from './message-framing.ts';
import { PING_FRAME } from './websocket-frame.ts';

/** A Hocuspocus provider counts messages, not pings, and answers this one. */
export const HOCUSPOCUS_HEARTBEAT: Uint8Array = Buffer.concat([PING_FRAME, finishedFrame(HOCUSPOCUS_PING)]);

export function acceptedMessage(address: string, isReadOnly: boolean): Uint8Array {
  return message(address, (encoder) => {
    encoding.writeVarUint(encoder, HocuspocusType.Auth);
    encoding.writeVarUint(encoder, HocuspocusAuth.Accepted);
    encoding.writeVarString(encoder, isReadOnly ? 'readonly' : 'read-write');
  });
}

export function askForTokenMessage(address: string): Uint8Array {
  return message(address, (encoder) => {
    encoding.writeVarUint(encoder, HocuspocusType.Auth);
    encoding.writeVarUint(encoder, HocuspocusAuth.AskForToken);
  });
}

export function deniedMessage(address: string, reason: string): Uint8Array {
  return message(address, (encoder) => {
    encoding.writeVarUint(encoder, HocuspocusType.Auth);
    encoding.writeVarUint(encoder, HocuspocusAuth.Denied);
    encoding.writeVarString(encoder, reason);
  });
}

/** As many messages as there are updates to settle: a provider counts them. */
export function syncStatusMessages(address: string, isSaved: boolean, count: number): Uint8Array {
  const one = message(address, (encoder) => {
    encoding.writeVarUint(encoder, HocuspocusType.SyncStatus);
    encoding.writeVarUint(encoder, isSaved ? 1 : 0);
  });
  return count === 1 ? one : Buffer.concat(Array.from({ length: count }, () => one));
}

function message(address: string, write: (encoder: encoding.Encoder) => void): Uint8Array {
  const payload = encoding.encode((encoder) => {
    encoding.writeVarString(encoder, address);
    write(encoder);
  });
  return finishedFrame(payload);
}
