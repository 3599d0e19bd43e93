import type { ErrorCode, HeadwaterError } from '@headwater/protocol';
import type { Granted } from '../access/access.ts';
import { acceptedMessage, askForTokenMessage, deniedMessage, syncStatusMessages } from '../wire/hocuspocus-messages.ts';
import type { Link } from './dialect.ts';
import type { EditKind, SessionReplies } from './session-replies.ts';
import { SyncStatuses } from './sync-statuses.ts';

/** What does not pass by itself: the provider that is denied does not ask again. */
const DENIABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HW_ACCESS_DENIED',
  'HW_TOKEN_EXPIRED',
  'HW_STORE_CORRUPT',
  'HW_DOCUMENT_DELETED',
]);

/** What a full connection is to be told later. */
interface Untold {
  saved: number;
  /** What was decided last about its token. */
  verdict: Uint8Array | undefined;
}

/** What `@hocuspocus/provider` 4 is told of its tokens and its edits (docs/protocol.md, "Hocuspocus"). */
export class HocuspocusReplies implements SessionReplies {
  readonly #address: string;
  readonly #link: Link;
  readonly #statuses = new SyncStatuses();
  readonly #untold: Untold = { saved: 0, verdict: undefined };
  #isReadOnly = false;

  constructor(address: string, link: Link) {
    this.#address = address;
    this.#link = link;
  }

  granted({ isReadOnly }: Granted): void {
    if (this.#isReadOnly && !isReadOnly) this.#statuses.countNextStep2(); // what was refused comes again
    this.#isReadOnly = isReadOnly;
    this.#tellVerdict(acceptedMessage(this.#address, isReadOnly));
  }

  expiresSoon(): void {
    if (!this.#link.isFull) this.#link.send([askForTokenMessage(this.#address)]);
  }

  canDeny({ code }: HeadwaterError): boolean {
    return DENIABLE.has(code);
  }

  denied({ message }: HeadwaterError): void {
    this.#tellVerdict(deniedMessage(this.#address, message));
  }

  asked(): boolean {
    return !this.#statuses.begin(); // it counts on that each time; when it joined it was
  }

  received(kind: EditKind): void {
    this.#statuses.owe(kind);
  }

  saved(count: number): void {
    const told = this.#statuses.settle(count);
    if (told === 0) return;
    if (this.#link.isFull) this.#untold.saved += told;
    else this.#link.send([syncStatusMessages(this.#address, true, told)]);
  }

  refused(error: HeadwaterError): void {
    if (error.code !== 'HW_READ_ONLY') throw error;
    this.#statuses.refuse();
    if (!this.#link.isFull) this.#link.send([syncStatusMessages(this.#address, false, 1)]); // nobody counts these
  }

  drained(): void {
    const { saved, verdict } = this.#untold;
    if (verdict !== undefined) this.#tellVerdict(verdict);
    this.#untold.saved = 0;
    if (saved > 0) this.#link.send([syncStatusMessages(this.#address, true, saved)]);
  }

  #tellVerdict(verdict: Uint8Array): void {
    this.#untold.verdict = this.#link.isFull ? verdict : undefined;
    if (!this.#link.isFull) this.#link.send([verdict]);
  }
}
