import { ChunkMemo } from './chunk-memo.ts';
import { DeliveryBoard } from './delivery-board.ts';
import { type Dialect, DocumentAddress } from './document-address.ts';
import { presenceMessage, updateMessage } from './messages.ts';
import { EchoFrames, PresenceEcho } from './presence-echo.ts';
import { SyncClient, type Traffic } from './sync-client.ts';
import { type CharacterId, OwnWords, type Typist } from './typing.ts';

/** Sockets opened at the same time, so that a suite that is not about joining does not overrun a listen queue. */
const OPEN_AT_ONCE = 50;

const OWN_WORDS = new OwnWords();

export interface FleetOptions {
  /** Where the clients of each document connect, one after the other; the first of them write. */
  readonly ports: readonly number[];
  /** What is spoken there. Default: `y-websocket` */
  readonly dialect?: Dialect | undefined;
  /** One document per path. */
  readonly paths: readonly string[];
  readonly clientsPerDocument: number;
  /** The first so many clients of each document write. */
  readonly writersPerDocument: number;
  /** Receivers, over all documents, that measure latency. */
  readonly latencyReceivers: number;
  /** Whether writers, who are told of their own updates, are none of them. Default: they may be */
  readonly onlyOthersMeasure?: boolean | undefined;
  readonly firstClientId: number;
  /** What the writers send. Default: `edits`, which everybody gets back; of presence, only others are to hear. */
  readonly traffic?: Traffic | undefined;
  /** Whether everybody sends others' presence back. Default: no */
  readonly echoes?: boolean | undefined;
  /** Whom {@link Fleet.prepare} asks what comes next. Default: everybody types on at the end of their own words */
  readonly typist?: Typist | undefined;
  readonly onEcho?: ((writer: number, known: number) => void) | undefined;
}

/** Clients spread over documents, some of which write. Writers are numbered through all documents. */
export class Fleet {
  readonly board: DeliveryBoard;
  readonly #options: FleetOptions;
  readonly #addresses: readonly DocumentAddress[];
  readonly #clients: SyncClient[] = [];
  readonly #writers: SyncClient[] = [];
  readonly #clocks: number[] = [];
  #isClosing = false;
  /** Updates sent so far. */
  sent = 0;
  /** Connections the server ended. */
  lost = 0;

  private constructor(options: FleetOptions) {
    this.#options = options;
    this.#addresses = options.paths.map((path) => new DocumentAddress(path, options.dialect));
    this.board = new DeliveryBoard({
      firstClientId: options.firstClientId,
      writers: options.writersPerDocument * options.paths.length,
      onEcho: options.onEcho,
    });
  }

  /** Connects everyone and waits until all are synced. */
  static async open(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options);
    const {
      ports,
      paths,
      clientsPerDocument,
      writersPerDocument,
      latencyReceivers,
      onlyOthersMeasure = false,
      traffic: counts,
      echoes = false,
    } = options;
    const measurers = paths.length * (clientsPerDocument - (onlyOthersMeasure ? writersPerDocument : 0));
    const everyNth = Math.max(1, Math.floor(measurers / Math.max(1, latencyReceivers)));
    let measurer = 0;
    let opening: Promise<void>[] = [];
    for (const [document, address] of fleet.#addresses.entries()) {
      // What a chunk asks for must be done for each client: of one who answers, none is skipped.
      const memo = echoes ? undefined : new ChunkMemo();
      const frames = new EchoFrames(address);
      for (let i = 0; i < clientsPerDocument; i++) {
        const writer = i < writersPerDocument ? document * writersPerDocument + i : undefined;
        const measures = !(onlyOthersMeasure && writer !== undefined) && measurer++ % everyNth === 0;
        const onRuns = fleet.board.receiver(measures, writer, counts !== 'presence');
        const port = ports[i % ports.length] as number;
        const ownClientId = writer === undefined ? undefined : options.firstClientId + writer;
        const echo = echoes ? new PresenceEcho(frames, ownClientId) : undefined;
        const client = new SyncClient({ port, address, counts, onRuns, echo, memo, onClose: () => fleet.#onClose() });
        fleet.#clients.push(client);
        if (writer !== undefined) fleet.#writers[writer] = client;
        opening.push(client.joined);
        if (opening.length === OPEN_AT_ONCE) {
          await Promise.all(opening);
          opening = [];
        }
      }
    }
    await Promise.all(opening);
    fleet.#clocks.push(...fleet.#writers.map(() => 0));
    return fleet;
  }

  get writers(): number {
    return this.#writers.length;
  }

  /** Updates that are to be delivered in the end: everyone gets everything, of edits the sender included. */
  get expected(): number {
    const { clientsPerDocument, traffic } = this.#options;
    return this.sent * (traffic === 'presence' ? clientsPerDocument - 1 : clientsPerDocument);
  }

  /** The next `count` updates of a writer, as frames ready to be sent. */
  prepare(writer: number, count = 1): Buffer {
    const frames: Buffer[] = [];
    const client = this.#options.firstClientId + writer;
    const address = this.#addresses[Math.floor(writer / this.#options.writersPerDocument)] as DocumentAddress;
    for (let i = 0; i < count; i++) {
      const clock = this.#clocks[writer] ?? 0;
      this.#clocks[writer] = clock + 1;
      frames.push(address.frame(this.#message({ client, clock })));
    }
    return frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames);
  }

  #message(id: CharacterId): Uint8Array {
    const { traffic, typist = OWN_WORDS } = this.#options;
    return traffic === 'presence' ? presenceMessage(id.client, id.clock + 1) : updateMessage(typist.type(id));
  }

  /** Sends what {@link prepare} made; `firstClock` is the clock of its first update. */
  send(writer: number, frames: Buffer, firstClock: number, count = 1): void {
    const now = performance.now();
    for (let i = 0; i < count; i++) this.board.sent(writer, firstClock + i, now);
    this.sent += count;
    this.#writers[writer]?.send(frames);
  }

  /** Waits until everything expected has arrived, or until `timeoutMs` have passed without it. */
  async drain(timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs;
    while (this.board.delivered < this.expected && this.lost === 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  #onClose(): void {
    if (!this.#isClosing) this.lost++;
  }
}
