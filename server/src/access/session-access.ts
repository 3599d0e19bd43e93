import { HeadwaterError } from '@headwater/protocol';
import { type Authenticate, accessOf, type Granted, tokenExpired, type Visitor } from './access.ts';
import { Expiry } from './expiry.ts';
import type { Judged, Reauthentication } from './reauthentication.ts';

/** Who asks for what; the tokens come later. */
export interface AccessSubject {
  readonly documentName: string;
  readonly visitor: Visitor;
}

export interface AccessSurroundings {
  readonly authenticate: Authenticate | undefined;
  readonly reauthentication: Reauthentication | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What becomes of a session by what is decided. */
export interface AccessEvents<Opened> {
  /** Has ready what access opens. It may be decided anew meanwhile. */
  readonly open: () => Opened | Promise<Opened>;
  /** This is what it may do from now on. Not called when a decision that was made anew changes nothing. */
  readonly onGranted: (access: Granted, opened: Opened) => void;
  /** It may not, what access opens cannot be had, or `onGranted` threw. */
  readonly onFailed: (error: unknown) => void;
  /** Its client should bring another token. */
  readonly onExpiresSoon: () => void;
  /** Nothing is being decided any more. */
  readonly onSettled: () => void;
  /** Whether nobody is interested any more. */
  readonly isOver: () => boolean;
}

/** A token, or that there was none. */
interface Presented {
  readonly token: string | undefined;
  /** Whether its client brought it and waits; otherwise it was decided about before. */
  readonly isNew: boolean;
}

/** Longer than anybody waits for a decision to be made anew; then it is asked for again. */
const REASKED_TIMEOUT_MS = 10_000;

/**
 * What one session may do: decided when its client brings a token, and anew when somebody says so. One token is judged at a
 * time, and of those that come meanwhile only the newest.
 */
export class SessionAccess<Opened> implements Judged {
  readonly #subject: AccessSubject;
  readonly #around: AccessSurroundings;
  readonly #events: AccessEvents<Opened>;
  readonly #expiry: Expiry;
  /** What is judged next. */
  #next: Presented | undefined;
  /** What is judged, or was judged last. */
  #presented: Presented | undefined;
  #isJudging = false;
  #judged: Promise<void> = Promise.resolve();
  #granted: Granted | undefined;
  /** Who may have lost something since the question was asked that is not answered yet; `undefined`: everybody. */
  readonly #doubted = new Set<string | undefined>();
  #hasLeft = false;

