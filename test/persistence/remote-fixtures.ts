import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type DocumentStore, RemoteStore, StoreHost } from '@headwater/persistence';
import { onTestFinished } from 'vitest';
import type { LinkOptions, RemoteStoreOptions } from '../../persistence/src/remote/remote-store.ts';
import type { StoreHostOptions } from '../../persistence/src/remote/store-host.ts';
import { text } from './level-fixtures.ts';

export const SECRET = 'a secret of the tests';

/** Sooner than in a network, and late enough for a machine that has much else to do. */
export const QUICK = { heartbeatMs: 50, silenceMs: 3_000, greetingMs: 500, attemptMs: 10_000, seekMaxMs: 50 };

/** Serves a store until the test is over. */
export async function serve(
  store: DocumentStore & { readonly storeId: string },
  options: Partial<StoreHostOptions> = {},
): Promise<StoreHost> {
  const host = await StoreHost.start(store, { storeId: store.storeId, secret: SECRET, ...options });
  onTestFinished(() => host.close());
  return host;
}

/** Opens the store that is served on a port; it closes with the test. */
export async function connectTo(
  port: number,
  options: RemoteStoreOptions & Partial<LinkOptions> = {},
): Promise<RemoteStore> {
  const store = await RemoteStore.connect({ host: '127.0.0.1', port }, { secret: SECRET, ...QUICK, ...options });
  onTestFinished(() => store.close().catch(() => {})); // a test that leaves something unsaved says so itself
  return store;
}

/** The two ends of a connection. */
export async function socketPair(): Promise<readonly [Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise((resolve) => server.once('listening', resolve));
  const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const far = await accepted;
  server.close();
  onTestFinished(() => {
    near.destroy();
    far.destroy();
  });
  return [near, far];
}

/** Appends `name:n` for each n of a range, and says what became of each. */
export function appendRange(store: DocumentStore, name: string, from: number, count: number): AppendedText[] {
  return Array.from({ length: count }, (_, index) => new AppendedText(store, name, `${name}:${from + index}`));
}

/** An append of a text, and what is known of it. */
export class AppendedText {
  readonly text: string;
  /** The sequence it was written with, and became durable with. */
  written: number | undefined;
  durable: number | undefined;
  writeError: Error | undefined;
  readonly whenWritten: Promise<number>;
  readonly whenDurable: Promise<number>;

  constructor(store: DocumentStore, name: string, value: string) {
    this.text = value;
    const { written, durable } = store.append(name, text(value));
    this.whenWritten = written;
    this.whenDurable = durable;
    written.then(
      (sequence) => {
        this.written = sequence;
      },
      (error: Error) => {
        this.writeError = error;
      },
    );
    durable.then(
      (sequence) => {
        this.durable = sequence;
      },
      () => {},
    );
  }
}
