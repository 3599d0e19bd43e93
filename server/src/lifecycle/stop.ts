import type { Server } from 'node:http';
import type { Reauthentication } from '../access/reauthentication.ts';
import type { Heartbeat } from '../connection/heartbeat.ts';
import type { WebSocketConnection } from '../connection/websocket-connection.ts';
import type { HistoryKeeper } from '../documents/history-keeper.ts';
import type { DocumentRegistry } from '../documents/registry.ts';
import type { ClusterSurroundings } from '../documents/replica.ts';
import type { LiveHistory } from '../history/live-history.ts';
import type { Upgrader } from '../http/upgrade.ts';
import type { LocalDocuments } from '../local/local-documents.ts';
import type { Logger } from '../logging/logger.ts';
import type { ResolvedServerOptions } from '../options.ts';
import type { HistoryWorkers } from '../workers/history-workers.ts';
import type { DocumentWorkers } from '../workers/worker-pool.ts';
import { dismissAll } from './dismiss-all.ts';
import type { OpenRequests } from './open-requests.ts';
import type { ServerStore } from './open-store.ts';
import type { RuntimeFile } from './runtime-file.ts';

/** Everything there is to stop. */
export interface Stoppable {
  readonly upgrader: Upgrader;
  readonly httpServers: readonly Server[];
  readonly openRequests: OpenRequests;
  readonly detach: readonly (() => void)[];
  readonly connections: ReadonlySet<WebSocketConnection>;
  readonly locals: LocalDocuments;
  readonly registry: DocumentRegistry;
  readonly reauthentication: Reauthentication | undefined;
  readonly heartbeat: Heartbeat;
  readonly keeper: HistoryKeeper;
  readonly history: LiveHistory;
  readonly runtimeFile: RuntimeFile | undefined;
  readonly workers: DocumentWorkers;
  readonly historyWorkers: HistoryWorkers;
  readonly store: ServerStore;
  readonly cluster: ClusterSurroundings | undefined;
  readonly options: ResolvedServerOptions;
  readonly logger: Logger;
}

/** How long clients get to answer the close frame, and answers to requests to get out. */
const GOODBYE_MS = 1_000;

/** The graceful stop, in its order. Everything is closed even when saving fails; that failure is reported last. */
export async function stop(parts: Stoppable): Promise<void> {
  const { upgrader, httpServers, connections, registry, store: opened, logger, options } = parts;
  const { store } = opened;
  const startedMs = performance.now();
  // 1. take no new work
  upgrader.close();
  parts.history.close();
  parts.reauthentication?.close();
  for (const server of httpServers) server.close();
  for (const connection of connections) connection.stopReading();
  parts.locals.takeNoMore();
  try {
    // 2. finish what was promised
    await withTimeout(registry.saveAll(), options.shutdownTimeoutMs, () =>
      logger.error(
        { unsavedBytes: store.health.unsavedBytes },
        'stopping with unsaved edits: the store does not write',
      ),
    );
  } finally {
    parts.locals.abandon();
    // 3. say goodbye: clients reconnect on 1012
    await dismissAll(connections, options.shutdownTimeoutMs - (performance.now() - startedMs));
    await withTimeout(allClosed(connections), GOODBYE_MS);
    for (const connection of connections) connection.terminate();
    await allClosed(connections);
    await withTimeout(parts.openRequests.whenAnswered(), GOODBYE_MS);
    for (const server of httpServers) server.closeAllConnections();
    for (const undo of parts.detach) undo();
    // 4. give back what we hold
    parts.heartbeat.close();
    registry.close();
    parts.keeper.stop();
    parts.cluster?.sweep.close();
    await parts.cluster?.relay.close();
    try {
      await Promise.all([parts.workers.close(), parts.historyWorkers.close()]);
    } finally {
      await parts.runtimeFile?.remove(); // while the store is still ours: the next server writes its own
      try {
        await opened.close();
      } finally {
        await parts.keeper.whenDone();
      }
    }
  }
}

async function allClosed(connections: ReadonlySet<WebSocketConnection>): Promise<void> {
  await Promise.all([...connections].map((connection) => connection.whenClosed()));
}

async function withTimeout(work: Promise<void>, timeoutMs: number, onTimeout?: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      onTimeout?.();
      resolve();
    }, timeoutMs);
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
