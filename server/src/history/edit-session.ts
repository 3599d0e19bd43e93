import { HeadwaterError } from '@headwater/protocol';
import type { Session } from '../documents/session.ts';
import { yWebsocketFraming } from '../wire/y-websocket-framing.ts';

/** How long an edit that is made already may take to be on disk. */
const DURABLE_TIMEOUT_MS = 30_000;

/** One edit that comes from no client: a session without a connection, which sends an update and waits until it is on disk. */
export class EditSession implements Session {
  readonly author: string;
  readonly isReadOnly = false;
  readonly framing = yWebsocketFraming; // it joins nothing and is sent nothing
  #acknowledge: (sequence: number | undefined) => void = () => {};
  #end: (error: HeadwaterError) => void = () => {};
  readonly #acknowledged: Promise<number | undefined>;

  constructor(author: string) {
    this.author = author;
    this.#acknowledged = new Promise((resolve, reject) => {
      this.#acknowledge = resolve;
      this.#end = reject;
    });
    this.#acknowledged.catch(() => {}); // it may end before somebody waits
  }

  /**
   * The log record of the edit, once it is on disk; `undefined` when it brought nothing new.
   *
   * @throws HW_STORE_WRITE_FAILED when that takes too long: the store goes on trying, and everybody sees the edit already;
   * HW_DOCUMENT_DELETED
   */
  async whenDurable(): Promise<number | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      const problem = 'the edit is made and everybody sees it, but the store could not write it yet; it goes on trying';
      timer = setTimeout(() => reject(new HeadwaterError('HW_STORE_WRITE_FAILED', problem)), DURABLE_TIMEOUT_MS);
      timer.unref();
    });
    try {
      return await Promise.race([this.#acknowledged, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  acknowledge(_count: number, sequence: number | undefined): void {
    this.#acknowledge(sequence);
  }

  refuse(): void {} // it may edit

  send(): boolean {
    return true;
  }

  close(error: HeadwaterError): void {
    this.#end(error);
  }

  isResponsive(): Promise<boolean> {
    return Promise.resolve(true);
  }
}
