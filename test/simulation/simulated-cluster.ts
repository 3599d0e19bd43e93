import { HeadwaterError } from '@headwater/protocol';
import { Channel } from '../../persistence/src/remote/channel.ts';
import type { HostLink } from '../../persistence/src/remote/host-link.ts';
import { HostSessions } from '../../persistence/src/remote/host-sessions.ts';
import type { FindStore, OpenedStore } from '../../persistence/src/remote/store-search.ts';
import { type Deferred, deferred } from '../server/deferred.ts';
import type { Random } from '../support/random.ts';
import { SimulatedNetwork } from '../support/simulated-relay.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedLevelStore } from './simulated-level-store.ts';
import { type WireEnd, wireBetween } from './simulated-wire.ts';
import type { VirtualProcess } from './virtual-time.ts';

/** So long an instance waits for the owner to answer. */
export const GREETING_MS = 5_000;
const OPENING_MS = 20;
/** An owner without the lock looks this often at most who has it. */
const RENEWAL_MS = 2_000;

/** The owner of the store, as it is announced to the others. */
interface Owner {
  readonly process: VirtualProcess;
  readonly store: SimulatedLevelStore;
  readonly sessions: HostSessions;
  readonly lost: Deferred<Error>;
}

/** What the instances of a cluster share: the relay, the data directory, and the ways to whoever has that open. */
export class SimulatedCluster {
  readonly network = new SimulatedNetwork();
  readonly disk = new SimulatedDisk();
  readonly #random: Random;
  #owner: Owner | undefined;
  /** Who does not see the owner, and gets the lock. */
  #seizer: VirtualProcess | undefined;
  /** The ends of the connections at those who ask the owner. */
  #wires: WireEnd[] = [];
  /** Who does not reach the owner, nor the data directory, and until when. */
  readonly #apart = new Map<VirtualProcess, number>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Who has the store open. */
  get owner(): VirtualProcess | undefined {
    return this.#owner?.process;
  }

  /** What `StoreSeeker` does: the owner is asked, and when it does not answer, LevelDB's lock decides. */
  findFrom(process: VirtualProcess): FindStore {
    return async ({ clientId, signal }) => {
      const owner = this.#owner;
      if (owner !== undefined && owner.process !== process && this.#seizer !== process) {
        const link = await this.#connect(process, owner, clientId);
        if (link !== undefined) return link;
      }
      this.#seizer = undefined;
      if (signal.aborted || this.#isApart(process) || !this.disk.lock(process)) return undefined;
      return this.#open(process);
    };
  }

  /** A process that has lost sight of the owner finds the lock free: the owner is opening its LevelDB anew. */
  seize(process: VirtualProcess): void {
    if (this.#owner === undefined || this.#owner.process === process) return;
    this.disk.unlock(this.#owner.process);
    this.#seizer = process;
    this.cutStore(process);
  }

  /** The other ends of its connections learn that it is gone. */
  processEnded(process: VirtualProcess): void {
    for (const end of this.#wiresOf(process)) end.cut();
  }

  /** Connections between an instance and the owner end. */
  cutStore(process: VirtualProcess): void {
    for (const end of this.#wiresOf(process)) end.cut();
  }

  /** For a while nothing gets through between an instance and the owner; then it arrives. */
  hold(process: VirtualProcess, ms: number): void {
    const untilMs = performance.now() + ms;
    this.#apart.set(process, untilMs);
    for (const end of this.#wiresOf(process)) {
      end.heldUntilMs = untilMs;
      if (end.other !== undefined) end.other.heldUntilMs = untilMs;
    }
  }

  #isApart(process: VirtualProcess): boolean {
    return (this.#apart.get(process) ?? 0) > performance.now();
  }

  #wiresOf(process: VirtualProcess): readonly WireEnd[] {
    this.#wires = this.#wires.filter((end) => !end.destroyed);
    return this.#wires.filter((end) => end.process === process || end.other?.process === process);
  }

  #connect(process: VirtualProcess, owner: Owner, clientId: string): Promise<HostLink | undefined> {
    if (this.#isApart(process) || this.#isApart(owner.process)) return wait(GREETING_MS);
    if (owner.process.isDead) return wait(OPENING_MS);
    const [near, far] = wireBetween(process, owner.process, this.#random);
    this.#wires.push(near);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        near.destroy();
        resolve(undefined);
      }, GREETING_MS);
      near.once('close', () => {
        clearTimeout(timer);
        resolve(undefined);
      });
      near.tell(() => {
        if (far.destroyed) return;
        const lastAppend = owner.sessions.lastAppendOf(clientId);
        far.tell(() => {
          clearTimeout(timer);
          const { storeId, epoch } = owner.store;
          resolve({ channel: new Channel(near, {}), storeId, epoch, lastAppend });
        });
        owner.sessions.welcome(clientId, new Channel(far, {}));
      });
    });
  }

  async #open(process: VirtualProcess): Promise<OpenedStore> {
    await wait(OPENING_MS);
    const store = new SimulatedLevelStore(this.disk, await this.disk.open(process), this.#random);
    const owner = { process, store, sessions: new HostSessions(store), lost: deferred<Error>() };
    const before = this.#owner;
    before?.process.after(this.#random.below(RENEWAL_MS), () => before.lost.resolve(new Error('it has another owner')));
    this.#owner = owner;
    return {
      store,
      whenLost: owner.lost.promise,
      close: async () => {
        owner.sessions.stopReading();
        await store.close();
        owner.sessions.end();
        if (this.#owner === owner) this.#owner = undefined;
      },
    };
  }
}

/** Whether somebody who looked for the store is to look again. */
export function isNobodyThere(error: unknown): boolean {
  return error instanceof HeadwaterError && error.code === 'HW_STORE_UNAVAILABLE';
}

async function wait(ms: number): Promise<undefined> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
