/**
 * Which records of a document's log this instance has taken up. Sequences are total, so a hole is something that another
 * instance wrote and that did not get here yet. What is covered has been shown: it is in the snapshot or the tail.
 */
export class Coverage {
  #through = 0;
  /** Covered ones after a hole. */
  readonly #ahead = new Set<number>();
  #last = 0;
  #highest = 0;

  /** Every record up to this one is covered. */
  get through(): number {
    return this.#through;
  }

  /** Whether there is no record, of those known to exist, that is not covered. */
  get isComplete(): boolean {
    return this.#last <= this.#through;
  }

  /** The last record of which anything was taken up. */
  get highest(): number {
    return this.#highest;
  }

  has(sequence: number): boolean {
    return sequence <= this.#through || this.#ahead.has(sequence);
  }

  /** A record of this sequence exists. */
  note(sequence: number): void {
    this.#last = Math.max(this.#last, sequence);
  }

  /** This record is being taken up. */
  begin(sequence: number): void {
    this.note(sequence);
    this.#highest = Math.max(this.#highest, sequence);
  }

  /** This record was taken up. */
  cover(sequence: number): void {
    this.begin(sequence);
    if (sequence > this.#through) this.#ahead.add(sequence);
    this.#closeUp();
  }

  /** Every record up to this one was taken up, or exists no more. */
  coverThrough(sequence: number): void {
    this.begin(sequence);
    if (sequence <= this.#through) return;
    this.#through = sequence;
    for (const ahead of this.#ahead) if (ahead <= sequence) this.#ahead.delete(ahead);
    this.#closeUp();
  }

  /** Of a record of which nothing was taken up, it is not known any more that it exists. */
  forgetMissing(): void {
    this.#last = this.#highest;
  }

  #closeUp(): void {
    while (this.#ahead.delete(this.#through + 1)) this.#through++;
  }
}
