import { HeadwaterError } from '@headwater/protocol';
import { z } from 'zod';
import { formatQuantity, parseQuantity, QUANTITY_FORMS, type QuantityKind } from './quantity.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const DAY = 24 * 60 * 60 * 1000;

declare module 'zod' {
  /** What `--help` and `docs/options.md` print beside an option's description. */
  interface GlobalMeta {
    kind?: QuantityKind;
    /** What a value must be, completing "expected …". */
    expected?: string;
    /** Its value is in no message, not even in one that refuses it. */
    isSecret?: boolean;
  }
}

interface QuantityRange {
  readonly min: number;
  readonly max?: number;
}

/** A number that may also be written with a unit. One message says all a reader needs: the form and the range. */
function quantity(kind: QuantityKind, unset: number, { min, max }: QuantityRange) {
  const text = (units: number): string => formatQuantity(kind, units);
  const range = max === undefined ? `at least ${text(min)}` : `${text(min)} to ${text(max)}`;
  const expected = `${QUANTITY_FORMS[kind]}, ${range}`;
  const isWithin = (value: unknown): boolean => {
    const units = parseQuantity(kind, value);
    return units !== undefined && units >= min && units <= (max ?? Number.MAX_SAFE_INTEGER);
  };
  return z
    .custom<number | string>(isWithin, { error: `expected ${expected}` })
    .transform((value) => parseQuantity(kind, value) ?? unset)
    .default(unset)
    .meta({ kind, expected });
}

const count = (unset: number, range: QuantityRange = { min: 1 }) => quantity('number', unset, range);
const bytes = (unset: number, range: QuantityRange = { min: 1 }) => quantity('bytes', unset, range);
const duration = (unset: number, range: QuantityRange = { min: 1 }) => quantity('milliseconds', unset, range);
const text = (unset: string, expected: string) => {
  const error = `expected ${expected}`;
  return z.string({ error }).min(1, { error }).default(unset).meta({ expected });
};

const optionalText = (expected: string) =>
  z
    .string({ error: `expected ${expected}` })
    .default('')
    .meta({ expected });

/** What goes into a header as it is. Empty: none. */
const secret = () => {
  const expected = 'visible ASCII characters; empty: none';
  return z
    .string({ error: `expected ${expected}` })
    .regex(/^[\x21-\x7e]*$/, { error: `expected ${expected}` })
    .default('')
    .meta({ expected, isSecret: true });
};

/** A word out of a few. */
export const oneOf = <const T extends readonly [string, ...string[]]>(choices: T, unset: T[number]) => {
  const expected = `one of ${choices.join(', ')}`;
  return z
    .enum(choices, { error: `expected ${expected}` })
    .default(unset)
    .meta({ expected });
};

/**
 * Every option of the server, its unit and its default: the one schema behind `createServer`, the command's flags,
 * the `HEADWATER_*` environment variables and the config file. The descriptions are what `--help` and
 * `docs/options.md` print.
 */
