import {
  type ClientHello,
  decodeHeadwaterClientFrame,
  encodePong,
  encodeRetry,
  encodeServerHello,
  PROTOCOL_VERSION,
  type RetryHint,
} from '@headwater/protocol';
import { SERVER_VERSION } from '../version.ts';
import { finishedFrame } from '../wire/message-framing.ts';
import { PING_FRAME } from '../wire/websocket-frame.ts';
import type { Dialect, DialectSurroundings, Link } from './dialect.ts';
import { HeadwaterReplies } from './headwater-replies.ts';
import { SessionTable } from './session-table.ts';

/**
 * Headwater's own client: a Hello, and then sessions as a Hocuspocus provider has them, which are told more
 * (docs/protocol.md, "Headwater's own dialect").
 */
export class HeadwaterDialect implements Dialect {
  readonly documentName = undefined;
  readonly heartbeat = PING_FRAME; // it asks for a sign of life itself
  readonly #link: Link;
  readonly #around: DialectSurroundings;
  readonly #sessions: SessionTable;

  constructor(link: Link, around: DialectSurroundings) {
    this.#link = link;
    this.#around = around;
    this.#sessions = new SessionTable(link, around, (address) => new HeadwaterReplies(address, link, around.now));
  }

  get hasSession(): boolean {
    return this.#sessions.hasOpen;
  }

  handle(bytes: Uint8Array): void {
    const frame = decodeHeadwaterClientFrame(bytes);
    switch (frame.kind) {
      case 'hello':
        this.#greet(frame);
        break;
      case 'ping':
        this.#say(encodePong(frame.id));
        break;
      case 'message':
        this.#sessions.handle(frame, bytes.length);
        break;
      case 'unknown':
        break; // its client is newer
    }
  }

  farewell(hint: RetryHint): Uint8Array {
    return finishedFrame(encodeRetry(hint));
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

  #greet({ version, client }: ClientHello): void {
    const { logger, options } = this.#around;
    logger.debug({ author: this.#link.author, client, version }, 'a client of our own');
    const { maxMessageBytes } = options;
    this.#say(
      encodeServerHello({ version: PROTOCOL_VERSION, maxMessageBytes, server: `headwater-server/${SERVER_VERSION}` }),
    );
  }

  /** A connection that is full is heard all the same, and a flood of questions is none of our memory. */
  #say(payload: Uint8Array): void {
    if (!this.#link.isFull) this.#link.send([finishedFrame(payload)]);
  }
}
