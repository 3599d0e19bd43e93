import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { HeadwaterError } from '@headwater/protocol';
import { refuseUpgrade, type Upgrader } from './upgrade.ts';

interface Route {
  /** Without a slash at the end; empty for everything. */
  readonly base: string;
  readonly upgrader: Upgrader;
}

/** By HTTP server: Headwaters that share one have to know of each other to see that a path is nobody's. */
const routers = new WeakMap<Server, UpgradeRouter>();

/** The one `upgrade` listener of ours on an HTTP server. */
class UpgradeRouter {
  readonly #httpServer: Server;
  readonly #routes = new Set<Route>();

  constructor(httpServer: Server) {
    this.#httpServer = httpServer;
  }

  add(route: Route): void {
    if ([...this.#routes].some(({ base }) => base === route.base)) {
      const what = route.base === '' ? 'every path' : `"${route.base}"`;
      const where = route.base === '' ? "a path, say { path: '/sync' }" : 'another path';
      throw invalid(
        `${what} of this HTTP server is served already: attach with ${where}, or close the server that serves it`,
      );
    }
    if (this.#routes.size === 0) this.#httpServer.on('upgrade', this.#onUpgrade);
    this.#routes.add(route);
  }

  remove(route: Route): void {
    if (this.#routes.delete(route) && this.#routes.size === 0) this.#httpServer.off('upgrade', this.#onUpgrade);
  }

  readonly #onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const target = request.url ?? '';
    for (const { base, upgrader } of this.#routes) {
      // The request stays as it came: the other listeners look at its URL too.
      if (base === '' || isBelow(target, base)) {
        return upgrader.handle(request, target.slice(base.length), stream, head);
      }
    }
    // With other listeners it may be theirs; alone, nobody else would ever answer.
    if (this.#httpServer.listenerCount('upgrade') > 1) return;
    refuseUpgrade(stream as Socket, 404, 'no documents are served at this path');
  };
}

/**
 * Has the upgrades below a path answered by an upgrader; without a path all of them.
 *
 * @returns what takes that back
 * @throws HW_OPTIONS_INVALID for a path no request can be below, or one that is served already: its documents would
 * silently be the other's
 */
export function routeUpgrades(httpServer: Server, path: string | undefined, upgrader: Upgrader): () => void {
  const route = { base: baseOf(path), upgrader };
  let router = routers.get(httpServer);
  if (router === undefined) {
    router = new UpgradeRouter(httpServer);
    routers.set(httpServer, router);
  }
  router.add(route);
  return () => router.remove(route);
}

/** The base itself is the bare path below it. */
function isBelow(target: string, base: string): boolean {
  return target.startsWith(base) && ['/', '?', undefined].includes(target[base.length]);
}

function baseOf(path = '/'): string {
  if (!path.startsWith('/')) {
    throw invalid(`path: expected one that starts with "/" (or none, for all documents), got ${JSON.stringify(path)}`);
  }
  return path.replace(/\/$/, '');
}

function invalid(why: string): HeadwaterError {
  return new HeadwaterError('HW_OPTIONS_INVALID', why);
}
