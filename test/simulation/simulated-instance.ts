import { RemoteStore } from '../../persistence/src/remote/remote-store.ts';
import { Compactor } from '../../server/src/documents/compactor.ts';
import { FlushScheduler } from '../../server/src/documents/flush-scheduler.ts';
import type { HostedDocument } from '../../server/src/documents/hosted-document.ts';
import { DocumentRegistry } from '../../server/src/documents/registry.ts';
import { Sweep } from '../../server/src/documents/sweep.ts';
import type { ResolvedServerOptions } from '../../server/src/options.ts';
import { InThreadWorkers } from '../server/support.ts';
import type { SimulatedRelay } from '../support/simulated-relay.ts';
import { isNobodyThere, type SimulatedCluster } from './simulated-cluster.ts';
import { VirtualProcess, type VirtualTime } from './virtual-time.ts';

const LOOK_EVERY_MS = 200;
const SHUTDOWN_TIMEOUT_MS = 1_000;

export interface InstanceWatcher {
  /** It has logged an error. */
  complained(message: string, error: unknown): void;
  ended(instance: SimulatedInstance): void;
}

interface Opened {
  readonly store: RemoteStore;
  readonly registry: DocumentRegistry;
}

/** One process: everything in it but sockets and threads is what runs in earnest. */
export class SimulatedInstance {
  readonly process: VirtualProcess;
  readonly relay: SimulatedRelay;
  readonly #cluster: SimulatedCluster;
  readonly #options: ResolvedServerOptions;
  readonly #watcher: InstanceWatcher;
  readonly #opened: Promise<Opened>;
  #sweep: Sweep | undefined;

  constructor(time: VirtualTime, cluster: SimulatedCluster, options: ResolvedServerOptions, watcher: InstanceWatcher) {
    this.process = new VirtualProcess(time);
    this.#cluster = cluster;
    this.#options = options;
    this.#watcher = watcher;
    const arrives = this.process.after.bind(this.process);
    this.relay = time.inProcess(this.process, () => cluster.network.join(arrives));
    this.#opened = new Promise((resolve) => {
      this.process.after(0, () => resolve(this.#open()));
    });
  }

  /** Opens a document, from within the process. */
  async open(documentName: string): Promise<HostedDocument> {
    return (await this.#opened).registry.open(documentName);
  }

  /** Deletes a document, from within the process. */
  async delete(documentName: string): Promise<void> {
    await (await this.#opened).registry.delete(documentName);
  }

  /** `SIGTERM`: saves what it can in its time, and says goodbye. */
  stop(): void {
    this.process.after(0, () => void this.#stop());
  }

  /** `kill -9`. */
  kill(): void {
    if (this.process.isDead) return;
    this.process.kill();
    this.relay.die();
    this.#cluster.processEnded(this.process);
    this.#watcher.ended(this);
  }

  async #open(): Promise<Opened> {
    const store = await this.#openStore();
    const complain = (fields: object, message: string): void => {
      if ('err' in fields) this.#watcher.complained(message, fields.err);
    };
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: complain };
    const sweep = new Sweep(store, logger);
    this.#sweep = sweep;
    const workers = new InThreadWorkers();
    const registry = new DocumentRegistry({
      store,
      workers,
      compactor: new Compactor(store, workers, Date.now),
      scheduler: new FlushScheduler(),
      cluster: { relay: this.relay, sweep },
      options: this.#options,
      logger,
      now: Date.now,
    });
    return { store, registry };
  }

  async #openStore(): Promise<RemoteStore> {
    const onFound = (): void => this.#sweep?.soon();
    for (;;) {
      try {
        return await RemoteStore.open(this.#cluster.findFrom(this.process), { onFound });
      } catch (error) {
        if (!isNobodyThere(error)) throw error;
        await wait(LOOK_EVERY_MS);
      }
    }
  }

  async #stop(): Promise<void> {
    const { store, registry } = await this.#opened;
    await Promise.race([registry.saveAll(), wait(SHUTDOWN_TIMEOUT_MS)]);
    await this.relay.close();
    this.#sweep?.close();
    registry.close();
    await store.close().catch(() => {}); // what could not be saved was not acknowledged
    this.kill();
  }
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
