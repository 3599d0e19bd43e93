import { ApiConnection, type HistoryClientOptions } from './history/api-connection.ts';
import type {
  DeletionPage,
  DocumentDiff,
  DocumentPage,
  HistoricState,
  Moment,
  ReplayStep,
  Retention,
  RetentionInForce,
  RootContent,
  TextBlame,
  Timeline,
} from './history/history-contract.ts';
import { type ReplayRequest, replaySteps } from './history/replay-stream.ts';
import { VersionsClient } from './history/versions-client.ts';

export type { HistoryClientOptions } from './history/api-connection.ts';
export type * from './history/history-contract.ts';
export type { ReplayRequest } from './history/replay-stream.ts';
export type { NewVersion, VersionsClient } from './history/versions-client.ts';

/** Gives a request up. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** Which documents to list. */
export interface DocumentRange extends Abortable {
  /** Those whose names come after this one. */
  readonly after?: string | undefined;
  /** At most so many. @defaultValue `100` */
  readonly limit?: number | undefined;
}

/** Which moments to list. */
export interface MomentRange extends Abortable {
  /** Those after this one, the earliest first. @defaultValue from the first */
  readonly after?: number | undefined;
  /** Those before this one; without `after`, the last of them. */
  readonly before?: number | undefined;
  /** At most so many. @defaultValue `100` */
  readonly limit?: number | undefined;
}

/** Of an edit that is made of the past. */
export interface ByAuthor {
  /** Who makes it. @defaultValue `'api'` */
  readonly author?: string | undefined;
}

/**
 * The past of the documents of a running server, over its HTTP API: the methods of `DocumentHistory` in
 * `@headwater/persistence`, with the same arguments and the same answers, and a few that only make sense from afar. Runs in
 * browsers and in Node.
 *
 * Every method throws `HeadwaterError`: with the code the server gave, HW_SERVER_UNREACHABLE without an answer,
 * HW_ANSWER_UNUSABLE for one of somebody else; and the reason of its signal when that aborts.
 *
 * @example
 * ```ts
 * const history = new HistoryClient('http://127.0.0.1:1234');
 * const { lastSequence } = await history.timeline('notes');
 * const { update } = await history.stateAt('notes', lastSequence - 10);
 * Y.applyUpdate(doc, update);
 *
 * await history.restore('notes', lastSequence - 10, { author: 'ada' });
 * ```
 */
export class HistoryClient {
  /** Moments with names. */
  readonly versions: VersionsClient;
  readonly #api: ApiConnection;

