import type { Buffer } from 'node:buffer';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { RawClient } from '../support/raw-client.ts';

/** Message types of the Hocuspocus protocol. */
const SYNC = 0;
const AUTH = 2;
const SYNC_STATUS = 8;
/** Kinds of sync messages. */
const STEP_1 = 0;
const UPDATE = 2;

/**
 * Somebody who only writes, and knows which edits were called saved: a Hocuspocus connection without the provider, whose
 * acknowledgements come in the order of its updates. It dies with its connection and sends nothing again, so what was
 * acknowledged is the server's to keep.
 */
export class SavedWriter implements AsyncDisposable {
  readonly documentName: string;
  readonly doc = new Y.Doc();
  readonly #client: RawClient;
  readonly #unsaved: Uint8Array[] = [];
  readonly #acknowledged: Uint8Array[] = [];

  private constructor(client: RawClient, documentName: string) {
    this.#client = client;
    this.documentName = documentName;
    client.socket.on('message', (data) => this.#take(new Uint8Array(data as Buffer)));
    this.doc.on('update', (update: Uint8Array) => {
      this.#unsaved.push(update);
      client.send(
        this.#frame(SYNC, (encoder) => {
          encoding.writeVarUint(encoder, UPDATE);
          encoding.writeVarUint8Array(encoder, update);
        }),
      );
    });
  }

  static async connect(url: string, documentName: string): Promise<SavedWriter> {
    const client = await RawClient.connect(url);
    const writer = new SavedWriter(client, documentName);
    client.send(
      writer.#frame(AUTH, (encoder) => {
        encoding.writeVarUint(encoder, 0);
        encoding.writeVarString(encoder, 'a token');
      }),
    );
    // Acknowledgements begin with the sync that every client asks for.
    client.send(
      writer.#frame(SYNC, (encoder) => {
        encoding.writeVarUint(encoder, STEP_1);
        encoding.writeVarUint8Array(encoder, Y.encodeStateVector(writer.doc));
      }),
    );
    return writer;
  }

  /** Whether the connection is there; once it is not, nothing more is sent. */
  get isAlive(): boolean {
    return this.#client.socket.readyState === this.#client.socket.OPEN;
  }

  /** How many updates nobody called saved yet. */
  get unacknowledged(): number {
    return this.#unsaved.length;
  }

  /** The updates that were called saved since the last call. */
  takeAcknowledged(): readonly Uint8Array[] {
    return this.#acknowledged.splice(0);
  }

  #frame(type: number, write: (encoder: encoding.Encoder) => void): Uint8Array {
    return encoding.encode((encoder) => {
      encoding.writeVarString(encoder, this.documentName);
      encoding.writeVarUint(encoder, type);
      write(encoder);
    });
  }

  #take(message: Uint8Array): void {
    if (message.length === 1) return; // a keep-alive
    const decoder = decoding.createDecoder(message);
    decoding.readVarString(decoder);
    if (decoding.readVarUint(decoder) !== SYNC_STATUS || decoding.readVarUint(decoder) !== 1) return;
    this.#acknowledged.push(...this.#unsaved.splice(0, 1));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }
}
