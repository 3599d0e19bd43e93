import { decodeHocuspocusFrame } from '@headwater/protocol';
import { HOCUSPOCUS_HEARTBEAT } from '../wire/hocuspocus-messages.ts';
import type { Dialect, DialectSurroundings, Link } from './dialect.ts';
import { HocuspocusReplies } from './hocuspocus-replies.ts';
import { SessionTable } from './session-table.ts';

/**
 * `@hocuspocus/provider` 4: a connection carries a session for each document its application has open. Every frame begins
 * with an address; a session begins with a token, accepted or not, and ends with a message of its own
 * (docs/protocol.md, "Hocuspocus").
 */
export class HocuspocusDialect implements Dialect {
  readonly documentName = undefined;
  readonly heartbeat = HOCUSPOCUS_HEARTBEAT;
  readonly #sessions: SessionTable;

  constructor(link: Link, around: DialectSurroundings) {
    this.#sessions = new SessionTable(link, around, (address) => new HocuspocusReplies(address, link));
  }

  get hasSession(): boolean {
    return this.#sessions.hasOpen;
  }

  handle(bytes: Uint8Array): void {
    const frame = decodeHocuspocusFrame(bytes);
    if (frame.kind === 'message') this.#sessions.handle(frame, bytes.length);
  }

  drained(): void {
    this.#sessions.drained();
  }

  silence(): void {
    this.#sessions.silence();
  }

  leave(): void {
    this.#sessions.leave();
  }
}
