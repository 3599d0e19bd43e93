import * as encoding from 'lib0/encoding';

/** The y-websocket messages the harness speaks: the first two varUints of a frame. */
export const MessageType = { Sync: 0, Awareness: 1 } as const;
export const SyncKind = { Step1: 0, Step2: 1, Update: 2 } as const;

/** The state vector of a document that holds nothing, and the update that adds nothing. */
export const EMPTY_STATE_VECTOR = Uint8Array.of(0);
export const EMPTY_UPDATE = Uint8Array.of(0, 0);

function syncMessage(kind: number, body: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, MessageType.Sync);
  encoding.writeVarUint(encoder, kind);
  encoding.writeVarUint8Array(encoder, body);
  return encoding.toUint8Array(encoder);
}

/** "Here is my state vector." */
export const syncStep1 = (stateVector: Uint8Array): Uint8Array => syncMessage(SyncKind.Step1, stateVector);

/** "Here is what you lack." */
export const syncStep2 = (update: Uint8Array): Uint8Array => syncMessage(SyncKind.Step2, update);

/** One edit. */
export const updateMessage = (update: Uint8Array): Uint8Array => syncMessage(SyncKind.Update, update);

/** Where a client is, as an editor's plugin says it; clocks count from 1. */
export const presenceMessage = (clientId: number, clock: number): Uint8Array =>
  awarenessMessage(clientId, clock, {
    user: { name: `Writer ${clientId % 1000}`, color: '#30bced', colorLight: '#30bced33' },
    cursor: { anchor: clock, head: clock },
  });

/** One client's awareness state. */
export function awarenessMessage(clientId: number, clock: number, state: unknown): Uint8Array {
  const states = encoding.createEncoder();
  encoding.writeVarUint(states, 1);
  encoding.writeVarUint(states, clientId);
  encoding.writeVarUint(states, clock);
  encoding.writeVarString(states, JSON.stringify(state));
  return awarenessStates(encoding.toUint8Array(states));
}

/** An awareness update as a message. */
export function awarenessStates(update: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, MessageType.Awareness);
  encoding.writeVarUint8Array(encoder, update);
  return encoding.toUint8Array(encoder);
}
