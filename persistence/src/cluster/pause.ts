import { SYSTEM_CLOCK } from '../level-options.ts';

/** The time between two looks of a loop, which news cuts short. */
export class Pause {
  #news = new AbortController();

  /** Ends the pause that runs. While none does, the loop is busy looking, and looks again without one. */
  cutShort(): void {
    this.#news.abort();
  }

  async take(ms: number): Promise<void> {
    await SYSTEM_CLOCK.sleep(ms, this.#news.signal);
    this.#news = new AbortController();
  }
}
