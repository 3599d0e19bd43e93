import { Deferred } from './deferred.ts';
import type { DocumentSlot } from './document-slots.ts';
import type { Operation } from './level-open.ts';

/**
 * One atomic change on its way to the disk. It is kept until it is durable, because that long it may have to be
 * written again.
 */
export class Commit {
  readonly documentName: string;
  /** What it will write: known once the document's id and sequence are. */
  operations: readonly Operation[] = [];
  /** For {@link StoreHealth.unsavedBytes}. */
  readonly bytes: number;
  /** The sequence to report. */
  sequence = 0;
  readonly written = new Deferred<number>();
  readonly durable = new Deferred<number>();
  /**
   * Called when the store was in other hands in between, and ids and sequences have to be given anew: changes of a log
   * can be, since updates commute; what else there is belongs to a state that may be gone.
   */
  readonly replan: (() => void) | undefined;

  /** Called once, when the change is durable or lost, before {@link durable} is seen to settle. */
  onSettled: ((commit: Commit) => void) | undefined;
  /** Whose change it is, as long as it is under way. */
  slot: DocumentSlot | undefined;

  constructor(documentName: string, bytes: number, replan?: () => void) {
    this.documentName = documentName;
    this.bytes = bytes;
    this.replan = replan;
  }

  resolve(): void {
    this.durable.resolve(this.sequence);
    this.onSettled?.(this);
  }

  reject(error: Error): void {
    this.written.reject(error);
    this.durable.reject(error);
    this.onSettled?.(this);
  }
}
