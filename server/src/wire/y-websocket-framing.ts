import { KEEP_ALIVE } from '@headwater/protocol';
import { finishedFrame, MessageFraming } from './message-framing.ts';
import { PING_FRAME } from './websocket-frame.ts';

/** Stock `y-websocket`: no address (docs/protocol.md, "Framing"). */
export const yWebsocketFraming = new MessageFraming('y-websocket', new Uint8Array(), true);

/** A stock client does not count pings: 30 s without a message and it reconnects, so an empty awareness goes along. */
export const Y_WEBSOCKET_HEARTBEAT: Uint8Array = Buffer.concat([PING_FRAME, finishedFrame(KEEP_ALIVE)]);