export const serverOptionsSchema = z.strictObject({
  host: text('127.0.0.1', 'a host name or an address').describe('Address to listen on.'),
  port: count(1234, { min: 0, max: 65_535 }).describe('Port to listen on; 0 picks a free one.'),
  data: text('./data', 'a directory').describe('Directory of the LevelDB store; created when missing.'),

  redis: optionalText('a Redis URL; empty: none').describe(
    'Redis through which several instances are one: redis://[user:password@]host[:port][/database], redis+sentinel://host:port,host:port/master or redis+cluster://host:port,host:port; rediss for TLS. Empty: this instance is alone.',
  ),
  redisPrefix: text('headwater:', 'a text').describe(
    'What every key and channel in Redis begins with. Instances with the same prefix are a cluster.',
  ),
  clusterSecret: secret().describe(
    'What instances of a cluster prove to each other before one lets another have the store. Empty: they agree on one in Redis.',
  ),
  storeHost: text('127.0.0.1', 'a host name or an address').describe(
    'Address at which this instance serves the store to the others when it has it; 0.0.0.0 for instances on several machines, in a private network.',
  ),
  storePort: count(0, { min: 0, max: 65_535 }).describe('Port for that; 0 picks a free one.'),

  maxMessageBytes: bytes(16 * MIB).describe('Largest WebSocket message accepted; a larger one closes with 1009.'),
  maxQueuedBytes: bytes(4 * MIB).describe(
    'Bytes queued for one socket before it leaves the fan-out until it drains and is caught up.',
  ),
  stalledSocketTimeoutMs: duration(120_000).describe(
    'A socket that drained nothing for this long while bytes were queued is closed with 1013.',
  ),
  maxMessagesPerSecond: count(0, { min: 0 }).describe(
    'Messages a second (averaged over 10 s) above which a connection is closed with 1013; 0: never, it is only slowed.',
  ),
  heartbeatIntervalMs: duration(20_000, { min: 1, max: 29_000 }).describe(
    'Distance of WebSocket pings; a connection that answers none for two of them is gone. Also the keep-alive of stock clients, so below 30 s.',
  ),

  crowdSockets: count(16).describe('Sockets in a document from which on its flushes keep flushIntervalMs apart.'),
  flushIntervalMs: duration(16, { min: 0 }).describe(
    'Minimum distance of two flushes of a document with many sockets; twice that when only presence changed. With thousands of sockets it grows, so that one document leaves most of the time to the others.',
  ),

  maxDocumentsPerConnection: count(256).describe(
    'Documents one connection may have open, where it can have several; more are denied.',
  ),

  maxAwarenessStateBytes: bytes(64 * KIB).describe('Largest awareness state of one client id, as JSON.'),
  maxAwarenessStates: count(10_000).describe('Awareness states in one document; more are ignored.'),
  maxAwarenessStatesPerSession: count(256).describe('Awareness states one session may carry; more are ignored.'),

  maxWaitingBytes: bytes(32 * MIB).describe(
    'Bytes of updates per document that may wait for missing dependencies; past it the sender is closed with 1013.',
  ),
  maxUnsavedBytes: bytes(256 * MIB).describe(
    'Bytes not yet fsynced, over all documents, above which the server stops reading from sockets, ' +
      'and taking up what other instances could not save, until the store caught up.',
  ),

  unloadAfterMs: duration(30_000, { min: 0 }).describe('How long a document without sessions stays in memory.'),
  compactAfterBytes: bytes(256 * KIB).describe('Tail bytes below which a live document is never compacted.'),
  workerThreads: count(1).describe(
    'Threads for compactions, as many again for diffs of large documents, and as many for the history.',
  ),

  history: oneOf(['keep', 'none'], 'keep').describe(
    "Whether a document's past is kept, so that every moment can be gone back to; none: only named versions are.",
  ),
  historyKeepAllMs: duration(7 * DAY, { min: 0 }).describe('Every edit younger than this can be gone back to.'),
  historyHourlyMs: duration(30 * DAY, { min: 0 }).describe(
    'Of older ones the last state of each hour is kept up to this age; 0: none.',
  ),
  historyDailyMs: duration(0, { min: 0 }).describe(
    'Of still older ones the last state of each day is kept up to this age; 0: for ever.',
  ),
  historyMaxBytes: bytes(GIB, { min: 0 }).describe(
    'Bytes on disk the past of one document may take; above it the oldest goes first. Named versions stay.',
  ),

  api: oneOf(['local', 'on', 'off'], 'local').describe(
    'Who may use the HTTP API below /v1: programs on this machine, everybody who reaches the port, or nobody. Where NODE_ENV is "production", local means the headwater commands, and who has the apiToken.',
  ),
  apiToken: secret().describe(
    'When set, the API asks for it: "Authorization: Bearer TOKEN". Commands on this machine need none.',
  ),
  inspect: oneOf(['auto', 'off', 'local', 'on'], 'auto').describe(
    'To whom the page at /inspect/NAME is shown, and the one at / where NODE_ENV is not "production"; auto: to this machine when only that can reach the server and NODE_ENV is not "production", else to nobody. The pages use the API.',
  ),

  shutdownTimeoutMs: duration(10_000).describe('How long a graceful stop may take before sockets are cut.'),
});

/** Options of {@link createServer}; everything has a default. Sizes and durations may be text: `'16MiB'`, `'30s'`. */
export type ServerOptions = z.input<typeof serverOptionsSchema>;

/** The same with every default filled in. */
export type ResolvedServerOptions = z.output<typeof serverOptionsSchema>;

/**
 * Fills in the defaults.
 *
 * @throws HW_OPTIONS_INVALID with one line per problem
 */
export function resolveServerOptions(options: ServerOptions): ResolvedServerOptions {
  const result = serverOptionsSchema.safeParse(options);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? `unknown option ${issue.keys.join(', ')}`
      : `${issue.path.join('.')}: ${issue.message}`,
  );
  throw new HeadwaterError('HW_OPTIONS_INVALID', lines.join('\n'), { cause: result.error });
}
