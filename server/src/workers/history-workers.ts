import type { AttributedRange, StateUpdates } from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';
import type { Outcome } from './history-worker.ts';
import { packAttribution } from './packed-attribution.ts';
import { buffersOf, type PackedUpdates, packUpdates } from './packed-updates.ts';
import { DOCUMENT_DEADLINE, TimedThreads, type Work } from './timed-threads.ts';

/** Gives up what nobody waits for any more. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** Past so many pieces of work that wait for a thread no more is accepted. */
const MAX_WAITING = 64;

/**
 * What is made of whole states, in threads of its own: whoever scrubs through a document delays no compaction. What is to
 * be sent as JSON is made there, and passes through here as it is.
 */
export class HistoryWorkers {
  readonly #threads: TimedThreads;

  constructor(threads: number, deadline = DOCUMENT_DEADLINE) {
    this.#threads = new TimedThreads('history-worker.js', threads, deadline, (deadlineMs) => {
      return new HeadwaterError('HW_API_BUSY', `stopped after ${deadlineMs} ms: others wait`);
    });
  }

  /** One state of updates that follow each other. */
  async makeState(updates: StateUpdates, { signal }: Abortable = {}): Promise<Uint8Array> {
    const input = packUpdates(updates);
    return (await this.#run({ name: 'state', input, ...costOf(input), signal })) as Uint8Array;
  }

  /** The content of a state by root type, as JSON. */
  async content(updates: StateUpdates, { signal }: Abortable = {}): Promise<string> {
    const input = packUpdates(updates);
    return (await this.#run({ name: 'content', input, ...costOf(input), signal })) as string;
  }

  /** What changed, as JSON: see `diffStates`. */
  async diff(from: StateUpdates, to: StateUpdates, { signal }: Abortable = {}): Promise<string> {
    const input = { from: packUpdates(from), to: packUpdates(to) };
    return (await this.#run({ name: 'diff', input, ...costOf(input.from, input.to), signal })) as string;
  }

  /** Who wrote what, as JSON: see `blameText`. */
  async blame(
    state: StateUpdates,
    attribution: readonly AttributedRange[],
    { signal }: Abortable = {},
  ): Promise<string> {
    const input = { updates: packUpdates(state), attribution: packAttribution(attribution) };
    const { bytes, transfer } = costOf(input.updates);
    const { buffer } = input.attribution.numbers;
    return (await this.#run({ name: 'blame', input, bytes, transfer: [...transfer, buffer], signal })) as string;
  }

  /** The edit that goes back: see `restoringUpdate`. */
  async restoringUpdate(current: StateUpdates, target: StateUpdates): Promise<Uint8Array> {
    const input = { current: packUpdates(current), target: packUpdates(target) };
    return (await this.#run({ name: 'restore', input, ...costOf(input.current, input.target) })) as Uint8Array;
  }

  close(): Promise<void> {
    return this.#threads.close();
  }

  async #run(work: Work): Promise<unknown> {
    if (this.#threads.waiting >= MAX_WAITING) {
      throw new HeadwaterError('HW_API_BUSY', `${MAX_WAITING} pieces of work on documents wait already`);
    }
    const outcome = (await this.#threads.run(work)) as Outcome<unknown>;
    if ('value' in outcome) return outcome.value;
    throw new HeadwaterError(outcome.failure.code, outcome.failure.message);
  }
}

function costOf(...packed: readonly PackedUpdates[]): { readonly bytes: number; readonly transfer: ArrayBuffer[] } {
  return { bytes: packed.reduce((sum, { bytes }) => sum + bytes.length, 0), transfer: buffersOf(...packed) };
}
