import type { Reopened, StoreDisk } from '../../persistence/src/level-disk.ts';
import type { LevelDatabase, Operation } from '../../persistence/src/level-open.ts';

type Step = 'write' | 'sync' | 'reopen';

/** A real disk that fails when told to, and remembers what was asked of it. */
export class FaultyDisk implements StoreDisk {
  readonly #disk: StoreDisk;
  readonly #faults = new Map<Step, () => Error | undefined>();
  /** Every call, with the number of operations of a write. */
  readonly calls: { readonly step: Step; readonly operations: number; readonly isFailed: boolean }[] = [];
  #whenCalled: (() => void) | undefined;
  /** Runs while the store believes it is closing and opening LevelDB. */
  beforeReopen: (() => Promise<void>) | undefined;

  constructor(disk: StoreDisk) {
    this.#disk = disk;
  }

  /** Lets a step fail as long as `next` gives an error. */
  fail(step: Step, next: () => Error | undefined): void {
    this.#faults.set(step, next);
  }

  /** Lets a step fail this many times. */
  failTimes(step: Step, times: number, error: Error = new Error(`EIO: ${step}`)): void {
    let left = times;
    this.fail(step, () => {
      left -= 1;
      return left >= 0 ? error : undefined;
    });
  }

  repair(): void {
    this.#faults.clear();
  }

  /** Resolves at the first call of a step, past or future. */
  async called(step: Step): Promise<void> {
    while (!this.calls.some((call) => call.step === step)) {
      await new Promise<void>((resolve) => {
        this.#whenCalled = resolve;
      });
    }
  }

  async write(operations: readonly Operation[]): Promise<void> {
    this.#enter('write', operations.length);
    await this.#disk.write(operations);
  }

  /** Fails as a write, or as a sync. */
  async writeDurably(operations: readonly Operation[]): Promise<void> {
    await this.write(operations);
    await this.sync();
  }

  async sync(): Promise<void> {
    this.#enter('sync');
    await this.#disk.sync();
  }

  async reopen(neededBytes: number): Promise<Reopened> {
    this.#enter('reopen');
    await this.beforeReopen?.();
    return this.#disk.reopen(neededBytes);
  }

  read<T>(work: (db: LevelDatabase) => Promise<T>): Promise<T> {
    return this.#disk.read(work);
  }

  close(): Promise<void> {
    return this.#disk.close();
  }

  #enter(step: Step, operations = 0): void {
    const error = this.#faults.get(step)?.();
    this.calls.push({ step, operations, isFailed: error !== undefined });
    this.#whenCalled?.();
    if (error !== undefined) throw error;
  }
}
