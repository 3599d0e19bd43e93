import * as Y from 'yjs';
import { countLacking, eventually, freshDocument, hasPending } from '../faults/support.ts';
import type { Random } from '../support/random.ts';
import { StockClient } from '../support/stock-client.ts';
import { sameState, stateKey } from './same-state.ts';
import { SavedWriter } from './saved-writer.ts';

export const DOCUMENTS = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'] as const;
/** Four of each document, and in all clients spread over instances whatever their number below five. */
const TYPISTS = 20;
const WRITERS = 10;
/** 250 edits a second. */
const EDIT_EVERY_MS = 4;
/** How long after a fault everybody may take to agree. */
const CONVERGED_WITHIN_MS = 10_000;
/** Ends a client for good: no instance may ever say it to one of these. */
const PERMANENT = (code: number): boolean => code >= 4400 && code < 4500;

/** Somebody who has a document open, sees what the others do, and never gives up. */
interface Typist {
  readonly client: StockClient;
  readonly documentName: string;
}

/**
 * Thirty clients that edit five documents all the time, wherever there is a server: twenty stock clients that live on, and
 * ten that only write and die with their connection. It knows what must be there in the end: every edit of the living, and
 * every acknowledged edit of the dead.
 */
export class Crowd implements AsyncDisposable {
  /** Where to go, as a load balancer would know. */
  readonly #places: () => readonly string[];
  readonly #random: Random;
  readonly #typists: Typist[] = [];
  #writers: SavedWriter[] = [];
  /** What must be there and was not looked for yet. */
  readonly #owed = new Map<string, Uint8Array[]>(DOCUMENTS.map((name) => [name, []]));
  #turn = 0;
  #edits = 0;
  #timer: NodeJS.Timeout | undefined;
  #joining: Promise<void> | undefined;

  private constructor(places: () => readonly string[], random: Random) {
    this.#places = places;
    this.#random = random;
  }

