import { HeadwaterError } from '@headwater/protocol';
import type { Codec } from './codec.ts';
import type { OpenMessage } from './messages.ts';

/** The connection a call was made on has ended. */
export class CallLostError extends Error {}

interface Call {
  answer(message: OpenMessage): void;
  fail(error: Error): void;
}

/** Calls that wait for their answers. */
export class Calls {
  readonly #calls = new Map<number, Call>();
  #nextId = 1;
  #whenNone: (() => void)[] = [];

  /** @returns the id of the call, and its answer */
  begin<R>(result: Codec<R>): { readonly id: number; readonly answer: Promise<R> } {
    const id = this.#nextId;
    this.#nextId += 1;
    const answer = new Promise<R>((resolve, reject) => {
      this.#calls.set(id, { answer: (message) => resolve(message.readLast(result)), fail: reject });
    });
    answer.catch(() => {}); // it may be lost before its caller comes to wait for it
    return { id, answer };
  }

  answered(id: number, message: OpenMessage): void {
    const call = this.#take(id);
    try {
      call?.answer(message);
    } catch (cause) {
      call?.fail(new CallLostError('its answer cannot be read', { cause }));
      throw cause;
    }
  }

  failed(id: number, error: Error): void {
    this.#take(id)?.fail(error);
  }

  /** Nobody will answer what was asked so far. */
  loseAll(cause: Error | undefined): void {
    for (const id of this.#calls.keys()) this.failed(id, new CallLostError('the connection has ended', { cause }));
  }

  closeAll(): void {
    for (const id of this.#calls.keys()) {
      this.failed(id, new HeadwaterError('HW_STORE_CLOSED', 'the store was closed before it answered'));
    }
  }

  /** Resolves once nothing waits for an answer. */
  async whenNone(): Promise<void> {
    if (this.#calls.size > 0) await new Promise<void>((resolve) => this.#whenNone.push(resolve));
  }

  #take(id: number): Call | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (this.#calls.size === 0) for (const resolve of this.#whenNone.splice(0)) resolve();
    return call;
  }
}
