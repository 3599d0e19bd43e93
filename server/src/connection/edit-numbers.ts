/**
 * Which edits of a session its client may take for saved. They are numbered from 1 in the order in which they arrived, the ones
 * that are dropped included, so that the client, which counts what it sends, means the same edit by a number.
 */
export class EditNumbers {
  #received = 0;
  /** Of those on their way to the disk, oldest first. */
  #owed: number[] = [];

  /** An edit is about to be taken up. */
  receive(): void {
    this.#received += 1;
    this.#owed.push(this.#received);
  }

  /** Edits were dropped without a look at them: nobody is to take them for saved before a denial has taken their numbers back. */
  drop(count: number): void {
    this.#received += count;
  }

  /** The oldest `count` of those that were taken up are on disk. */
  settle(count: number): void {
    this.#owed.splice(0, count);
  }

  /** The newest was refused, and will not be settled. @returns its number */
  refuse(): number {
    this.#owed.pop();
    return this.#received;
  }

  /** Every edit up to this one is on disk, or was refused or dropped. */
  get saved(): number {
    const [oldestOwed] = this.#owed;
    return oldestOwed === undefined ? this.#received : oldestOwed - 1;
  }
}