  constructor(subject: AccessSubject, around: AccessSurroundings, events: AccessEvents<Opened>) {
    this.#subject = subject;
    this.#around = around;
    this.#events = events;
    this.#expiry = new Expiry(around.now, {
      onSoon: () => events.onExpiresSoon(),
      onExpired: () => this.#expire(),
    });
  }

  get documentName(): string {
    return this.#subject.documentName;
  }

  get isGranted(): boolean {
    return this.#granted !== undefined;
  }

  get user(): string | undefined {
    return this.#granted?.user;
  }

  /** Whether something is being decided. */
  get isJudging(): boolean {
    return this.#isJudging;
  }

  /** Its client brought a token, or came without one. */
  present(token: string | undefined): void {
    this.#around.reauthentication?.add(this);
    this.#next = { token, isNew: true };
    void this.#judge();
  }

  doubt(user: string | undefined): void {
    this.#doubted.add(user);
  }

  async reauthenticate(): Promise<void> {
    if (!this.isGranted) return;
    this.#next ??= { token: this.#presented?.token, isNew: false };
    await this.#judge();
  }

  /** It has no access any more, until its client brings another token. */
  revoke(): void {
    this.#granted = undefined;
    this.#expiry.clear();
    if (this.#next?.isNew === false) this.#next = undefined;
    if (!this.#isJudging) this.#forget();
  }

  /** Its client is gone. What is under way is finished, unless it is over. */
  leave(): void {
    this.#hasLeft = true;
    this.#expiry.clear();
    if (!this.#isJudging) this.#forget();
  }

  /** Resolves when nothing is left to be judged. Never rejects. */
  #judge(): Promise<void> {
    if (!this.#isJudging) {
      this.#isJudging = true;
      this.#judged = this.#judgeAll();
    }
    return this.#judged;
  }

  async #judgeAll(): Promise<void> {
    for (let next = this.#takeNext(); next !== undefined; next = this.#takeNext()) await this.#decide(next);
    this.#isJudging = false;
    if (this.#hasLeft || !this.isGranted) this.#forget();
    this.#events.onSettled();
  }

  #takeNext(): Presented | undefined {
    const next = this.#next;
    this.#next = undefined;
    return this.#events.isOver() ? undefined : next;
  }

  async #decide(presented: Presented): Promise<void> {
    this.#presented = presented;
    this.#doubted.clear();
    try {
      const access = await this.#ask(presented);
      if (this.#isSuperseded) return;
      const opened = await this.#events.open();
      if (this.#isSuperseded) return;
      if (!this.isGranted && this.#isDoubted(access)) {
        this.#next = presented; // nobody gets in by what was true before
        return;
      }
      this.#grant(access, opened);
    } catch (error) {
      if (!this.#isMoot) this.#fail(error);
    }
  }

  #ask({ token, isNew }: Presented): Promise<Granted> {
    const { documentName, visitor } = this.#subject;
    const { authenticate, now } = this.#around;
    const asked = accessOf(authenticate, { ...visitor, documentName, token }, now);
    return isNew ? asked : within(REASKED_TIMEOUT_MS, asked);
  }

  #grant(access: Granted, opened: Opened): void {
    const before = this.#granted;
    const isNews = this.#presented?.isNew === true || before === undefined || !isSame(before, access);
    this.#presented = { token: this.#presented?.token, isNew: false };
    this.#granted = access;
    this.#around.reauthentication?.decided(this);
    if (isNews) this.#events.onGranted(access, opened);
    if (!this.#hasLeft && this.isGranted) this.#expiry.set(access.expiresAt);
  }

  #fail(error: unknown): void {
    const isUndecided = error instanceof HeadwaterError && error.code === 'HW_ACCESS_UNDECIDED';
    if (isUndecided && this.isGranted && this.#presented?.isNew === false) {
      this.#around.reauthentication?.postpone(this); // it keeps what it has
      return;
    }
    this.revoke();
    this.#events.onFailed(error);
  }

  /** Whether what is answered does not matter any more. */
  get #isSuperseded(): boolean {
    return this.#next?.isNew === true || this.#isMoot;
  }

  /** Whether nobody is there, or what was to be decided anew was lost meanwhile. */
  get #isMoot(): boolean {
    return this.#events.isOver() || (!this.isGranted && this.#presented?.isNew === false);
  }

  #isDoubted({ user }: Granted): boolean {
    return this.#doubted.has(undefined) || (user !== undefined && this.#doubted.has(user));
  }

  /** A token that came in time and is being judged decides. */
  #expire(): void {
    const isReplaced = this.#next?.isNew === true || (this.#isJudging && this.#presented?.isNew === true);
    if (!isReplaced) this.#fail(tokenExpired());
  }

  #forget(): void {
    this.#around.reauthentication?.delete(this);
  }
}

function isSame(one: Granted, other: Granted): boolean {
  return one.user === other.user && one.isReadOnly === other.isReadOnly && one.expiresAt === other.expiresAt;
}

/** @throws HW_ACCESS_UNDECIDED when there is no answer in time */
async function within(timeoutMs: number, asked: Promise<Granted>): Promise<Granted> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new HeadwaterError('HW_ACCESS_UNDECIDED', `authenticate gave no answer for ${timeoutMs} ms`));
    }, timeoutMs).unref();
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
