import { z } from 'zod';

const KIB = 1024;
const MIB = 1024 * KIB;

const count = (unset: number) => z.coerce.number().int().min(0).default(unset);
const positive = (unset: number) => z.coerce.number().int().min(1).default(unset);

/**
 * Every option of the server, its unit and its default: the one schema behind `createServer`, the command's flags,
 * the `HEADWATER_*` environment variables and the config file. The descriptions are what `--help` and
 * `docs/options.md` print.
 */
export const serverOptionsSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  port: z.coerce.number().int().min(0).max(65_535).default(1234).describe('Port to listen on; 0 picks a free one.'),
  data: z.string().min(1).default('./data').describe('Directory of the LevelDB store; created when missing.'),

  maxMessageBytes: positive(16 * MIB).describe('Largest WebSocket message accepted; a larger one closes with 1009.'),
  maxQueuedBytes: positive(4 * MIB).describe(
    'Bytes queued for one socket before it leaves the fan-out until it drains and is caught up.',
  ),
  stalledSocketTimeoutMs: positive(120_000).describe(
    'A socket that drained nothing for this long while bytes were queued is closed with 1013.',
  ),
  maxMessagesPerSecond: count(0).describe(
    'Messages a second (averaged over 10 s) above which a connection is closed with 1013; 0: never, it is only slowed.',
  ),
  heartbeatIntervalMs: positive(20_000).describe(
    'Distance of WebSocket pings; a connection that answers none for two of them is gone. Also the keep-alive of stock clients, so below 30 s.',
  ),

  crowdSockets: positive(16).describe('Sockets in a document from which on its flushes keep flushIntervalMs apart.'),
  flushIntervalMs: count(16).describe('Minimum distance of two flushes of a document with many sockets.'),

  maxAwarenessStateBytes: positive(64 * KIB).describe('Largest awareness state of one client id, as JSON.'),
  maxAwarenessStates: positive(10_000).describe('Awareness states in one document; more are ignored.'),
  maxAwarenessStatesPerSession: positive(256).describe('Awareness states one session may carry; more are ignored.'),

  maxWaitingBytes: positive(32 * MIB).describe(
    'Bytes of updates per document that may wait for missing dependencies; past it the sender is closed with 1013.',
  ),
  maxUnsavedBytes: positive(256 * MIB).describe(
    'Bytes not yet fsynced, over all documents, above which the server stops reading from sockets until the store caught up.',
  ),

  unloadAfterMs: count(30_000).describe('How long a document without sessions stays in memory.'),
  compactAfterBytes: positive(64 * KIB).describe('Tail bytes below which a live document is never compacted.'),
  workerThreads: positive(1).describe('Threads for compaction and for diffs of large documents.'),
  shutdownTimeoutMs: positive(10_000).describe('How long a graceful stop may take before sockets are cut.'),
});

/** Options of {@link createServer}; everything has a default. */
export type ServerOptions = z.input<typeof serverOptionsSchema>;

/** The same with every default filled in. */
export type ResolvedServerOptions = z.output<typeof serverOptionsSchema>;
