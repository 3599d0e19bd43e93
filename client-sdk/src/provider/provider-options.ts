import { HeadwaterError } from '@headwater/protocol';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import type { WebSocketClass } from '../connection/web-socket.ts';
import type { Token } from '../session/token-source.ts';

/** How a document is bound to a server. */
export interface HeadwaterProviderOptions {
  /**
   * Where the server is, without a document's name: `wss://example.com`, `wss://example.com/sync`. `http:` and `https:` do, too, and in a page
   * whatever is relative to it. Providers with the same URL share one socket.
   */
  readonly url: string | URL;
  /** The document's name. */
  readonly name: string;
  /** What is bound. @defaultValue a new `Y.Doc` */
  readonly document?: Y.Doc | undefined;
  /**
   * Tells the server who this is. A function is asked when a session begins, before a token expires, and once after a denial.
   * @defaultValue `''`
   */
  readonly token?: Token | undefined;
  /** Who is there; `null` for none. @defaultValue a new `Awareness` of the document */
  readonly awareness?: Awareness | null | undefined;
  /** Whether to connect at once. @defaultValue `true` */
  readonly connect?: boolean | undefined;
  /** Whether to keep the document in this browser, too, by `y-indexeddb`, which has to be installed. @defaultValue `false` */
  readonly offline?: boolean | undefined;
  /** Whether to share edits and presence with the other tabs of this browser. @defaultValue `true` in a page, else `false` */
  readonly broadcast?: boolean | undefined;
  /** Whether the browser asks before a page with unsaved changes is closed. @defaultValue `false` */
  readonly warnBeforeUnload?: boolean | undefined;
  /** @defaultValue the global `WebSocket` */
  readonly WebSocket?: WebSocketClass | undefined;
}

const MAX_NAME_BYTES = 1_024;

/**
 * What a compiler would have found, for those who have none. Yjs' classes are told by what they do: a page may hold two copies.
 *
 * @throws HeadwaterError `HW_OPTIONS_INVALID`
 */
export function checkOptions(options: HeadwaterProviderOptions | undefined): asserts options {
  if (!options) throw invalid('url and name: give both');
  const { document, awareness, token } = options;
  if (document && typeof document.transact !== 'function') throw invalid('document: give a Y.Doc');
  if (awareness && typeof awareness.getStates !== 'function') throw invalid('awareness: give an Awareness or null');
  if (!/string|function/.test(typeof (token ?? ''))) throw invalid('token: give a string or a function');
}

/** @throws HeadwaterError `HW_OPTIONS_INVALID` */
export function checkName(name: unknown): string {
  if (typeof name !== 'string' || name.trim() === '') throw invalid('name: give the name of a document');
  if (/[\0\p{Surrogate}]/u.test(name)) throw invalid('name: neither U+0000 nor half a surrogate pair can be in it');
  if (new TextEncoder().encode(name).length > MAX_NAME_BYTES) {
    throw invalid(`name: a document's name takes at most ${MAX_NAME_BYTES} bytes`);
  }
  return name;
}

/**
 * What a WebSocket is opened with.
 *
 * @throws HeadwaterError `HW_OPTIONS_INVALID`
 */
export function webSocketUrl(given: string | URL): string {
  let url: URL;
  try {
    url = new URL(given, globalThis.location?.href);
  } catch (cause) {
    throw invalid(`url: "${given}" is no address; give one like "wss://example.com"`, cause);
  }
  if (/^https?:$/.test(url.protocol)) url.protocol = url.protocol.replace('http', 'ws');
  if (!/^wss?:$/.test(url.protocol)) {
    throw invalid(`url: "${given}" begins with ${url.protocol}; give an address that begins with ws: or wss:`);
  }
  url.hash = '';
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url.href.replace(/\/$/, '');
}

/** @throws HeadwaterError `HW_OPTIONS_INVALID` */
export function webSocketClass(given: WebSocketClass | undefined): WebSocketClass {
  const WebSocket: WebSocketClass | undefined = given ?? globalThis.WebSocket;
  if (WebSocket !== undefined) return WebSocket;
  throw invalid(
    "WebSocket: there is none here; import from '@headwater/client/node', or give the class of a package as the option WebSocket",
  );
}

export function invalid(what: string, cause?: unknown): HeadwaterError {
  return new HeadwaterError('HW_OPTIONS_INVALID', what, { cause });
}
