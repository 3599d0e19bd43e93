import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DeleteOptions, DocumentHistory, DocumentStore } from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';
import { getRequestListener } from '@hono/node-server';
import type { Authenticate } from './access/access.ts';
import { checkWhom, type ReauthenticateOptions, Reauthentication, shuttingDown } from './access/reauthentication.ts';
import type { OnStateless } from './access/stateless.ts';
import { Heartbeat } from './connection/heartbeat.ts';
import { ReadScheduler } from './connection/read-scheduler.ts';
import { WebSocketConnection } from './connection/websocket-connection.ts';
import { Compactor } from './documents/compactor.ts';
import { FlushScheduler } from './documents/flush-scheduler.ts';
import { HistoryKeeper } from './documents/history-keeper.ts';
import { DocumentRegistry } from './documents/registry.ts';
import { Sweep } from './documents/sweep.ts';
import { LiveHistory } from './history/live-history.ts';
import { createHttpApp, type Health, type HttpParts } from './http/http-app.ts';
import { createPages } from './http/pages.ts';
import { pagesScope } from './http/pages-scope.ts';
import { Upgrader } from './http/upgrade.ts';
import { routeUpgrades } from './http/upgrade-routes.ts';
import { listenOn } from './lifecycle/listen.ts';
import { OpenRequests } from './lifecycle/open-requests.ts';
import { openStore, ownStore, type ServerStore } from './lifecycle/open-store.ts';
import { RuntimeFile } from './lifecycle/runtime-file.ts';
import { stop } from './lifecycle/stop.ts';
import { LocalDocuments, type OpenOptions } from './local/local-documents.ts';
import type { OpenDocument } from './local/open-document.ts';
import { type Logger, SILENT_LOGGER } from './logging/logger.ts';
import { resolveServerOptions, type ServerOptions } from './options.ts';
import type { RedisConnections } from './relay/redis-connections.ts';
import type { RedisRelay } from './relay/redis-relay.ts';
import { HistoryWorkers } from './workers/history-workers.ts';
import { WorkerPool } from './workers/worker-pool.ts';

/** A running Headwater. */
export interface HeadwaterServer {
  /**
   * Starts its own HTTP server on `host` and `port`.
   *
   * @throws HW_LISTEN_FAILED when the address cannot be had, HW_SHUTTING_DOWN after `close`
   */
  listen(): Promise<{ readonly host: string; readonly port: number }>;

  /**
   * Serves the WebSocket upgrades of an HTTP server you have; its requests stay yours. With `path` only upgrades below
   * it are taken (`'/sync'` serves `/sync/my-doc`), the others are left to your other `upgrade` listeners, and
   * answered with 404 when there are none.
   */
  attach(httpServer: HttpServer, options?: { readonly path?: string | undefined }): void;

  /**
   * Answers `/health`, the HTTP API below `/v1`, the page below `/inspect`, and in development the one at `/`, for an HTTP
   * server you have. `listen` does so by itself.
   *
   * @example
   * ```ts
   * const http = createServer((request, response) =>
   *   /^\/(v1|inspect|health)\b/.test(request.url ?? '') ? headwater.requestListener(request, response) : app(request, response),
   * );
   * headwater.attach(http, { path: '/sync' });
   * ```
   */
  readonly requestListener: RequestListener;

  /** The past of the documents. What is restored here reaches everybody who has the document open. */
  readonly history: DocumentHistory;

  /**
   * Opens a document in this process: a `Y.Doc` that is kept up to date and whose edits go to everybody, as a client has it. It stays
   * in memory until it is closed.
   *
   * @example
   * ```ts
   * await using opened = await server.open('my-document', { user: 'importer' });
   * opened.document.getText('text').insert(0, 'hello');
   * await opened.whenSaved(); // fsynced
   * ```
   *
   * @throws HW_NAME_INVALID, HW_OPTIONS_INVALID for an empty user, HW_SHUTTING_DOWN after `close`, HW_DOCUMENT_DELETED, or what keeps the
   * store from reading the document (HW_STORE_CORRUPT, say)
   */
  open(documentName: string, options?: OpenOptions): Promise<OpenDocument>;

