import type { StatelessMessage } from '@headwater/server';
import {
  HocuspocusProvider,
  type HocuspocusProviderConfiguration,
  HocuspocusProviderWebsocket,
} from '@hocuspocus/provider';
import { WebSocket as NodeWebSocket } from 'ws';
import * as Y from 'yjs';

/** A socket of the `@hocuspocus/provider` package. Only the WebSocket (`ws`, as Node 20 has none) and the delays are ours. */
export function hocuspocusSocket(url: string): HocuspocusProviderWebsocket {
  return new HocuspocusProviderWebsocket({
    url,
    WebSocketPolyfill: NodeWebSocket,
    minDelay: 50,
    delay: 50,
    maxDelay: 200,
  });
}

type Extra = Partial<Omit<HocuspocusProviderConfiguration, 'name' | 'document' | 'websocketProvider'>>;

/** What a server does with stateless messages that {@link HocuspocusClient.roundTrip} needs. */
export function echo({ payload, reply }: StatelessMessage): void {
  reply(payload);
}

/** The unmodified `@hocuspocus/provider`, as an application uses it. */
export class HocuspocusClient implements AsyncDisposable {
  readonly doc: Y.Doc;
  readonly provider: HocuspocusProvider;
  readonly socket: HocuspocusProviderWebsocket;
  readonly #ownsSocket: boolean;
  /** Why access was denied, each time. */
  readonly denials: string[] = [];
  readonly statelessPayloads: string[] = [];
  readonly closeCodes: number[] = [];

  constructor(
    socket: HocuspocusProviderWebsocket | string,
    name: string,
    { doc, ...extra }: Extra & { doc?: Y.Doc } = {},
  ) {
    this.doc = doc ?? new Y.Doc();
    this.#ownsSocket = typeof socket === 'string';
    this.socket = typeof socket === 'string' ? hocuspocusSocket(socket) : socket;
    this.provider = new HocuspocusProvider({
      token: 'a token',
      ...extra,
      name,
      document: this.doc,
      websocketProvider: this.socket,
      onAuthenticationFailed: ({ reason }) => this.denials.push(reason),
      onStateless: ({ payload }) => this.statelessPayloads.push(payload),
      onClose: ({ event }) => this.closeCodes.push(event.code),
    });
    this.provider.attach();
  }

  get text(): Y.Text {
    return this.doc.getText('text');
  }

  /** Waits until the provider says that it has the server's state. */
  async synced(): Promise<this> {
    await this.until(() => this.provider.synced, 'the provider to be synced');
    return this;
  }

  /**
   * Sends text and waits for the answer of a server that echoes stateless messages: by then everything has arrived that it sent
   * before, and everything it was sent before has been handled.
   */
  async roundTrip(): Promise<void> {
    const trips = this.statelessPayloads.length;
    this.provider.sendStateless(`round trip ${trips}`);
    await this.until(() => this.statelessPayloads.length > trips, 'the echo');
  }

  async until(isMet: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!isMet()) {
      if (performance.now() > deadline) throw new Error(`timed out after ${timeoutMs} ms waiting for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.provider.destroy();
    if (this.#ownsSocket) this.socket.destroy();
    this.doc.destroy();
  }
}
