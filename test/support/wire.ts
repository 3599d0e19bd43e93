import * as encoding from 'lib0/encoding';

/**
 * Frames of `y-websocket` built with lib0 alone, straight from the description of the wire and with no code of ours: what
 * the server understands is compared with what is written down, not with itself.
 */
function frame(write: (encoder: encoding.Encoder) => void): Uint8Array {
  return encoding.encode(write);
}

/** Sync message of a kind: 0 step 1, 1 step 2, 2 update. */
function syncFrame(kind: number, body: Uint8Array): Uint8Array {
  return frame((encoder) => {
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarUint(encoder, kind);
    encoding.writeVarUint8Array(encoder, body);
  });
}

/** "Here is my state vector"; an empty one by default. */
export const syncStep1 = (stateVector: Uint8Array = Uint8Array.of(0)): Uint8Array => syncFrame(0, stateVector);

/** One update. */
export const updateFrame = (update: Uint8Array): Uint8Array => syncFrame(2, update);

/** Awareness states; a state of `null` says the client has gone. */
export function awarenessFrame(states: readonly { clientId: number; clock: number; state: unknown }[]): Uint8Array {
  const body = frame((encoder) => {
    encoding.writeVarUint(encoder, states.length);
    for (const { clientId, clock, state } of states) {
      encoding.writeVarUint(encoder, clientId);
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarString(encoder, JSON.stringify(state));
    }
  });
  return frame((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint8Array(encoder, body);
  });
}

/** "Who is here?" */
export const queryAwarenessFrame = (): Uint8Array => Uint8Array.of(3);