  /**
   * Deletes a document for good, with its past, at every instance. Whoever has it open is told (HW_DOCUMENT_DELETED), and so is who comes
   * later: a client that still has a copy keeps it, and does not bring it back. With `allowReuse` the name is free instead, or again: the
   * next edit makes a new document, also that of a client which has the old one. Of several instances one could still have the old one in
   * memory: there the name becomes free only a minute after a deletion.
   *
   * @example
   * ```ts
   * await server.delete('my-document');
   * ```
   *
   * @returns once it is fsynced: whether there was a document
   * @throws HW_NAME_INVALID, HW_SHUTTING_DOWN after `close`, HW_STORE_UNAVAILABLE when the store is away: then nothing was deleted, or it
   * is not known whether; of several instances, with `allowReuse`, HW_DOCUMENT_EXISTS for a document that was not deleted before, and
   * HW_DOCUMENT_DELETED for one that was deleted too short a time ago
   */
  delete(documentName: string, options?: DeleteOptions): Promise<boolean>;

  /**
   * Sends text to everybody who has a document open with a Hocuspocus provider, as a stateless message: it is no part of the
   * document, and who is not there misses it.
   */
  broadcastStateless(documentName: string, payload: string): void;

  /**
   * Has `authenticate` decide anew, at every instance, about everybody who is in, or about those of a document, or of a user: call it
   * when a permission has changed, after that is stored where `authenticate` looks. It is asked with the token that each came with last.
   * Who is refused is out, as when a token ends; what else is different takes effect at once. Edits that were taken up stay. Who cannot be
   * decided about (`HW_ACCESS_UNDECIDED`) keeps what they have, and is asked about again until it is decided.
   *
   * What this process has open itself is not asked about.
   *
   * @example
   * ```ts
   * await permissions.remove('ada', 'my-document');
   * await server.reauthenticate({ user: 'ada', documentName: 'my-document' });
   * ```
   *
   * @returns once everybody here was asked about and the other instances were told, which waits while Redis is away
   * @throws HW_NAME_INVALID, HW_OPTIONS_INVALID for an empty user, HW_SHUTTING_DOWN when it is closed
   */
  reauthenticate(options?: ReauthenticateOptions): Promise<void>;

  /** The same as `GET /health`. */
  readonly health: Health;

