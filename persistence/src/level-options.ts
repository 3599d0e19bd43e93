import type { StoreHealth } from './document-store.ts';
import { RETENTION_DEFAULTS, type Retention } from './history/retention-policy.ts';

/** Where the store says what an operator should read. Any structured logger fits. */
export interface StoreLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Time as the store sees it; tests bring their own. */
export interface StoreClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface LevelStoreOptions {
  /** Called when {@link StoreHealth.status} changes, and when the reason of a degraded store does. */
  readonly onHealth?: ((health: StoreHealth) => void) | undefined;
  /**
   * Called when the store works again after an outage in which another process had it open: what was loaded before may be
   * outdated, and sequences may have been given to others.
   */
  readonly onTakenOver?: (() => void) | undefined;
  /** What is kept of a document's past, unless the document says otherwise. @defaultValue {@link RETENTION_DEFAULTS} */
  readonly retention?: Retention | undefined;
  /** @defaultValue silent */
  readonly logger?: StoreLogger | undefined;
  /** @defaultValue the system's */
  readonly clock?: StoreClock | undefined;
  /** A number in [0, 1) for the jitter of retries. @defaultValue `Math.random` */
  readonly random?: (() => number) | undefined;
  /** Documents whose id and next sequence stay in memory while nothing is written to them. @defaultValue `10_000` */
  readonly maxCachedDocuments?: number | undefined;
  /** LevelDB's block cache, in bytes. @defaultValue `16_777_216` (16 MiB) */
  readonly blockCacheBytes?: number | undefined;
  /** Log bytes before LevelDB turns them into a table; twice this may be in memory. @defaultValue `8_388_608` (8 MiB) */
  readonly writeBufferBytes?: number | undefined;
  /** The first retry of a failed write comes after at most this many milliseconds. @defaultValue `50` */
  readonly retryMinMs?: number | undefined;
  /** Later ones after at most this many. @defaultValue `5_000` */
  readonly retryMaxMs?: number | undefined;
}

export type ResolvedLevelStoreOptions = {
  readonly [K in keyof LevelStoreOptions]-?: NonNullable<LevelStoreOptions[K]>;
};

export const LEVEL_STORE_DEFAULTS = {
  maxCachedDocuments: 10_000,
  blockCacheBytes: 16 * 1024 * 1024,
  writeBufferBytes: 8 * 1024 * 1024,
  retryMinMs: 50,
  retryMaxMs: 5_000,
} as const satisfies LevelStoreOptions;

export const SILENT: StoreLogger = { info: () => {}, warn: () => {}, error: () => {} };

export const SYSTEM_CLOCK: StoreClock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
    }),
};

/** Options with nothing left out. An option given as `undefined` is one not given. */
export function resolveLevelStoreOptions(options: LevelStoreOptions): ResolvedLevelStoreOptions {
  return {
    onHealth: options.onHealth ?? (() => {}),
    onTakenOver: options.onTakenOver ?? (() => {}),
    retention: options.retention ?? RETENTION_DEFAULTS,
    logger: options.logger ?? SILENT,
    clock: options.clock ?? SYSTEM_CLOCK,
    random: options.random ?? Math.random,
    maxCachedDocuments: options.maxCachedDocuments ?? LEVEL_STORE_DEFAULTS.maxCachedDocuments,
    blockCacheBytes: options.blockCacheBytes ?? LEVEL_STORE_DEFAULTS.blockCacheBytes,
    writeBufferBytes: options.writeBufferBytes ?? LEVEL_STORE_DEFAULTS.writeBufferBytes,
    retryMinMs: options.retryMinMs ?? LEVEL_STORE_DEFAULTS.retryMinMs,
    retryMaxMs: options.retryMaxMs ?? LEVEL_STORE_DEFAULTS.retryMaxMs,
  };
}
