import { HeadwaterError } from '@headwater/protocol';
import type { Announcement } from './relay.ts';

/** So many different ones wait; what is more is one for everybody. */
const MAX_WAITING = 100;

export interface AnnouncementsAround {
  /** Whether there is a connection to send on. */
  readonly canSend: () => boolean;
  /** Rejects when it may not have arrived. */
  readonly send: (announcement: Announcement) => Promise<unknown>;
}

/** Who waits for one to be sent. */
interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: HeadwaterError) => void;
}

interface Unsent {
  readonly announcement: Announcement;
  readonly waiting: readonly Waiting[];
}

/** What every instance is told, and is told again until it was sent. Twice does no harm. */
export class Announcements {
  readonly #around: AnnouncementsAround;
  /** What is not on its way, each once. What is may have been heard before the next one like it was meant. */
  readonly #unsent = new Map<string, Unsent>();
  #isClosed = false;

  constructor(around: AnnouncementsAround) {
    this.#around = around;
  }

  /** Resolves once it was sent. @throws HW_SHUTTING_DOWN when it is closed first */
  add(announcement: Announcement): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#keep(announcement, [{ resolve, reject }]);
      this.sendAll();
    });
  }

  /** Sends what waits, when that is possible: call it when it may be possible again. */
  sendAll(): void {
    for (const [key, unsent] of this.#unsent) {
      if (!this.#around.canSend()) return;
      this.#unsent.delete(key);
      void this.#send(unsent);
    }
  }

  /** Who still waits hears HW_SHUTTING_DOWN. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const { waiting } of this.#unsent.values()) giveUp(waiting);
    this.#unsent.clear();
  }

  async #send({ announcement, waiting }: Unsent): Promise<void> {
    try {
      await this.#around.send(announcement);
    } catch {
      this.#keep(announcement, waiting);
      return;
    }
    for (const { resolve } of waiting) resolve();
  }

  #keep(announcement: Announcement, waiting: readonly Waiting[]): void {
    if (this.#isClosed) return giveUp(waiting);
    const key = JSON.stringify([announcement.documentName ?? null, announcement.user ?? null]);
    const same = this.#unsent.get(key);
    if (same === undefined && this.#unsent.size >= MAX_WAITING) return this.#keepForEverybody(waiting);
    this.#unsent.set(key, { announcement, waiting: [...(same?.waiting ?? []), ...waiting] });
  }

  #keepForEverybody(waiting: readonly Waiting[]): void {
    const all = [...this.#unsent.values()].flatMap((unsent) => unsent.waiting);
    this.#unsent.clear();
    this.#keep({ kind: 'reauthenticate', documentName: undefined, user: undefined }, [...all, ...waiting]);
  }
}

function giveUp(waiting: readonly Waiting[]): void {
  for (const { reject } of waiting) reject(new HeadwaterError('HW_SHUTTING_DOWN', 'the server is closed'));
}