  /**
   * Stops: accepts nothing new, stores and fsyncs everything received, closes sockets with 1012, closes the store.
   * Idempotent. Takes at most `shutdownTimeoutMs` when the store cannot write.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What can be handed in beside the options. */
export interface ServerParts {
  /** Where it says what happens. Default: nowhere. */
  readonly logger?: Logger | undefined;
  /** The documents at rest, instead of a `LevelStore` in `data`. The server closes it. */
  readonly store?: DocumentStore | undefined;
  /** Decides who may have which document. Default: everybody may have every document. */
  readonly authenticate?: Authenticate | undefined;
  /** Gets the stateless messages of Hocuspocus providers. Default: they are ignored. */
  readonly onStateless?: OnStateless | undefined;
  /**
   * Called when a server that was started while Redis was away finds that the cluster uses another store, or a newer copy of this
   * one (HW_CLUSTER_OTHER_STORE, HW_CLUSTER_STORE_OUTDATED). It closes itself: what it saved is in its store, and nowhere else.
   */
  readonly onRefused?: ((problem: HeadwaterError) => void) | undefined;
}

/**
 * Opens the store and builds a server around it; call `listen` or `attach` to have it serve.
 *
 * @example
 * ```ts
 * const server = await createServer({ port: 1234, data: './data' });
 * await server.listen();
 * // … later
 * await server.close();
 * ```
 *
 * @throws HW_OPTIONS_INVALID, HW_STORE_LOCKED, HW_STORE_UNUSABLE, HW_STORE_NEWER_FORMAT, HW_STORE_CORRUPT,
 * HW_REDIS_REFUSED, and what `ClusterStore.open` throws
 */
export async function createServer(options: ServerOptions & ServerParts = {}): Promise<HeadwaterServer> {
  const { logger = SILENT_LOGGER, store: givenStore, authenticate, onStateless, onRefused, ...rest } = options;
  const resolved = resolveServerOptions(rest);
  const { redis, redisPrefix } = resolved;
  const joined = redis === '' ? undefined : await joinRedis(redis, redisPrefix, logger);
  const relay = joined?.relay;
  /** Says where the server is to commands that find the store taken. */
  const runtimeFile = givenStore === undefined ? new RuntimeFile(resolved.data, logger) : undefined;
  let listening: { readonly host: string; readonly port: number } | undefined;
  /** Of several instances only those take part that use one store. */
  let confirmed: Promise<void> | undefined;
  let opened: ServerStore;
  try {
    opened = givenStore === undefined ? await openHere() : ownStore(givenStore);
    if (givenStore !== undefined) confirmed = relay?.join();
    await confirmed;
  } catch (error) {
    await relay?.close();
    throw error;
  }
  const { store } = opened;

  function openHere(): Promise<ServerStore> {
    const member = joined && { connections: joined.connections, instanceId: joined.relay.instanceId };
    return openStore(resolved, member, {
      logger,
      onTakenOver: () => registry.outdateAll(),
      onOwner: () => listening && void runtimeFile?.write(listening, secret),
      onFound: () => cluster?.sweep.soon(),
      onConfirmed: () => {
        confirmed = relay?.join();
      },
      onRefused: (problem) => {
        void server.close().catch(() => {}); // who closes it too hears why
        onRefused?.(problem);
      },
    });
  }

  const now = Date.now;
  const workers = new WorkerPool(resolved.workerThreads);
  const scheduler = new FlushScheduler();
  const keeper = new HistoryKeeper(store, workers, logger, now, () => opened.isOwner);
  const compactor = new Compactor(store, workers, now, (documentName) => keeper.lookAfter(documentName));
  const cluster = relay && { relay, sweep: new Sweep(store, logger) };
  const registry = new DocumentRegistry({
    store,
    workers,
    compactor,
    scheduler,
    cluster,
    options: resolved,
    logger,
    now,
  });
  const locals = new LocalDocuments({ registry, logger });
  const historyWorkers = new HistoryWorkers(resolved.workerThreads);
  const history = new LiveHistory({ store, registry, workers: historyWorkers, now });
  const readers = new ReadScheduler(() => store.health.unsavedBytes <= resolved.maxUnsavedBytes);
  const heartbeat = new Heartbeat(resolved.heartbeatIntervalMs);
  const connections = new Set<WebSocketConnection>();
  const reauthentication = authenticate && new Reauthentication(logger, Math.random);
  if (reauthentication !== undefined) {
    relay?.listen({
      onAnnouncement: (whom) => void reauthentication.ask(whom).catch(() => {}), // it rejects when everything stops
      onInterrupted: () => reauthentication.askAll(),
    });
  }
  const around = {
    registry,
    authenticate,
    reauthentication,
    onStateless,
    readers,
    heartbeat,
    options: resolved,
    logger,
    now,
    onClosed: (connection: WebSocketConnection) => void connections.delete(connection),
  };
  const upgrader = new Upgrader(
    resolved.maxMessageBytes,
    (webSocket, socket, { request, parameters, documentName }) => {
      const visitor = { headers: request.headers, parameters, remoteAddress: request.socket.remoteAddress };
      const arrival = { author: randomUUID(), visitor, documentName };
      connections.add(new WebSocketConnection(webSocket, socket, arrival, around));
    },
  );

  let closing: Promise<void> | undefined;
  const httpServers: HttpServer[] = [];
  const openRequests = new OpenRequests();
  const detach: (() => void)[] = [];

  const health = (): Health => ({
    status: closing === undefined ? worse(store.health.status, relay?.health.status) : 'stopping',
    reason: store.health.error?.message ?? relay?.health.reason,
    documents: registry.size,
    connections: connections.size,
    unsavedBytes: store.health.unsavedBytes,
    instances: relay?.health.instances,
    isStoreOwner: relay && opened.isOwner,
  });

  const secret = randomUUID();
  const nodeEnv = process.env['NODE_ENV'];
  const access = { scope: resolved.api, token: resolved.apiToken, secret, isOpenLocally: nodeEnv !== 'production' };
  const loadV1: HttpParts['loadV1'] = async () => {
    const { createV1 } = await import('./http/v1/create-v1.ts');
    return createV1({ history, store, registry, logger, access });
  };
  const pages = createPages(pagesScope(resolved, nodeEnv));
  // HTTP/1.0 knows no Host, and load balancers speak it when they ask for our health.
  const respond = getRequestListener(createHttpApp(health, { loadV1, pages }).fetch, { hostname: 'host.unknown' });
  const requestListener: RequestListener = (request, response) => {
    openRequests.add(response);
    void respond(request, response);
  };

  const server: HeadwaterServer = {
    requestListener,
    history: history.documents,

    async listen() {
      const httpServer = createHttpServer(requestListener);
      server.attach(httpServer);
      httpServers.push(httpServer); // before it listens: a close in between has to find it
      await listenOn(httpServer, resolved.host, resolved.port);
      if (closing !== undefined) {
        httpServer.close();
        throw new HeadwaterError('HW_SHUTTING_DOWN', 'this server was closed before it listened');
      }
      const { address, port } = httpServer.address() as AddressInfo;
      listening = { host: address, port };
      if (opened.isOwner) await runtimeFile?.write(listening, secret);
      return listening;
    },

    attach(httpServer, { path } = {}) {
      if (closing !== undefined) throw new HeadwaterError('HW_SHUTTING_DOWN', 'this server is closed');
      detach.push(routeUpgrades(httpServer, path, upgrader));
    },

    open(documentName, by = {}) {
      return locals.open(documentName, by);
    },

    async delete(documentName, how) {
      if (closing !== undefined) throw shuttingDown();
      return registry.delete(documentName, how);
    },

    broadcastStateless(documentName, payload) {
      registry.broadcastStateless(documentName, payload);
    },

    async reauthenticate(whom = {}) {
      checkWhom(whom);
      if (closing !== undefined) throw shuttingDown();
      const { documentName, user } = whom;
      await Promise.all([reauthentication?.ask(whom), relay?.announce({ kind: 'reauthenticate', documentName, user })]);
    },

    get health() {
      return health();
    },

    close() {
      closing ??= stop({
        upgrader,
        httpServers,
        openRequests,
        detach,
        connections,
        locals,
        registry,
        reauthentication,
        heartbeat,
        keeper,
        history,
        runtimeFile,
        workers,
        historyWorkers,
        store: opened,
        cluster,
        options: resolved,
        logger,
      });
      return closing;
    },

    [Symbol.asyncDispose]() {
      return server.close();
    },
  };
  return server;
}

/** An instance on its own loads nothing of this: with it comes the client library of Redis. */
async function joinRedis(
  url: string,
  prefix: string,
  logger: Logger,
): Promise<{ readonly connections: RedisConnections; readonly relay: RedisRelay }> {
  const [{ RedisConnections }, { RedisRelay }] = await Promise.all([
    import('./relay/redis-connections.ts'),
    import('./relay/redis-relay.ts'),
  ]);
  const connections = new RedisConnections(url, logger);
  return { connections, relay: await RedisRelay.open({ connections, prefix, logger }) };
}

function worse(...statuses: readonly ('ok' | 'degraded' | undefined)[]): 'ok' | 'degraded' {
  return statuses.includes('degraded') ? 'degraded' : 'ok';
}
