import { HeadwaterError } from '@headwater/protocol';
import { Backoff } from '../connection/backoff.ts';

/** What tells the server who somebody is, or where to get it. */
export type Token = string | (() => string | Promise<string>);

const MAX_RETRY_MS = 10_000;
/** A token is renewed when a quarter of its life is left, and not later than this before it ends. */
const RENEW_BEFORE_MS = 60_000;
/** The longest time a timer takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Gets tokens: when a session begins, before one expires, and after one was denied. One request at a time counts, the last. */
export class TokenSource {
  #token: Token;
  readonly #deliver: (token: string) => void;
  readonly #fail: (error: HeadwaterError) => void;
  readonly #backoff = new Backoff(() => MAX_RETRY_MS);
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Tells the answer to the last request from those to older ones. */
  #request = 0;

  /**
   * @param deliver - what a token is for
   * @param fail - told that a function threw; it is asked again
   */
  constructor(token: Token, deliver: (token: string) => void, fail: (error: HeadwaterError) => void) {
    this.#token = token;
    this.#deliver = deliver;
    this.#fail = fail;
  }

  /** Whether another one can be had. */
  get isRenewable(): boolean {
    return typeof this.#token === 'function';
  }

  set(token: Token): void {
    this.#token = token;
  }

  /** Delivers one: a string at once. */
  request(): void {
    this.stop();
    const token = this.#token;
    if (typeof token === 'string') this.#deliver(token);
    else void this.#ask(token, this.#request);
  }

  /** Delivers one later. */
  requestIn(ms: number): void {
    this.stop();
    this.#timer = setTimeout(() => this.request(), Math.min(ms, MAX_TIMER_MS));
  }

  /** Delivers one in time before the one there is expires. */
  requestBefore(expiresInMs: number): void {
    this.requestIn(expiresInMs - Math.min(RENEW_BEFORE_MS, expiresInMs / 4));
  }

  /** Delivers one after a while, longer each time until {@link worked}. */
  retry(): void {
    this.requestIn(this.#backoff.next());
  }

  /** The server accepted one. */
  worked(): void {
    this.#backoff.reset();
  }

  /** Whatever was requested is not delivered. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#request += 1;
  }

  async #ask(get: () => string | Promise<string>, request: number): Promise<void> {
    let token: string;
    try {
      token = await get();
      if (typeof token !== 'string') throw new TypeError('what it returned is no string');
    } catch (cause) {
      if (request !== this.#request) return;
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#fail(
        new HeadwaterError('HW_TOKEN_UNAVAILABLE', `the function given as token failed: ${why}. Trying again.`, {
          cause,
        }),
      );
      this.retry();
      return;
    }
    if (request === this.#request) this.#deliver(token);
  }
}
