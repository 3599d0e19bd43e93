import type { EventEmitter } from 'node:events';

/**
 * Two signals closer than this are one: Ctrl-C reaches every process of the terminal, and npm passes it on to its child
 * as well, so under `npm start` one key press arrives twice.
 */
export const SAME_SIGNAL_MS = 500;

export interface StopSignalOptions {
  /** Called once, with the first signal. */
  readonly stop: (signal: string) => void;
  /** Called when somebody insists. */
  readonly force: (signal: string) => void;
  /** Where signals arrive: the process. */
  readonly source: EventEmitter;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
}

/** Asks for a graceful stop on the first SIGINT or SIGTERM, and for a forced one on the second. */
export function onStopSignals({ stop, force, source, now }: StopSignalOptions): void {
  let firstMs: number | undefined;
  const listen = (signal: string): void => {
    if (firstMs === undefined) {
      firstMs = now();
      stop(signal);
    } else if (now() - firstMs >= SAME_SIGNAL_MS) {
      force(signal);
    }
  };
  source.on('SIGINT', listen);
  source.on('SIGTERM', listen);
}
