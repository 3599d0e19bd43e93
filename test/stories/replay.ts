import { setImmediate } from 'node:timers/promises';
import * as Y from 'yjs';
import { patcherFor } from '../support/apply-patches.ts';
import { clientIdOf } from '../support/generated-trace.ts';
import type { StockClient } from '../support/stock-client.ts';
import type { Trace } from '../support/traces.ts';

/** Transactions between two looks at the sockets: enough to keep them busy, few enough to keep frames flowing. */
const TRANSACTIONS_PER_TURN = 50;
/** Keystrokes one client types of a sequential trace before the other goes on. */
const KEYSTROKES_PER_HAND = 4096;
const CATCH_UP_TIMEOUT_MS = 120_000;

/** Root type the traces are typed into. */
export const TRACE_TEXT = 'text';

export interface ReplayOptions {
  /** Called before each turn with the number of finished transactions; what it does happens in mid-session. */
  readonly onTurn?: (done: number) => Promise<void> | void;
}

/** Types a recorded session into stock clients, every transaction as an update of its own. */
export async function replay(
  trace: Trace,
  clients: readonly [StockClient, ...StockClient[]],
  options: ReplayOptions = {},
): Promise<void> {
  const type = trace.kind === 'concurrent' ? typeConcurrently : typeInTurns;
  await type(trace, clients, options);
}

/** Waits until every client shows the trace's end. */
export async function awaitEnd(trace: Trace, clients: readonly StockClient[]): Promise<void> {
  for (const client of clients) await shows(client, trace.endContent);
}

/** One person's session, taken over by the next client every few thousand keystrokes, once it has seen all of them. */
async function typeInTurns(trace: Trace, clients: readonly StockClient[], options: ReplayOptions): Promise<void> {
  const applyPatches = patcherFor(trace);
  let hand = clientAt(clients, 0);
  if (trace.startContent !== '') hand.doc.getText(TRACE_TEXT).insert(0, trace.startContent);
  for (const [index, { patches }] of trace.transactions.entries()) {
    if (index % TRANSACTIONS_PER_TURN === 0) {
      await options.onTurn?.(index);
      await setImmediate();
    }
    if (index > 0 && index % KEYSTROKES_PER_HAND === 0) {
      const next = clientAt(clients, index / KEYSTROKES_PER_HAND);
      await shows(next, hand.doc.getText(TRACE_TEXT).toString());
      hand = next;
    }
    const text = hand.doc.getText(TRACE_TEXT);
    hand.doc.transact(() => applyPatches(text, patches));
  }
}

/** Waits until a client's text is this one. Comparing lengths first spares building the text after every update. */
async function shows(client: StockClient, expected: string): Promise<void> {
  const text = client.doc.getText(TRACE_TEXT);
  const isShown = (): boolean => text.length === expected.length && text.toString() === expected;
  await client.until(isShown, `a text of ${expected.length} characters`, CATCH_UP_TIMEOUT_MS);
}

/**
 * A session of several people, exactly as it happened: every transaction is applied to the merged state of its parents
 * and of nothing else.
 *
 * A connected document cannot do that, because it also holds whatever else has arrived. So each agent types into a
 * replica of its own which has integrated exactly the ancestors of the transaction, and the resulting update is put
 * into its connected document as a local change, which the provider sends. Before that the connected document must have
 * got the structs the update builds on *through the server*: an update that has to wait is not sent by Yjs.
 */
async function typeConcurrently(trace: Trace, clients: readonly StockClient[], options: ReplayOptions): Promise<void> {
  const agents = Array.from({ length: trace.agents }, (_, agent) => new Agent(agent, clientAt(clients, agent)));
  const applyPatches = patcherFor(trace);
  const updates: Uint8Array[] = [];
  for (const [index, { agent: number, parents, patches }] of trace.transactions.entries()) {
    if (index % TRANSACTIONS_PER_TURN === 0) {
      await options.onTurn?.(index);
      await setImmediate();
    }
    const agent = agents[number];
    if (agent === undefined) throw new Error(`transaction ${index} names agent ${number}`);
    agent.integrate(ancestors(trace, parents, agent.integrated), updates);
    updates[index] = agent.type((text) => applyPatches(text, patches));
    agent.integrated.add(index);
    await agent.send(updates[index]);
  }
}

/** The ancestors of a transaction that are not integrated yet, oldest first. */
function ancestors(trace: Trace, parents: readonly number[], integrated: ReadonlySet<number>): readonly number[] {
  const missing = new Set<number>();
  const open = [...parents];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (integrated.has(next) || missing.has(next)) continue;
    missing.add(next);
    open.push(...(trace.transactions[next]?.parents ?? []));
  }
  return [...missing].sort((a, b) => a - b);
}

class Agent {
  /** Transactions its replica holds, its own included. */
  readonly integrated = new Set<number>();
  readonly #replica = new Y.Doc();
  readonly #client: StockClient;

  constructor(number: number, client: StockClient) {
    this.#replica.clientID = clientIdOf(number);
    this.#client = client;
  }

  integrate(transactions: readonly number[], updates: readonly Uint8Array[]): void {
    for (const transaction of transactions) {
      const update = updates[transaction];
      if (update === undefined) throw new Error(`transaction ${transaction} comes after a child of it`);
      Y.applyUpdate(this.#replica, update);
      this.integrated.add(transaction);
    }
  }

  /** Types into the replica; returns what that changed. */
  type(edit: (text: Y.Text) => void): Uint8Array {
    const changes: Uint8Array[] = [];
    const collect = (update: Uint8Array): number => changes.push(update);
    this.#replica.on('update', collect);
    this.#replica.transact(() => edit(this.#replica.getText(TRACE_TEXT)));
    this.#replica.off('update', collect);
    return changes[0] ?? Uint8Array.of(0, 0);
  }

  async send(update: Uint8Array): Promise<void> {
    const { doc } = this.#client;
    const isReady = (): boolean =>
      [...this.#replica.store.clients.keys()].every(
        (id) => id === this.#replica.clientID || Y.getState(doc.store, id) >= Y.getState(this.#replica.store, id),
      );
    if (!isReady()) await this.#client.until(isReady, 'the edits this one builds on', CATCH_UP_TIMEOUT_MS);
    Y.applyUpdate(doc, update, 'replay');
  }
}

function clientAt(clients: readonly StockClient[], index: number): StockClient {
  const client = clients[index % clients.length];
  if (client === undefined) throw new Error('a replay needs a client');
  return client;
}
