/** By the name of a rival. One that is not named has no part in the suite. */
export type RivalTargets = Readonly<Record<string, number>>;

/** Every number of the benchmarks that may be turned. Targets are promises: turning one is a change of the project. */
export interface BenchConfig {
  /** Times each contestant has its turn. The ratios' median is reported. */
  readonly rounds: number;
  /** Encoded size the large document must at least have. */
  readonly largeDocumentBytes: number;
  readonly fanOut: {
    readonly clients: number;
    readonly writers: number;
    readonly latencyReceivers: number;
    readonly warmupMs: number;
    readonly windowMs: number;
    readonly drainTimeoutMs: number;
    readonly loads: readonly {
      readonly updatesPerSecond: number;
      readonly maxCpuRatio: number;
      readonly maxExtraP99Ms: number;
    }[];
    /** Of its CPU per delivered update, by rival. */
    readonly maxRivalCpuRatio: RivalTargets;
  };
  readonly saturation: {
    readonly clients: number;
    readonly writers: number;
    /** Tried in turn in the first round; the one with the most deliveries is used in the others. */
    readonly inFlightPerWriter: readonly number[];
    /** Each must deliver this many times what the one before did, or the climb ends there. */
    readonly minGrowth: number;
    readonly warmupMs: number;
    readonly windowMs: number;
    readonly drainTimeoutMs: number;
    readonly minRelayRatio: number;
    readonly minBatchingRatio: number;
  };
  readonly growth: {
    readonly clients: number;
    readonly writers: number;
    readonly updatesPerSecond: number;
    readonly places: number;
    readonly sentenceLength: number;
    readonly warmupMs: number;
    readonly windowMs: number;
    readonly drainTimeoutMs: number;
    readonly maxCpuRatio: number;
  };
  readonly joinStorm: {
    readonly clients: number;
    readonly repeats: number;
    readonly settleMs: number;
    readonly timeoutMs: number;
    readonly maxCpuRatio: number;
    readonly maxPeakPerDocument: number;
  };
  readonly reconnectStorm: {
    readonly clients: number;
    /** Storms in one window, so that 10 ms ticks of the CPU clock mean something. */
    readonly repeats: number;
    readonly settleMs: number;
    readonly timeoutMs: number;
    readonly maxCpuRatio: number;
  };
  readonly idleMemory: {
    /** Opened first and not counted. */
    readonly warmupConnections: number;
    readonly connections: number;
    readonly maxBytesPerConnection: number;
    /** Opened first and not counted. */
    readonly warmupDocuments: number;
    readonly openDocuments: number;
    readonly maxPerEncodedByte: number;
    readonly settleAtMostMs: number;
  };
  readonly durable: {
    /** Updates under way at once; a raw batch has as many records as their product. */
    readonly shapes: readonly { readonly documents: number; readonly updatesPerChange: number }[];
    readonly windowMs: number;
    readonly minRatio: number;
    /** The closed loop through the whole server. */
    readonly server: {
      readonly documents: number;
      readonly clientsPerDocument: number;
      readonly writersPerDocument: number;
      readonly inFlightPerWriter: number;
      readonly warmupMs: number;
      readonly windowMs: number;
      readonly drainTimeoutMs: number;
    };
  };
  readonly relay: {
    /** Over all documents. */
    readonly updatesPerSecond: number;
    /** With one writer each. */
    readonly documents: number;
    /** Readers of each document when it is about how much is delivered. */
    readonly crowd: number;
    /** Of all writers together: most of what one instance can take. A store that is hardly busy writes every update by itself. */
    readonly crowdUpdatesPerSecond: number;
    /** Open at both instances besides, few and many. */
    readonly openDocuments: readonly [number, number];
    readonly warmupMs: number;
    readonly windowMs: number;
    readonly drainTimeoutMs: number;
    readonly maxAddedMs: number;
    readonly maxGrowth: number;
    readonly maxBytesPerUpdate: number;
    readonly minScale: number;
  };
  readonly abuse: {
    readonly messagesPerSecond: number;
    readonly clients: number;
    readonly updatesPerSecond: number;
    readonly warmupMs: number;
    readonly windowMs: number;
    readonly drainTimeoutMs: number;
    readonly maxP95Ratio: number;
  };
}