  /** @param serverUrl - where the server is: `http://127.0.0.1:1234`; that of its WebSockets does too */
  constructor(serverUrl: string | URL, options: HistoryClientOptions = {}) {
    this.#api = new ApiConnection(serverUrl, options);
    this.versions = new VersionsClient(this.#api);
  }

  /** A page of the documents there are. */
  async documents({ signal, ...query }: DocumentRange = {}): Promise<DocumentPage> {
    return (await this.#api.json({ path: ['documents'], query, signal })) as DocumentPage;
  }

  /** A page of what was deleted and may not be made anew. */
  async deletions({ signal, ...query }: DocumentRange = {}): Promise<DeletionPage> {
    return (await this.#api.json({ path: ['deletions'], query, signal })) as DeletionPage;
  }

  /**
   * Deletes a document for good, with its past, for everybody: whoever has it open is told, and nobody who still has a copy brings it back.
   * With `allowReuse` the name is free instead, or again.
   *
   * @returns whether there was one
   */
  async delete(
    documentName: string,
    { allowReuse }: { readonly allowReuse?: boolean | undefined } = {},
  ): Promise<boolean> {
    const query = { allowReuse: allowReuse === undefined ? undefined : String(allowReuse) };
    const answer = await this.#api.json({ method: 'DELETE', path: ['documents', documentName], query });
    return (answer as { readonly existed: boolean }).existed;
  }

  /**
   * A page of a document's moments, in the order of their numbers: with `after` the first ones after it, with `before`
   * alone the last ones before it.
   */
  async moments(documentName: string, { signal, ...range }: MomentRange = {}): Promise<readonly Moment[]> {
    const query = { ...range, before: asMoment(range.before) };
    const answer = await this.#api.json({ path: ['documents', documentName, 'history'], query, signal });
    return (answer as { readonly moments: readonly Moment[] }).moments;
  }

  /** When and by whom a document was written, in so many stretches of equal time (500 unless told). */
  async timeline(
    documentName: string,
    { buckets, signal }: Abortable & { readonly buckets?: number | undefined } = {},
  ): Promise<Timeline> {
    const path = ['documents', documentName, 'timeline'];
    return (await this.#api.json({ path, query: { buckets }, signal })) as Timeline;
  }

  /** What the document was at a moment; without one, what it is. */
  async stateAt(documentName: string, moment?: number, { signal }: Abortable = {}): Promise<HistoricState> {
    const path = ['documents', documentName, 'state'];
    const response = await this.#api.request({ path, query: { at: moment }, signal });
    const update = new Uint8Array(await this.#api.reading(() => response.arrayBuffer(), signal));
    const timeMs = response.headers.get('headwater-time');
    return {
      sequence: Number(response.headers.get('headwater-sequence')),
      timeMs: timeMs === null ? undefined : Number(timeMs),
      update,
    };
  }

  /** The same as people read it, by root type. Bytes in it are Base64, big integers their digits. */
  async contentAt(
    documentName: string,
    moment?: number,
    { signal }: Abortable = {},
  ): Promise<Readonly<Record<string, RootContent>>> {
    const query = { at: moment, as: 'json' };
    const answer = await this.#api.json({ path: ['documents', documentName, 'state'], query, signal });
    return answer as Readonly<Record<string, RootContent>>;
  }

  /**
   * Plays what was written, update by update. Ends when the signal aborts; leaving the loop ends it on the server too.
   *
   * @example
   * ```ts
   * for await (const { update, author } of history.replay('notes', { speed: 10, signal })) Y.applyUpdate(doc, update);
   * ```
   */
  replay(documentName: string, request: ReplayRequest = {}): AsyncIterable<ReplayStep> {
    return replaySteps(this.#api, documentName, request);
  }

  /** What changed from one moment to another, which may be the earlier one. */
  async diff(documentName: string, from: number, to: number, { signal }: Abortable = {}): Promise<DocumentDiff> {
    const path = ['documents', documentName, 'diff'];
    const answer = await this.#api.json({ path, query: { from, to }, signal });
    return (answer as { readonly changes: DocumentDiff }).changes;
  }

  /** Who wrote which range of the texts in the document, and when: as they are now, or were at a moment. */
  async blame(documentName: string, moment?: number, { signal }: Abortable = {}): Promise<readonly TextBlame[]> {
    const path = ['documents', documentName, 'blame'];
    const answer = await this.#api.json({ path, query: { at: moment }, signal });
    return (answer as { readonly texts: readonly TextBlame[] }).texts;
  }

  /**
   * Makes the document's content what it was at a moment, by an edit like any other, for everybody.
   *
   * @returns the number of the record it became; of the last one, when there is nothing to change
   */
  async restore(documentName: string, moment: number, { author }: ByAuthor = {}): Promise<number> {
    const path = ['documents', documentName, 'restore'];
    return sequenceOf(await this.#api.json({ method: 'POST', path, body: { at: moment, author } }));
  }

  /**
   * Begins a new document with what another one was at a moment; without one, with what it is.
   *
   * @returns the number of its first record
   */
  async fork(documentName: string, newName: string, moment?: number, { author }: ByAuthor = {}): Promise<number> {
    const path = ['documents', documentName, 'fork'];
    return sequenceOf(await this.#api.json({ method: 'POST', path, body: { to: newName, at: moment, author } }));
  }

  /** What holds for a document, and whether it is its own. */
  async retention(documentName: string): Promise<RetentionInForce> {
    return (await this.#api.json({ path: ['documents', documentName, 'retention'] })) as RetentionInForce;
  }

  /** Gives a document a retention of its own, or with `undefined` that of the store again. */
  async setRetention(documentName: string, retention: Retention | undefined): Promise<void> {
    const path = ['documents', documentName, 'retention'];
    await this.#api.json({ method: 'PUT', path, body: { retention: retention ?? null } });
  }
}

/** `Infinity` is no number JSON or a URL could say. */
function asMoment(moment: number | undefined): number | undefined {
  return moment === Number.POSITIVE_INFINITY ? Number.MAX_SAFE_INTEGER : moment;
}

function sequenceOf(answer: unknown): number {
  return (answer as { readonly sequence: number }).sequence;
}
