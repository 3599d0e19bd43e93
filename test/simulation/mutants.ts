/** A small mistake somebody might make in the product. */
export interface Mutant {
  /** What it does wrong. */
  readonly name: string;
  readonly file: string;
  /** Found once in the file. */
  readonly find: string;
  readonly replace: string;
}

const DOCUMENTS = 'server/src/documents';
const REMOTE = 'persistence/src/remote';

/** Mistakes that cost an edit, a promise or convergence: the simulation has to notice each. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'acknowledges what is written and not durable',
    file: `${DOCUMENTS}/write-path.ts`,
    find: 'sequence = await append.durable;',
    replace: 'sequence = await append.written;',
  },
  {
    name: 'shows an edit before it is written',
    file: `${DOCUMENTS}/write-path.ts`,
    find: 'sequence = await append.written;',
    replace: 'append.written.catch(() => {});',
  },
  {
    name: 'acknowledges what another instance wrote without an fsync',
    file: `${DOCUMENTS}/hosted-document.ts`,
    find: 'const isUnsynced = this.#replica?.isUnsynced === true;',
    replace: 'const isUnsynced = false;',
  },
  {
    name: 'takes what it loads for durable',
    file: `${DOCUMENTS}/replica.ts`,
    find: 'if (through > snapshotSequence) this.taken++;',
    replace: '',
  },
  {
    name: 'takes an fsync for one of what came after it began',
    file: `${DOCUMENTS}/replica.ts`,
    find: 'this.#synced = Math.max(this.#synced, taken);',
    replace: 'this.#synced = Math.max(taken, this.taken);',
  },
  {
    name: 'never compares documents with the store',
    file: `${DOCUMENTS}/replica.ts`,
    find: 'this.#sweep.add(this);',
    replace: '',
  },
  {
    name: 'trusts the bell: what is rung for counts as had',
    file: `${DOCUMENTS}/replica.ts`,
    find: 'this.coverage.note(batch.sequence);\n        this.#catchUp.now();',
    replace: 'this.coverage.cover(batch.sequence);',
  },
  {
    name: 'takes a record for all before it',
    file: `${DOCUMENTS}/coverage.ts`,
    find: 'if (sequence > this.#through) this.#ahead.add(sequence);',
    replace: 'this.#through = Math.max(this.#through, sequence);',
  },
  {
    name: 'counts one record too many when it loads',
    file: `${DOCUMENTS}/replica.ts`,
    find: 'this.coverage.coverThrough(through);',
    replace: 'this.coverage.coverThrough(through + 1);',
  },
  {
    name: 'counts one record too many when it catches up',
    file: `${DOCUMENTS}/catch-up.ts`,
    find: 'at = block.last;\n      this.#coverThrough(at);',
    replace: 'at = block.last;\n      this.#coverThrough(at + 1);',
  },
  {
    name: 'counts a record of which a part waits',
    file: `${DOCUMENTS}/replica.ts`,
    find: 'if (isWhole) this.#document.onceShown(',
    replace: 'this.#document.onceShown(',
  },
  {
    name: 'counts a record before it is shown',
    file: `${DOCUMENTS}/replica.ts`,
    find: 'if (isWhole) this.#document.onceShown(() => this.coverage.cover(sequence));',
    replace: 'if (isWhole) this.coverage.cover(sequence);',
  },
  {
    name: 'forgets what waits of a record it reads',
    file: `${DOCUMENTS}/others-edits.ts`,
    find: 'if (keepsWaiting) waiting.keepAnyway({ update: admission.waiting, author }, pending());',
    replace: '',
  },
  {
    name: 'shows nobody here what others edited',
    file: `${DOCUMENTS}/others-edits.ts`,
    find: 'onceShown(() => show(shown));',
    replace: '',
  },
  {
    name: 'shows what others could not write, and does not store it',
    file: `${DOCUMENTS}/others-edits.ts`,
    find: 'if (admission.added !== undefined) pending().add(admission.added, author, admission);\n      if (',
    replace:
      'if (admission.added !== undefined) { const b = new PendingBatch(0); b.add(admission.added, author, admission); const s = b.toTailBatch(yWebsocketFraming); this.#parts.onceShown(() => this.#parts.show(s)); }\n      if (',
  },
  {
    name: 'gives a snapshot the number of the last record in it',
    file: `${DOCUMENTS}/compaction-schedule.ts`,
    find: 'const sequence = replica?.through ?? batches.at(-1)?.sequence;',
    replace: 'const sequence = batches.at(-1)?.sequence;',
  },
  {
    name: 'compacts a part of the tail, and says it is all',
    file: `${DOCUMENTS}/compaction-schedule.ts`,
    find: 'document.tail.take(replica !== undefined);',
    replace: 'document.tail.take();',
  },
  {
    name: 'takes sequences for the same in every epoch of the store',
    file: `${DOCUMENTS}/log-epoch.ts`,
    find: 'return this.#known;',
    replace: 'return this.#store.epoch;',
  },
  {
    name: 'takes what is known in one epoch for what is so in the next',
    file: `${DOCUMENTS}/replica.ts`,
    find: 'this.coverage.highest > intact || ',
    replace: '',
  },
  {
    name: 'takes an epoch that it missed for one in which nothing was lost',
    file: `${DOCUMENTS}/replica.ts`,
    find: 'epoch === this.epoch.known + 1 ? atOpening : 0;',
    replace: 'atOpening;',
  },
  {
    name: 'forgets what it could not save when another instance has got the lock',
    file: `${DOCUMENTS}/replica.ts`,
    find: ' || this.#document.hasLostEdits()',
    replace: '',
  },
  {
    name: 'forgets that it has begun to take up a record',
    file: `${DOCUMENTS}/coverage.ts`,
    find: 'this.#highest = Math.max(this.#highest, sequence);',
    replace: 'this.#highest = this.#through;',
  },
  {
    name: 'waits for records that a power cut took',
    file: `${DOCUMENTS}/replica.ts`,
    find: 'this.coverage.forgetMissing();',
    replace: '',
  },
  {
    name: 'acknowledges in another epoch before it has compared itself with the log',
    file: `${DOCUMENTS}/replica.ts`,
    find: 'this.epoch.whenCurrent(() => {\n      this.#synced = Math.max(this.#synced, taken);\n      then();\n    });',
    replace: 'this.#synced = Math.max(this.#synced, taken);\n      then();',
  },
  {
    name: 'does not store again what a power cut took and somebody saw',
    file: `${DOCUMENTS}/replica.ts`,
    find: 'this.#document.edits.storeAgain(intact);',
    replace: '',
  },
  {
    name: 'shows what was told in an epoch before',
    file: `${DOCUMENTS}/replica.ts`,
    find: 'if (batch.epoch < this.epoch.known) return;',
    replace: '',
  },
  {
    name: 'reads records of another epoch',
    file: `${DOCUMENTS}/catch-up.ts`,
    find: 'return !this.#isStopped && this.#document.isCurrent();',
    replace: 'return !this.#isStopped;',
  },
  {
    name: 'stores a snapshot that was made in another epoch',
    file: `${DOCUMENTS}/compaction-schedule.ts`,
    find: '!this.#isStopped && (replica === undefined || (replica.epoch.isCurrent && replica.epoch.known === epoch));',
    replace: '!this.#isStopped;',
  },
  {
    name: 'sends a change to whoever has the store next',
    file: `${REMOTE}/remote-store.ts`,
    find: "if (!method.isRead && this.epoch !== epoch) throw unavailable('the store is in other hands by now: try again');",
    replace: '',
  },
  {
    name: 'forgets what is pending when it becomes the owner',
    file: `${REMOTE}/host-client.ts`,
    find: 'this.#pending.sendAfter(0);',
    replace: 'this.#pending.sendAfter(Number.MAX_SAFE_INTEGER);',
  },
  {
    name: 'sends nothing again to an owner that it finds again',
    file: `${REMOTE}/host-client.ts`,
    find: 'this.#pending.sendAfter(lastAppend);',
    replace: '',
  },
  {
    name: 'takes what it sent to the last owner for taken by the next',
    file: `${REMOTE}/host-client.ts`,
    find: 'this.#pending.sendAfter(lastAppend);',
    replace: 'this.#pending.sendAfter(this.#pending.settledBefore);',
  },
  {
    name: 'does not say again what became of appends when a client is back',
    file: `${REMOTE}/append-ledger.ts`,
    find: 'if (durable !== undefined) listener.durable({ number, sequence: durable });',
    replace: '',
  },
];
