/** Gives up waiting, and nothing else. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** Who waits for something to become true. */
export class Waiting {
  readonly #looks = new Set<() => void>();
  readonly #rejects = new Set<(reason: unknown) => void>();

  /**
   * @param isMet - looked at now and at every {@link look}; throws when it cannot become true
   * @returns rejects with what `isMet` throws, the reason of the signal, or that of {@link end}
   */
  until(isMet: () => boolean, { signal }: Abortable = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#looks.delete(look);
        this.#rejects.delete(fail);
        signal?.removeEventListener('abort', abort);
      };
      const fail = (reason: unknown): void => {
        stop();
        reject(reason);
      };
      const abort = (): void => fail(signal?.reason);
      const look = (): void => {
        try {
          if (!isMet()) return;
          stop();
          resolve();
        } catch (reason) {
          fail(reason);
        }
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort);
      this.#looks.add(look);
      this.#rejects.add(fail);
      look();
    });
  }

  /** Something changed. */
  look(): void {
    for (const look of this.#looks) look();
  }

  /** Nothing will change any more. */
  end(reason: unknown): void {
    for (const reject of this.#rejects) reject(reason);
  }
}
