import { type ErrorCode, encodeServerMessage, HeadwaterError, type HeadwaterServerMessage } from '@headwater/protocol';
import type { Granted } from '../access/access.ts';
import { finishedFrame } from '../wire/message-framing.ts';
import type { Link } from './dialect.ts';
import { EditNumbers } from './edit-numbers.ts';
import type { SessionReplies } from './session-replies.ts';

/** What costs a client one document, whether for now or for good: the others on its connection know nothing of it. */
const DENIABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HW_ACCESS_DENIED',
  'HW_ACCESS_UNDECIDED',
  'HW_TOKEN_EXPIRED',
  'HW_STORE_CORRUPT',
  'HW_DOCUMENT_UNREADABLE',
  'HW_DOCUMENT_DELETED',
]);

/** What is wrong with one edit alone. */
const REFUSABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HW_READ_ONLY',
  'HW_UPDATE_MALFORMED',
  'HW_TOO_MUCH_WAITING',
]);

/** Messages that wait for a full connection to drain. Only a client that is refused edit after edit gets more. */
const MAX_UNTOLD = 256;

/** What a client of Headwater's own dialect is told of its tokens and its edits (docs/protocol.md, "Headwater's own dialect"). */
export class HeadwaterReplies implements SessionReplies {
  readonly #address: string;
  readonly #link: Link;
  readonly #now: () => number;
  readonly #numbers = new EditNumbers();
  /** In order: each of these changes what the next ones mean. */
  #untold: Uint8Array[] = [];
  #isSavedUntold = false;

  constructor(address: string, link: Link, now: () => number) {
    this.#address = address;
    this.#link = link;
    this.#now = now;
  }

  granted({ isReadOnly, user, expiresAt }: Granted): void {
    const expiresInMs = expiresAt === undefined ? undefined : Math.max(0, Math.floor(expiresAt - this.#now()));
    this.#tell({ kind: 'granted', isReadOnly, expiresInMs, user });
  }

  expiresSoon(): void {} // it was told when

  canDeny({ code }: HeadwaterError): boolean {
    return DENIABLE.has(code);
  }

  denied({ code, message }: HeadwaterError): void {
    this.#tell({ kind: 'denied', code, reason: message });
  }

  asked(): boolean {
    return false; // it was when it joined, and tells every edit since
  }

  received(): void {
    this.#numbers.receive();
  }

  dropped(count: number): void {
    this.#numbers.drop(count);
  }

  saved(count: number): void {
    this.#numbers.settle(count);
    if (this.#mustWait) this.#isSavedUntold = true;
    else this.#tellSaved();
  }

  refused(error: HeadwaterError): void {
    const { code, message } = error;
    if (!REFUSABLE.has(code)) throw error;
    this.#tell({ kind: 'refused', edit: this.#numbers.refuse(), code, reason: message });
  }

  drained(): void {
    const untold = this.#untold;
    this.#untold = [];
    if (untold.length > 0) this.#link.send(untold);
    if (!this.#isSavedUntold || this.#link.isFull) return;
    this.#isSavedUntold = false;
    this.#tellSaved();
  }

  get #mustWait(): boolean {
    return this.#link.isFull || this.#untold.length > 0;
  }

  #tellSaved(): void {
    const message = { kind: 'saved', edit: this.#numbers.saved } as const;
    this.#link.send([finishedFrame(encodeServerMessage(this.#address, message))]);
  }

  #tell(message: Exclude<HeadwaterServerMessage, { readonly kind: 'unknown' }>): void {
    const frame = finishedFrame(encodeServerMessage(this.#address, message));
    if (!this.#mustWait) this.#link.send([frame]);
    else if (this.#untold.length < MAX_UNTOLD) this.#untold.push(frame);
    else this.#link.close(new HeadwaterError('HW_SLOW_CONSUMER', 'answers are not read, and edits are refused'));
  }
}
