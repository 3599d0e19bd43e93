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
    /** Of what it delivers in a second, by rival. */
    readonly minRivalRatio: RivalTargets;
  };
  readonly manyDocuments: {
    readonly documents: number;
    /** Of each document, besides its writer. */
    readonly readers: number;
    /** Over all documents. */
    readonly updatesPerSecond: number;
    readonly warmupMs: number;
    readonly windowMs: number;
    readonly drainTimeoutMs: number;
    /** Of its CPU per delivered update. */
    readonly maxRelayCpuRatio: number;
    readonly maxP99Ms: number;
    /** Of its CPU per delivered update, by rival. */
    readonly maxRivalCpuRatio: RivalTargets;
  };
  readonly growth: {
    /** Encoded, of the documents that are compared with one that holds a sentence. */
    readonly documentBytes: readonly number[];
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
  readonly slowConsumer: {
    /** Of the document, besides the slow ones. */
    readonly clients: number;
    readonly writers: number;
    readonly slowClients: number;
    readonly updatesPerSecond: number;
    /** Of each update: keystrokes would take minutes to fill what the kernel holds for a socket. */
    readonly pictureBytes: number;
    readonly warmupMs: number;
    readonly windowMs: number;
    readonly drainTimeoutMs: number;
    readonly catchUpTimeoutMs: number;
    /** What the highest memory is higher by than when they read, for each of them. */
    readonly maxBytesPerSlowClient: number;
    readonly maxExtraP99Ms: number;
    /** Of how much memory grows, by rival. */
    readonly maxRivalGrowthRatio: RivalTargets;
  };
  readonly day: {
    /** In each of them, everybody of the session writes at the same time. */
    readonly documents: number;
    readonly readersPerDocument: number;
    /** Of the session, at most. */
    readonly edits: number;
    readonly hours: number;
    /** Of each hour. */
    readonly hourMs: number;
    readonly drainTimeoutMs: number;
    /** Of its CPU per update, the last quarter of the day ÷ the second. */
    readonly maxCpuGrowth: number;
    /** Of its resident memory, likewise. */
    readonly maxRssGrowth: number;
    /** Of what lies on disk at the end, in bytes of the updates as clients sent them. */
    readonly maxDiskPerByte: number;
    /** Of its CPU per update, by rival. */
    readonly maxRivalCpuRatio: RivalTargets;
  };
  readonly joinStorm: {
    readonly clients: number;
    readonly repeats: number;
    readonly settleMs: number;
    readonly timeoutMs: number;
    readonly maxCpuRatio: number;
    readonly maxPeakPerDocument: number;
    /** Of their one storm. */
    readonly rivalClients: number;
    /** Of CPU time per join, by rival. */
    readonly maxRivalCpuRatio: RivalTargets;
  };
  readonly reconnectStorm: {
    readonly clients: number;
    /** Storms in one window, so that 10 ms ticks of the CPU clock mean something. */
    readonly repeats: number;
    readonly settleMs: number;
    readonly timeoutMs: number;
    readonly maxCpuRatio: number;
    /** Of their one storm. */
    readonly rivalClients: number;
    /** Of CPU time per reconnect, by rival. */
    readonly maxRivalCpuRatio: RivalTargets;
  };
  readonly coldOpen: {
    readonly sizes: readonly { readonly what: string; readonly bytes: number }[];
    /** Of the time `Y.applyUpdate` takes with the same state. */
    readonly maxPerYDoc: number;
    /** Of the time until its client was synced, by rival. */
    readonly maxRivalRatio: RivalTargets;
  };
  readonly presence: {
    readonly crowds: readonly {
      readonly clients: number;
      /** Whether they send back what they hear, as stock `y-websocket` clients do. */
      readonly echoes: boolean;
      /** Of CPU time at the same moves, by rival. */
      readonly maxRivalCpuRatio: RivalTargets;
    }[];
    /** Of each client. */
    readonly movesPerSecond: number;
    readonly latencyReceivers: number;
    readonly warmupMs: number;
    readonly windowMs: number;
    readonly drainTimeoutMs: number;
    readonly maxP99Ms: number;
  };
  readonly connections: {
    readonly count: number;
    readonly documents: number;
    readonly idleMs: number;
    readonly settleAtMostMs: number;
    readonly maxBytesPerConnection: number;
    readonly maxIdleCpuPercent: number;
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
    /** Of what a connection holds, and of what an open document does, by rival. */
    readonly maxRivalConnectionRatio: RivalTargets;
    readonly maxRivalDocumentRatio: RivalTargets;
  };
  readonly durable: {
    /** Updates under way at once; a raw batch has as many records as their product. */
    readonly shapes: readonly { readonly documents: number; readonly updatesPerChange: number }[];
    readonly windowMs: number;
    readonly minRatio: number;
    /** Of what a rival stores, by the number of documents and then by rival. */
    readonly minRivalRatio: Readonly<Record<number, RivalTargets>>;
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
  readonly twoInstances: {
    /** Of the bytes Redis gets for a keystroke, by rival. */
    readonly maxBytesRatio: RivalTargets;
    /** Fewer than `relay` asks for: all are to keep up. */
    readonly updatesPerSecond: number;
    readonly documents: number;
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
  rounds: 2,
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
    minRivalRatio: { hocuspocus: 1.2, 'y-websocket': 10 },
  },
  manyDocuments: {
    documents: 500,
    readers: 2,
    updatesPerSecond: 1000,
    warmupMs: 2000,
    windowMs: 5000,
    drainTimeoutMs: 10_000,
    maxRelayCpuRatio: 4,
    maxP99Ms: 50,
    maxRivalCpuRatio: { 'y-websocket+leveldb': 1, 'hocuspocus+sqlite': 1 },
  },
  growth: {
    documentBytes: [1_000_000, 4_000_000, 20_000_000],
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
  slowConsumer: {
    clients: 14,
    writers: 4,
    slowClients: 10,
    updatesPerSecond: 500,
    pictureBytes: 4000,
    warmupMs: 2000,
    windowMs: 8000,
    drainTimeoutMs: 10_000,
    catchUpTimeoutMs: 20_000,
    maxBytesPerSlowClient: 4_194_304,
    maxExtraP99Ms: 25,
    maxRivalGrowthRatio: { 'y-websocket': 1, hocuspocus: 1 },
  },
  day: {
    documents: 4,
    readersPerDocument: 1,
    edits: 30_000,
    hours: 24,
    hourMs: 3000,
    drainTimeoutMs: 20_000,
    maxCpuGrowth: 1.2,
    maxRssGrowth: 1.2,
    maxDiskPerByte: 4,
    maxRivalCpuRatio: { 'y-websocket+leveldb': 1, 'hocuspocus+sqlite': 1 },
  },
  joinStorm: {
    clients: 100,
    repeats: 3,
    settleMs: 300,
    timeoutMs: 30_000,
    maxCpuRatio: 1.5,
    maxPeakPerDocument: 3,
    rivalClients: 10,
    maxRivalCpuRatio: { 'y-websocket+leveldb': 0.02, 'hocuspocus+sqlite': 0.02 },
  },
  reconnectStorm: {
    clients: 100,
    repeats: 20,
    settleMs: 300,
    timeoutMs: 30_000,
    maxCpuRatio: 1.5,
    rivalClients: 10,
    maxRivalCpuRatio: { 'y-websocket+leveldb': 0.1, 'hocuspocus+sqlite': 0.1 },
  },
  coldOpen: {
    sizes: [
      { what: 'one editing session', bytes: 1 },
      { what: '4 MB', bytes: 4_000_000 },
    ],
    maxPerYDoc: 0.2,
    maxRivalRatio: { 'y-websocket+leveldb': 0.3, 'hocuspocus+sqlite': 0.3 },
  },
  presence: {
    crowds: [
      { clients: 100, echoes: false, maxRivalCpuRatio: { hocuspocus: 0.25, 'y-websocket': 0.25 } },
      { clients: 100, echoes: true, maxRivalCpuRatio: { 'y-websocket': 0.25 } },
      { clients: 300, echoes: false, maxRivalCpuRatio: { hocuspocus: 0.25 } },
      { clients: 500, echoes: false, maxRivalCpuRatio: {} },
      { clients: 1000, echoes: false, maxRivalCpuRatio: {} },
    ],
    movesPerSecond: 5,
    latencyReceivers: 20,
    warmupMs: 3000,
    windowMs: 8_000,
    drainTimeoutMs: 20_000,
    maxP99Ms: 100,
  },
  connections: {
    count: 10_000,
    documents: 1000,
    idleMs: 10_000,
    settleAtMostMs: 20_000,
    maxBytesPerConnection: 20_480,
    maxIdleCpuPercent: 5,
  },
  idleMemory: {
    warmupConnections: 500,
    connections: 2000,
    maxBytesPerConnection: 20_480,
    warmupDocuments: 5,
    openDocuments: 20,
    maxPerEncodedByte: 1.5,
    settleAtMostMs: 20_000,
    maxRivalConnectionRatio: { 'y-websocket+leveldb': 1, 'hocuspocus+sqlite': 1 },
    maxRivalDocumentRatio: { 'y-websocket+leveldb': 0.15, 'hocuspocus+sqlite': 0.15 },
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
    minRivalRatio: { 100: { 'y-websocket+leveldb': 10 } },
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
  twoInstances: {
    maxBytesRatio: { 'hocuspocus+redis': 0.2, 'y-websocket+redis': 1 },
    updatesPerSecond: 200,
    documents: 20,
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
  manyDocuments: { ...FULL.manyDocuments, documents: 50, updatesPerSecond: 200, warmupMs: 500, windowMs: 1000 },
  growth: { ...FULL.growth, documentBytes: [400_000], places: 5000, warmupMs: 500, windowMs: 1000 },
  slowConsumer: { ...FULL.slowConsumer, warmupMs: 500, windowMs: 2000 },
  day: { ...FULL.day, edits: 2000, hours: 12, hourMs: 400 },
  joinStorm: { ...FULL.joinStorm, clients: 20, repeats: 1 },
  reconnectStorm: { ...FULL.reconnectStorm, clients: 20, repeats: 3 },
  coldOpen: { ...FULL.coldOpen, sizes: [{ what: 'one editing session', bytes: 1 }] },
  presence: {
    ...FULL.presence,
    crowds: [
      { clients: 20, echoes: false, maxRivalCpuRatio: { hocuspocus: 0.25, 'y-websocket': 0.25 } },
      { clients: 20, echoes: true, maxRivalCpuRatio: { 'y-websocket': 0.25 } },
    ],
    windowMs: 1000,
  },
  connections: { ...FULL.connections, count: 500, documents: 50, idleMs: 2000, settleAtMostMs: 3000 },
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
  twoInstances: FULL.twoInstances,
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

/** What two people wrote together, for a day of the benchmark; they improvise when it is not there. */
export const SESSION_FILE = '../shared/data/friendsforever.json.gz';
