import {
  decodeHeadwaterServerFrame,
  EMPTY_STATE_VECTOR,
  encodeAddressedMessage,
  encodeClientHello,
  encodePing,
  type HeadwaterServerFrame,
  type HeadwaterServerMessage,
  type OutgoingMessage,
  PROTOCOL_VERSION,
} from '@headwater/protocol';
import { RawClient } from './raw-client.ts';

type Kind = HeadwaterServerMessage['kind'];
type MessageOf<K extends Kind> = HeadwaterServerMessage & { readonly kind: K };

/**
 * Speaks Headwater's own dialect word by word: it sends what a test says and nothing else. The bytes themselves are pinned in
 * test/protocol/headwater.test.ts.
 */
export class WireClient implements AsyncDisposable {
  readonly raw: RawClient;

  private constructor(raw: RawClient) {
    this.raw = raw;
  }

  /** Connects, says Hello and waits for the answer. */
  static async connect(url: string): Promise<WireClient> {
    const client = new WireClient(await RawClient.connect(url));
    client.raw.send(encodeClientHello({ version: PROTOCOL_VERSION, client: 'test/1' }));
    await client.nextFrame('hello');
    return client;
  }

  send(address: string, message: OutgoingMessage): void {
    this.raw.send(encodeAddressedMessage(address, message));
  }

  update(address: string, update: Uint8Array): void {
    this.send(address, { kind: 'update', update });
  }

  /** Asks for a document; waits until it is granted and everything of it has come. */
  async open(address: string, token = 't'): Promise<MessageOf<'granted'>> {
    this.send(address, { kind: 'token', token });
    const granted = await this.next(address, 'granted');
    this.send(address, { kind: 'sync-step-1', stateVector: EMPTY_STATE_VECTOR });
    await this.next(address, 'sync-step-2');
    return granted;
  }

  /** The next message of a kind about a session; what comes before it is passed over. */
  async next<K extends Kind>(address: string, kind: K): Promise<MessageOf<K>> {
    for (;;) {
      const frame = await this.#next();
      if (frame.kind === 'message' && frame.address === address && isOf(frame.message, kind)) return frame.message;
    }
  }

  /** The same for a frame about the connection. */
  async nextFrame<K extends HeadwaterServerFrame['kind']>(
    kind: K,
  ): Promise<HeadwaterServerFrame & { readonly kind: K }> {
    for (;;) {
      const frame = await this.#next();
      if (isOf(frame, kind)) return frame;
    }
  }

  /** By then everything it was sent before has arrived. */
  async roundTrip(): Promise<void> {
    this.raw.send(encodePing(this.raw.messages.length));
    await this.nextFrame('pong');
  }

  /** Every message of a kind about a session so far, also what was passed over. */
  all<K extends Kind>(address: string, kind: K): MessageOf<K>[] {
    return this.raw.messages
      .map((bytes) => decodeHeadwaterServerFrame(bytes))
      .flatMap((frame) => (frame.kind === 'message' && frame.address === address ? [frame.message] : []))
      .filter((message) => isOf(message, kind));
  }

  async #next(): Promise<HeadwaterServerFrame> {
    return decodeHeadwaterServerFrame(await this.raw.next());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.raw[Symbol.asyncDispose]();
  }
}

function isOf<T extends { readonly kind: string }, K extends T['kind']>(
  value: T,
  kind: K,
): value is T & { readonly kind: K } {
  return value.kind === kind;
}
