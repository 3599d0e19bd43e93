import type { WebSocket } from 'ws';
import { EMPTY_STATE_VECTOR, EMPTY_UPDATE, MessageType, SyncKind, syncStep1, syncStep2 } from '../load/messages.ts';

/** Members of each document, by path. */
export class Rooms<Room> {
  readonly #rooms = new Map<string, Room>();
  readonly #create: () => Room;

  constructor(create: () => Room) {
    this.#create = create;
  }

  of(path: string): Room {
    let room = this.#rooms.get(path);
    if (room === undefined) {
      room = this.#create();
      this.#rooms.set(path, room);
    }
    return room;
  }
}

const STEP_1 = syncStep1(EMPTY_STATE_VECTOR);
const STEP_2 = syncStep2(EMPTY_UPDATE);

/**
 * The part of the handshake a relay cannot do without, or clients never count as joined: it asks for their state, as
 * every server does, and says it has none. Returns whether the message was part of the handshake; what clients answer
 * is read and forgotten, because handing it on would make a hundred joins cost ten thousand messages.
 */
export function handshake(socket: WebSocket, message: Buffer): boolean {
  if (message[0] !== MessageType.Sync || message[1] === SyncKind.Update) return false;
  if (message[1] === SyncKind.Step1) {
    socket.send(STEP_1);
    socket.send(STEP_2);
  }
  return true;
}
