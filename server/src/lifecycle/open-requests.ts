import type { ServerResponse } from 'node:http';

/** The HTTP requests that are being answered. */
export class OpenRequests {
  #count = 0;
  #whenNone: (() => void)[] = [];

  /** To be called with the response of each request. */
  add(response: ServerResponse): void {
    this.#count += 1;
    response.once('close', () => {
      this.#count -= 1;
      if (this.#count === 0) for (const resolve of this.#whenNone.splice(0)) resolve();
    });
  }

  /** Resolves once all of them have their answers, or are gone. */
  async whenAnswered(): Promise<void> {
    if (this.#count > 0) await new Promise<void>((resolve) => this.#whenNone.push(resolve));
  }
}
