/** How present somebody is: at it, without input for a while, or with the page out of sight. */
export type Activity = 'active' | 'idle' | 'away';

/** What is watched of a page; `document` of a browser is one. */
export interface Page {
  readonly visibilityState: string;
  /** As in the DOM. */
  addEventListener(type: string, listener: () => void, options?: AddEventListenerOptions): void;
  /** As in the DOM. */
  removeEventListener(type: string, listener: () => void, options?: AddEventListenerOptions): void;
}

export interface ActivityLimits {
  readonly idleAfterMs: number;
  readonly awayAfterMs: number;
}

const INPUT_EVENTS = ['pointerdown', 'pointermove', 'keydown', 'input', 'wheel', 'touchstart'];
/** Editors stop events from bubbling, so they are seen on their way down; passive, so that scrolling never waits. */
const LISTENING = { capture: true, passive: true } as const;

/** Tells when the person in front of a page goes idle, goes away and comes back. */
export class ActivityWatch {
  readonly #page: Page;
  readonly #limits: ActivityLimits;
  readonly #onChange: (activity: Activity) => void;
  #activity: Activity = 'active';
  #lastInputMs = Date.now();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param onChange - called with what holds now, first when it is no longer `active` */
  constructor(page: Page, limits: ActivityLimits, onChange: (activity: Activity) => void) {
    this.#page = page;
    this.#limits = limits;
    this.#onChange = onChange;
  }

  start(): void {
    for (const type of INPUT_EVENTS) this.#page.addEventListener(type, this.#noteInput, LISTENING);
    this.#page.addEventListener('visibilitychange', this.#noteVisibility);
    this.#lastInputMs = Date.now();
    this.#look();
  }

  stop(): void {
    for (const type of INPUT_EVENTS) this.#page.removeEventListener(type, this.#noteInput, LISTENING);
    this.#page.removeEventListener('visibilitychange', this.#noteVisibility);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Runs with every movement of the pointer: the timer is left to find out for itself that it rang too early. */
  readonly #noteInput = (): void => {
    this.#lastInputMs = Date.now();
    if (this.#activity !== 'active') this.#look();
  };

  /** Somebody who turns to the page is there, before any key is pressed. */
  readonly #noteVisibility = (): void => {
    if (this.#isVisible()) this.#lastInputMs = Date.now();
    this.#look();
  };

  #look(): void {
    const activity = this.#current();
    clearTimeout(this.#timer);
    this.#timer = activity === 'away' ? undefined : setTimeout(() => this.#look(), this.#untilLess(activity));
    if (activity === this.#activity) return;
    this.#activity = activity;
    this.#onChange(activity);
  }

  #current(): Activity {
    const quietMs = Date.now() - this.#lastInputMs;
    if (!this.#isVisible() || quietMs >= this.#limits.awayAfterMs) return 'away';
    return quietMs >= this.#limits.idleAfterMs ? 'idle' : 'active';
  }

  #untilLess(activity: 'active' | 'idle'): number {
    const limitMs = activity === 'active' ? this.#limits.idleAfterMs : this.#limits.awayAfterMs;
    return Math.max(1, this.#lastInputMs + limitMs - Date.now());
  }

  #isVisible(): boolean {
    return this.#page.visibilityState !== 'hidden';
  }
}
