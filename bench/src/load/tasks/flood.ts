import { DocumentAddress } from '../document-address.ts';
import { clientFrame } from '../frames.ts';
import { awarenessMessage, EMPTY_STATE_VECTOR, syncStep1, updateMessage } from '../messages.ts';
import { pause } from '../schedule.ts';
import { SyncClient } from '../sync-client.ts';
import { OwnWords } from '../typing.ts';

/** One connection sends everything it may, much too often. */
export interface FloodTask {
  readonly kind: 'flood';
  readonly port: number;
  readonly path: string;
  readonly messagesPerSecond: number;
  readonly durationMs: number;
  readonly clientId: number;
}

export interface FloodResult {
  readonly sent: number;
  /** Distinct edits among them, of one character each. */
  readonly edits: number;
  readonly wallMs: number;
  /** Close codes it was thrown out with; it comes back every time. */
  readonly closeCodes: readonly number[];
  readonly refusedReconnects: number;
  readonly bytesReceived: number;
}

/** Frames go out in bundles this far apart: a write for each would make the generator the bottleneck. */
const BUNDLE_MS = 2;

/**
 * Sends at the given rate while the connection takes it: a server that stops reading is doing the right thing, and
 * what it did not read does not count as sent.
 */
export async function runFlood(task: FloodTask): Promise<FloodResult> {
  const closeCodes: number[] = [];
  let refusedReconnects = 0;
  let bytesReceived = 0;
  let sent = 0;
  let isOpen = false;
  const connect = async (): Promise<SyncClient | undefined> => {
    const client = new SyncClient({
      port: task.port,
      address: new DocumentAddress(task.path),
      onClose: (code) => {
        isOpen = false;
        closeCodes.push(code ?? 1006);
      },
    });
    try {
      await client.joined;
      isOpen = true;
      return client;
    } catch {
      refusedReconnects++;
      await pause(100);
      return undefined;
    }
  };

  const mix = new Mix(task.clientId);
  const startedAt = performance.now();
  let client = await connect();
  let due = 0;
  let last = performance.now();
  while (performance.now() - startedAt < task.durationMs) {
    if (!client || !isOpen) {
      bytesReceived += client?.bytesReceived ?? 0;
      client = await connect();
      last = performance.now();
      continue;
    }
    const now = performance.now();
    due = Math.min(due + ((now - last) * task.messagesPerSecond) / 1000, task.messagesPerSecond / 10);
    last = now;
    const count = Math.floor(due);
    if (count > 0) {
      due -= count;
      const isTaken = client.send(Buffer.concat(Array.from({ length: count }, () => mix.next())));
      sent += count;
      if (!isTaken) {
        await Promise.race([client.drained(), pause(task.durationMs - (performance.now() - startedAt))]);
      }
    }
    await pause(BUNDLE_MS);
  }
  const wallMs = performance.now() - startedAt;
  bytesReceived += client?.bytesReceived ?? 0;
  const codes = [...closeCodes];
  await client?.close();
  return { sent, edits: mix.edits, wallMs, closeCodes: codes, refusedReconnects, bytesReceived };
}

/** Of ten messages: four edits sent before, three new ones, two awareness states, one SyncStep1. */
class Mix {
  readonly #clientId: number;
  readonly #typist = new OwnWords();
  readonly #step1 = clientFrame(syncStep1(EMPTY_STATE_VECTOR));
  #clock = 0;
  #awarenessClock = 0;
  #turn = 0;
  #lastEdit: Buffer = Buffer.alloc(0); // the first turn makes one

  constructor(clientId: number) {
    this.#clientId = clientId;
  }

  get edits(): number {
    return this.#clock;
  }

  next(): Buffer {
    const turn = this.#turn++ % 10;
    if (turn === 9) return this.#step1;
    if (turn === 3 || turn === 7) {
      const state = { user: { name: 'flood' }, cursor: this.#clock };
      return clientFrame(awarenessMessage(this.#clientId, ++this.#awarenessClock, state));
    }
    if (turn === 0 || turn === 4 || turn === 8) this.#edit();
    return this.#lastEdit;
  }

  #edit(): void {
    const update = this.#typist.type({ client: this.#clientId, clock: this.#clock++ });
    this.#lastEdit = clientFrame(updateMessage(update));
  }
}
