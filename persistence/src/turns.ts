import { OneAtATime } from './one-at-a-time.ts';

/** Lets work on the same thing happen one after the other, in the order of the calls, and on different things at once. */
export class Turns {
  readonly #queues = new Map<string, { readonly queue: OneAtATime; waiting: number }>();

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    let entry = this.#queues.get(name);
    if (entry === undefined) this.#queues.set(name, (entry = { queue: new OneAtATime(), waiting: 0 }));
    entry.waiting += 1;
    try {
      return await entry.queue.run(work);
    } finally {
      entry.waiting -= 1;
      if (entry.waiting === 0) this.#queues.delete(name);
    }
  }
}