  /** Everybody joins, spread evenly over the places. */
  static async join(places: () => readonly string[], random: Random): Promise<Crowd> {
    process.setMaxListeners(0); // every stock provider waits for the end of the process
    const crowd = new Crowd(places, random);
    for (let index = 0; index < TYPISTS; index++) crowd.#addTypist(documentAt(index));
    await Promise.all(crowd.#typists.map(({ client }) => client.synced()));
    await crowd.#addWriters();
    return crowd;
  }

  /** How many edits were made so far. */
  get edits(): number {
    return this.#edits;
  }

  /** Everybody edits, until {@link settle}. */
  edit(): void {
    this.#timer ??= setInterval(() => this.#editOnce(), EDIT_EVERY_MS);
  }

  /** Adds an update to what must be there: made by somebody outside the crowd, and acknowledged. */
  owe(documentName: string, update: Uint8Array): void {
    this.#owed.get(documentName)?.push(update);
  }

  /** Waits until so many more edits were made. */
  async edited(count: number): Promise<void> {
    const enough = this.#edits + count;
    await eventually(() => this.#edits >= enough, `${count} more edits`);
  }

  /**
   * Nobody edits any more. Rejects unless all agree in time, at every place, on a state that has everything it owes anybody and
   * nothing twice.
   */
  async settle(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#joining;
    const startMs = performance.now();
    await eventually(() => this.#dissent() === undefined, 'everybody to agree', CONVERGED_WITHIN_MS).catch(
      (error: unknown) => {
        throw new Error(`nobody edits any more, but ${this.#dissent()}`, { cause: error });
      },
    );
    const leftMs = CONVERGED_WITHIN_MS - (performance.now() - startMs);
    for (const writer of this.#writers) this.#collect(writer);
    await Promise.all(DOCUMENTS.map((name) => this.#verify(name, Math.max(leftMs, 1_000))));
  }

  /** A document as all of the living have it; after {@link settle}. */
  document(name: string): Y.Doc {
    const typist = this.#typists.find(({ documentName }) => documentName === name);
    if (typist === undefined) throw new Error(`nobody has ${name} open`);
    return typist.client.doc;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#joining;
    for (const { client } of this.#typists) client.close();
    await Promise.all(this.#writers.map((writer) => writer[Symbol.asyncDispose]()));
  }

  #nextPlace(): string | undefined {
    const places = this.#places();
    this.#turn += 1;
    return places[this.#turn % places.length];
  }

  #addTypist(documentName: string): void {
    const place = this.#nextPlace();
    if (place === undefined) throw new Error('there is no server to go to');
    const client = new StockClient(place, documentName);
    client.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== client.provider) this.owe(documentName, update);
    });
    // a balancer would send it elsewhere
    client.provider.on('connection-close', () => {
      client.provider.serverUrl = this.#nextPlace() ?? client.provider.serverUrl;
    });
    this.#typists.push({ client, documentName });
  }

  /** In the place of each that died comes a new one, somewhere else. */
  async #addWriters(): Promise<void> {
    const dead = this.#writers.filter((writer) => !writer.isAlive);
    for (const writer of dead) this.#collect(writer);
    this.#writers = this.#writers.filter((writer) => writer.isAlive);
    while (this.#writers.length < WRITERS) {
      const place = this.#nextPlace();
      if (place === undefined) return;
      const writer = await SavedWriter.connect(place, documentAt(this.#turn)).catch(() => undefined);
      if (writer === undefined) return; // it is about to be known that nobody is there
      this.#writers.push(writer);
    }
  }

  #collect(writer: SavedWriter): void {
    for (const update of writer.takeAcknowledged()) this.owe(writer.documentName, update);
  }

  #editOnce(): void {
    const index = this.#random.below(TYPISTS + WRITERS);
    const typist = this.#typists[index];
    const writer = this.#writers[index - TYPISTS];
    if (typist !== undefined) editSomewhere(typist.client.doc, this.#random, this.#edits);
    else if (writer?.isAlive === true) editSomewhere(writer.doc, this.#random, this.#edits);
    else this.#joining ??= this.#addWriters().finally(() => (this.#joining = undefined));
    this.#edits += 1;
  }

  /** Why it is not over yet; nothing when it is. */
  #dissent(): string | undefined {
    for (const { client, documentName } of this.#typists) {
      if (client.closeCodes.some(PERMANENT))
        return `a client of ${documentName} was sent away: ${client.closeCodes.join()}`;
      if (!client.provider.synced) return `a client of ${documentName} is not connected`;
      if (hasPending(client.doc)) return `a client of ${documentName} waits for something`;
      if (stateKey(client.doc) !== stateKey(this.document(documentName))) return `clients of ${documentName} differ`;
    }
    // Dearer, and only now worth it: a state vector does not tell deletions.
    const behind = this.#typists.find(
      ({ client, documentName }) => !sameState(client.doc, this.document(documentName)),
    );
    if (behind !== undefined) return `clients of ${behind.documentName} differ in what is deleted`;
    const waiting = this.#writers.find((writer) => writer.isAlive && writer.unacknowledged > 0);
    if (waiting !== undefined)
      return `${waiting.unacknowledged} edits of ${waiting.documentName} were not acknowledged`;
    return undefined;
  }

  async #verify(name: string, withinMs: number): Promise<void> {
    const everybodys = this.document(name);
    for (const place of this.#places()) {
      await eventually(
        async () => sameState(await freshDocument(place, name), everybodys),
        `${name} to be the same at ${place}`,
        withinMs,
      );
    }
    const [place = ''] = this.#places();
    const lacking = countLacking(await freshDocument(place, name), this.#owed.get(name) ?? []);
    if (lacking > 0) throw new Error(`${name} lost ${lacking} edits`);
    this.#owed.set(name, [Y.encodeStateAsUpdate(everybodys)]); // from now on nothing of it may go
    const marks = everybodys.getArray('marks').toArray();
    if (new Set(marks).size !== marks.length) throw new Error(`${name} shows an edit twice`);
  }
}

const documentAt = (index: number): string => DOCUMENTS[index % DOCUMENTS.length] ?? DOCUMENTS[0];

/** Typing, deleting, values under keys, and marks of which there is only one each. */
function editSomewhere(doc: Y.Doc, random: Random, edit: number): void {
  const text = doc.getText('text');
  const kind = random.below(10);
  if (kind < 4) doc.getArray('marks').push([`${doc.clientID}:${edit}`]);
  else if (kind < 8 || text.length < 5) text.insert(random.below(text.length + 1), random.pick(['a', 'word ', '字']));
  else if (kind < 9) text.delete(random.below(text.length - 3), 1 + random.below(3));
  else doc.getMap('map').set(random.pick(['x', 'y', 'z']), edit);
}
