import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import * as decoding from 'lib0/decoding';
import * as Y from 'yjs';
import type { Random } from '../support/random.ts';
import { RawClient } from '../support/raw-client.ts';
import { StockClient } from '../support/stock-client.ts';
import { syncStep1, updateFrame } from '../support/wire.ts';

/** The seed of this run: random unless HEADWATER_SEED names the one that failed. It is printed either way. */
export function seedOf(test: string): number {
  const seed = Number(process.env['HEADWATER_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  process.stdout.write(`${test}: HEADWATER_SEED=${seed}\n`);
  return seed;
}

const LOOK_EVERY_MS = 10;

/** Waits until the condition holds, for things that have no event: another process, a file. */
export async function eventually(
  isMet: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isMet())) {
    if (performance.now() > deadline) throw new Error(`timed out after ${timeoutMs} ms waiting for ${what}`);
    await delay(LOOK_EVERY_MS);
  }
}

/** What the server says about itself. */
export interface Health {
  readonly status: 'ok' | 'degraded' | 'stopping';
  readonly reason?: string;
  readonly documents: number;
  readonly connections: number;
  readonly unsavedBytes: number;
  /** Of a cluster. */
  readonly isStoreOwner?: boolean;
}

export async function healthOf(server: { readonly port: number }): Promise<Health> {
  const response = await fetch(`http://127.0.0.1:${server.port}/health`, { signal: AbortSignal.timeout(5_000) });
  return (await response.json()) as Health;
}

/** Resident memory of a process, in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** A message of the server, taken apart with lib0 alone. */
export type ServerMessage =
  | { readonly kind: 'sync-step-1' | 'sync-step-2' | 'update' | 'awareness'; readonly body: Uint8Array }
  | { readonly kind: 'other'; readonly body: undefined };

const SYNC_KINDS = ['sync-step-1', 'sync-step-2', 'update'] as const;

export function parseServerMessage(message: Uint8Array): ServerMessage {
  const decoder = decoding.createDecoder(message);
  const type = decoding.readVarUint(decoder);
  if (type === 1) return { kind: 'awareness', body: decoding.readVarUint8Array(decoder) };
  const kind = type === 0 ? SYNC_KINDS[decoding.readVarUint(decoder)] : undefined;
  if (kind === undefined) return { kind: 'other', body: undefined };
  return { kind, body: decoding.readVarUint8Array(decoder) };
}

/** A raw connection that has asked for everything and remembers every update it was shown. */
export class Observer implements AsyncDisposable {
  readonly client: RawClient;
  readonly seen: Uint8Array[] = [];

  private constructor(client: RawClient) {
    this.client = client;
    for (const message of client.messages) this.#take(message);
    client.socket.on('message', (data) => this.#take(new Uint8Array(data as Buffer)));
  }

  /** Connects, and waits until it has been told all there is. */
  static async join(url: string, documentName: string): Promise<Observer> {
    const client = await RawClient.connect(`${url}/${documentName}`);
    const observer = new Observer(client);
    client.send(syncStep1());
    await client.next((message) => parseServerMessage(message).kind === 'sync-step-2');
    return observer;
  }

  #take(message: Uint8Array): void {
    const { kind, body } = parseServerMessage(message);
    if (kind === 'update' || kind === 'sync-step-2') this.seen.push(body);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.client[Symbol.asyncDispose]();
  }
}

/** What a client that never heard of the document gets to see. */
export async function freshDocument(url: string, documentName: string): Promise<Y.Doc> {
  const client = new StockClient(url, documentName);
  try {
    await client.synced();
    return client.doc;
  } finally {
    client.close();
  }
}

/** How many of the updates bring the document anything it does not have. */
export function countLacking(doc: Y.Doc, updates: readonly Uint8Array[]): number {
  const before = Y.snapshot(doc);
  let lacking = 0;
  let known = clocksOf(doc);
  for (const update of updates) {
    Y.applyUpdate(doc, update);
    const clocks = clocksOf(doc);
    if (clocks !== known || hasPending(doc)) lacking += 1;
    known = clocks;
  }
  // Looking for deletions goes through the whole document, so that is done once.
  if (lacking === 0 && !Y.equalSnapshots(before, Y.snapshot(doc))) return 1;
  return lacking;
}

function clocksOf(doc: Y.Doc): string {
  return Buffer.from(Y.encodeStateVector(doc)).toString('base64');
}

export function hasPending(doc: Y.Doc): boolean {
  return doc.store.pendingStructs !== null || doc.store.pendingDs !== null;
}

/** "Here is what you lack", as a client answers a state vector. */
export function syncStep2(update: Uint8Array): Uint8Array {
  const frame = updateFrame(update);
  frame[1] = 1;
  return frame;
}

/** Every update a change of a document makes, as a client would send them. */
export function updatesOf(doc: Y.Doc, change: () => void): Uint8Array[] {
  const updates: Uint8Array[] = [];
  const collect = (update: Uint8Array): void => void updates.push(update);
  doc.on('update', collect);
  change();
  doc.off('update', collect);
  return updates;
}

/** One edit: mostly typing, now and then a deletion or a value under a key. */
export function edit(doc: Y.Doc, random: Random): void {
  const text = doc.getText('text');
  const kind = random.below(10);
  if (kind < 7 || text.length < 5) text.insert(random.below(text.length + 1), random.pick(['a', 'word ', '字']));
  else if (kind < 9) text.delete(random.below(text.length - 3), 1 + random.below(3));
  else doc.getMap('map').set(random.pick(['x', 'y']), random.below(1000));
}
