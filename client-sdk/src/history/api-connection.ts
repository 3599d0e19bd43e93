import { ERROR_CODES, type ErrorCode, HeadwaterError } from '@headwater/protocol';

/** How a {@link HistoryClient} reaches its server. */
export interface HistoryClientOptions {
  /** The server's `apiToken`, where it has one. */
  readonly token?: string | undefined;
  /** @defaultValue the global `fetch` */
  readonly fetch?: typeof fetch | undefined;
}

/** What may be in a query; `undefined` is left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** One request to the API. */
export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Names, not encoded yet: `['documents', 'a/b', 'history']`. */
  readonly path: readonly string[];
  readonly query?: Query;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests to the API and turns what it refuses into errors. */
export class ApiConnection {
  readonly #base: string;
  readonly #token: string | undefined;
  readonly #fetch: typeof fetch;

  /** @param serverUrl - where the server is: `http://127.0.0.1:1234`; that of its WebSockets does too */
  constructor(serverUrl: string | URL, { token, fetch = globalThis.fetch }: HistoryClientOptions) {
    const { protocol, host, pathname } = new URL(serverUrl);
    const scheme = protocol === 'wss:' || protocol === 'https:' ? 'https:' : 'http:';
    this.#base = `${scheme}//${host}${pathname.replace(/\/$/, '')}`;
    this.#token = token;
    this.#fetch = (...request) => fetch(...request); // browsers want to be called as a function
  }

  /** @throws HeadwaterError with the code of the answer, HW_SERVER_UNREACHABLE, HW_ANSWER_UNUSABLE */
  async request({ method = 'GET', path, query = {}, body, signal }: ApiRequest): Promise<Response> {
    const headers = new Headers();
    if (this.#token !== undefined) headers.set('authorization', `Bearer ${this.#token}`);
    if (body !== undefined) headers.set('content-type', 'application/json');
    const url = `${this.#base}/v1/${path.map(encodeSegment).join('/')}${encodeQuery(query)}`;
    const init = { method, headers, body: body === undefined ? null : JSON.stringify(body), signal: signal ?? null };
    const response = await this.reading(() => this.#fetch(url, init), signal);
    if (!response.ok) throw await this.#errorOf(response);
    return response;
  }

  async json(request: ApiRequest): Promise<unknown> {
    const response = await this.request(request);
    const text = await this.reading(() => response.text(), request.signal);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.#unusable(response, cause);
    }
  }

  /** Waits for something of the network. What the caller aborted is theirs, everything else is the network's. */
  async reading<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      if (cause instanceof HeadwaterError) throw cause;
      throw new HeadwaterError('HW_SERVER_UNREACHABLE', `no answer from ${this.#base}: ${reasonOf(cause)}`, { cause });
    }
  }

  async #errorOf(response: Response): Promise<HeadwaterError> {
    const text = await response.text().catch(() => '');
    try {
      return errorFrom(JSON.parse(text));
    } catch (cause) {
      return this.#unusable(response, cause);
    }
  }

  #unusable({ status }: Response, cause: unknown): HeadwaterError {
    const problem = `the answer of ${this.#base} (HTTP ${status}) is none of Headwater's API`;
    return new HeadwaterError('HW_ANSWER_UNUSABLE', problem, { cause });
  }
}

/** Reads `{ error: { code, message } }`. @throws TypeError when it is something else */
export function errorFrom(answer: unknown): HeadwaterError {
  const { error } = answer as { error?: { code?: unknown; message?: unknown } };
  const { code, message } = error ?? {};
  if (typeof code !== 'string' || typeof message !== 'string') throw new TypeError('no error of ours');
  if (Object.hasOwn(ERROR_CODES, code)) return new HeadwaterError(code as ErrorCode, message);
  return new HeadwaterError('HW_ANSWER_UNUSABLE', `the server says ${code}: ${message}`);
}

/** A document name is one segment, whatever is in it. */
function encodeSegment(name: string): string {
  if (name === '') throw new HeadwaterError('HW_NAME_INVALID', 'a document name must not be empty');
  if (name === '.' || name === '..') {
    throw new HeadwaterError('HW_NAME_INVALID', `no URL can name ${JSON.stringify(name)}: it means a folder there`);
  }
  try {
    return encodeURIComponent(name);
  } catch (cause) {
    throw new HeadwaterError('HW_NAME_INVALID', 'a document name must not contain half a surrogate pair', { cause });
  }
}

function encodeQuery(query: Query): string {
  const given = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`;
}

/** Node says "fetch failed", and why in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
