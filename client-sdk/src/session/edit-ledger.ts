/** An edit as it went to the server: the bytes of one message, and the changes of the document that are in it. */
export interface SentEdit<Change> {
  /** The how-manieth of its session, from 1. */
  readonly number: number;
  readonly update: Uint8Array;
  readonly changes: readonly Change[];
}

/**
 * Knows what is not saved.
 *
 * The invariant, which `saved` of a provider rests on: **a change counts from the moment it is in the document until the server has
 * said, about a message of the session that stands now, that everything up to that message is on disk or was refused, and the change
 * is in one of those messages and was not refused.** So every change is in exactly one place:
 *
 * - *loose*: in no message of this session. New changes are, and all there are when a session ends: what was sent on the old
 *   one may have been lost with it. The first message of the next session contains everything the server lacks, loose ones included.
 * - *sent*: in a message that nothing was said about.
 * - *refused*: in a message that the server did not take up. It counts until it is undone; when it may be taken up after all, in
 *   the next session for one, it is loose again, as the document still has it.
 *
 * It leaves only as *saved*, or as undone. Nothing else makes the number smaller, and above all no end of a connection.
 */
export class EditLedger<Change> {
  #loose: Change[] = [];
  #sent: SentEdit<Change>[] = [];
  readonly #refused = new Set<SentEdit<Change>>();
  #sentCount = 0;
  #lastNumber = 0;

  /** How many changes are not saved. */
  get unsavedChanges(): number {
    let refused = 0;
    for (const { changes } of this.#refused) refused += changes.length;
    return this.#loose.length + this.#sentCount + refused;
  }

  /** How many changes are in no message of this session. */
  get looseChanges(): number {
    return this.#loose.length;
  }

  /** A change is in the document. */
  note(change: Change): void {
    this.#loose.push(change);
  }

  /** A message with the first `count` loose changes was sent. Every message with an edit has to be told, also one without changes. */
  send(update: Uint8Array, count: number): void {
    this.#lastNumber += 1;
    const changes = this.#loose.splice(0, count);
    this.#sentCount += changes.length;
    this.#sent.push({ number: this.#lastNumber, update, changes });
  }

  /** A message with the first `count` loose changes cannot be sent. */
  refuseUnsent(update: Uint8Array, count: number): SentEdit<Change> {
    const edit = { number: 0, update, changes: this.#loose.splice(0, count) };
    this.#refused.add(edit);
    return edit;
  }

  /** The server has everything up to this message on disk, but what it refused. */
  save(number: number): void {
    let saved = 0;
    for (const edit of this.#sent) {
      if (edit.number > number) break;
      saved += 1;
      this.#sentCount -= edit.changes.length;
    }
    this.#sent.splice(0, saved);
  }

  /** @returns the edit that was refused, unless there is no such one (any more) */
  refuse(number: number): SentEdit<Change> | undefined {
    const at = this.#sent.findIndex((sent) => sent.number === number);
    const [edit] = at === -1 ? [] : this.#sent.splice(at, 1);
    if (edit === undefined) return undefined;
    this.#sentCount -= edit.changes.length;
    if (edit.changes.length > 0) this.#refused.add(edit);
    return edit;
  }

  /** @returns whether the edit still stood as refused: what it changed is undone now, and counts no longer */
  undo(edit: SentEdit<Change>): boolean {
    return this.#refused.delete(edit);
  }

  /** What was refused may be taken up now: it is loose again, before everything that was loose already. */
  reopen(): void {
    const changes = [...this.#refused].flatMap((edit) => edit.changes);
    this.#loose = [...changes, ...this.#loose];
    this.#refused.clear();
  }

  /** The session is over, and its numbers mean nothing any more. */
  end(): void {
    // The order they were made in: a refused one is older than what was sent after it.
    const unsaved = [...this.#refused, ...this.#sent].sort((a, b) => a.number - b.number);
    this.#loose = [...unsaved.flatMap(({ changes }) => changes), ...this.#loose];
    this.#sent = [];
    this.#refused.clear();
    this.#sentCount = 0;
    this.#lastNumber = 0;
  }
}