export const FULL: BenchConfig = {
  rounds: 3,
  largeDocumentBytes: 4_000_000,
  fanOut: {
    clients: 500,
    writers: 10,
    latencyReceivers: 20,
    warmupMs: 1500,
    windowMs: 4000,
    drainTimeoutMs: 40_000,
    loads: [
      { updatesPerSecond: 100, maxCpuRatio: 0.75, maxExtraP99Ms: 25 },
      { updatesPerSecond: 500, maxCpuRatio: 0.25, maxExtraP99Ms: 25 },
    ],
    maxRivalCpuRatio: { hocuspocus: 0.5, 'y-websocket': 0.5 },
  },
  saturation: {
    clients: 500,
    writers: 10,
    inFlightPerWriter: [8, 32, 128, 512],
    minGrowth: 1.05,
    warmupMs: 1000,
    windowMs: 2000,
    drainTimeoutMs: 20_000,
    minRelayRatio: 5,
    minBatchingRatio: 0.8,
  },
  growth: {
    clients: 4,
    writers: 4,
    updatesPerSecond: 1000,
    places: 50_000,
    sentenceLength: 512,
    warmupMs: 2000,
    windowMs: 6000,
    drainTimeoutMs: 10_000,
    maxCpuRatio: 1.1,
  },
  joinStorm: {
    clients: 100,
    repeats: 3,
    settleMs: 300,
    timeoutMs: 30_000,
    maxCpuRatio: 1.5,
    maxPeakPerDocument: 3,
  },
  reconnectStorm: { clients: 100, repeats: 10, settleMs: 300, timeoutMs: 30_000, maxCpuRatio: 1.5 },
  idleMemory: {
    warmupConnections: 500,
    connections: 2000,
    maxBytesPerConnection: 20_480,
    warmupDocuments: 5,
    openDocuments: 20,
    maxPerEncodedByte: 1.5,
    settleAtMostMs: 20_000,
  },
  durable: {
    shapes: [
      { documents: 1, updatesPerChange: 1 },
      { documents: 10, updatesPerChange: 1 },
      { documents: 100, updatesPerChange: 1 },
      { documents: 10, updatesPerChange: 10 },
    ],
    windowMs: 2000,
    minRatio: 0.5,
    server: {
      documents: 50,
      clientsPerDocument: 1,
      writersPerDocument: 1,
      inFlightPerWriter: 4,
      warmupMs: 1000,
      windowMs: 4000,
      drainTimeoutMs: 10_000,
    },
  },
  relay: {
    updatesPerSecond: 1000,
    documents: 100,
    crowd: 10,
    crowdUpdatesPerSecond: 3_000,
    openDocuments: [100, 10_000],
    warmupMs: 2000,
    windowMs: 6000,
    drainTimeoutMs: 10_000,
    maxAddedMs: 3,
    maxGrowth: 1.3,
    maxBytesPerUpdate: 200,
    minScale: 1.7,
  },
  abuse: {
    messagesPerSecond: 50_000,
    clients: 10,
    updatesPerSecond: 50,
    warmupMs: 1000,
    windowMs: 5000,
    drainTimeoutMs: 15_000,
    maxP95Ratio: 3,
  },
};

/** A minute of smoke: shows that everything runs, says nothing about speed. */
export const QUICK: BenchConfig = {
  rounds: 1,
  largeDocumentBytes: 400_000,
  fanOut: { ...FULL.fanOut, clients: 50, warmupMs: 500, windowMs: 1000 },
  saturation: { ...FULL.saturation, clients: 50, inFlightPerWriter: [8, 64], warmupMs: 500, windowMs: 1000 },
  growth: { ...FULL.growth, places: 5000, warmupMs: 500, windowMs: 1000 },
  joinStorm: { ...FULL.joinStorm, clients: 20, repeats: 1 },
  reconnectStorm: { ...FULL.reconnectStorm, clients: 20, repeats: 3 },
  idleMemory: {
    ...FULL.idleMemory,
    warmupConnections: 50,
    connections: 200,
    warmupDocuments: 1,
    openDocuments: 2,
    settleAtMostMs: 3000,
  },
  durable: { ...FULL.durable, windowMs: 500 },
  relay: { ...FULL.relay, openDocuments: [10, 200], warmupMs: 500, windowMs: 1000 },
  abuse: { ...FULL.abuse, warmupMs: 500, windowMs: 1000 },
};

/** Client ids as Yjs draws them are 32 bits long; these are fixed, so that every run sends the same bytes. */
export const CLIENT_IDS = {
  document: 0x20_00_00_00,
  writers: 0x40_00_00_00,
  victims: 0x60_00_00_00,
  abuser: 0x70_00_00_00,
};

/** The real editing session documents are made of, relative to the repository; made-up text when it is not there. */
export const TRACE_FILE = '../shared/data/automerge-paper.json.gz';
