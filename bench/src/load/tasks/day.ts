import { recordSession, type Session, type SessionUpdate } from '../../documents/session.ts';
import { directoryBytes } from '../../measure/disk-usage.ts';
import { sampleProcess } from '../../measure/process-sample.ts';
import { type Percentiles, percentiles } from '../../measure/statistics.ts';
import { type Dialect, DocumentAddress } from '../document-address.ts';
import { Fleet } from '../fleet.ts';
import { updateMessage } from '../messages.ts';
import { pause, sendAtRate } from '../schedule.ts';

/**
 * A session of several people is written once more in each of some documents, spread evenly over the hours of a day. Nobody
 * sends what builds on an edit that has not reached them yet, so a server that falls behind is offered less: its hours show it.
 */
export interface DayTask {
  readonly kind: 'day';
  readonly port: number;
  readonly dialect?: Dialect | undefined;
  readonly serverPid: number;
  /** Where the server keeps its data: weighed every hour. */
  readonly dataDirectory: string;
  readonly paths: readonly string[];
  readonly readersPerDocument: number;
  /** A concurrent editing trace, see `recordSession`. */
  readonly sessionFile: string;
  /** Of the session, at most. */
  readonly edits: number;
  readonly hours: number;
  readonly hourMs: number;
  readonly drainTimeoutMs: number;
  readonly firstClientId: number;
}

/** One hour of the day, and what there is at its end. */
export interface Hour {
  readonly wallMs: number;
  readonly updates: number;
  readonly serverCpuMs: number;
  readonly loadCpuMs: number;
  readonly rssBytes: number;
  readonly diskBytes: number;
  /** Of what arrived in this hour. */
  readonly latencyMs: Percentiles;
}

export interface DayResult {
  readonly hours: readonly Hour[];
  /** Over the day. */
  readonly updates: number;
  /** Of these updates, as clients sent them, without any framing. */
  readonly updateBytes: number;
  readonly missing: number;
  readonly lost: number;
}

export async function runDay(task: DayTask): Promise<DayResult> {
  const session = recordSession(task.sessionFile, task.firstClientId, task.edits);
  // A fleet for each document: the same people, with the same client ids, write in all of them.
  const documents = await Promise.all(task.paths.map((path) => LiveDocument.open(task, path, session)));
  const sum = (of: (document: LiveDocument) => number): number =>
    documents.reduce((total, document) => total + of(document), 0);

  const updates = session.updates.length * documents.length;
  const perHour = Math.ceil(updates / task.hours);
  const hours: Hour[] = [];
  for (let from = 0; from < updates; from += perHour) {
    const until = Math.min(from + perHour, updates);
    const ratePerSecond = ((until - from) * 1000) / task.hourMs;
    let due = from;
    const before = moment(task, sum);
    await sendAtRate(ratePerSecond, task.hourMs, () => documents[due++ % documents.length]?.goOn());
    const after = moment(task, sum);
    hours.push({
      wallMs: after.atMs - before.atMs,
      updates: after.sent - before.sent,
      serverCpuMs: after.cpuMs - before.cpuMs,
      loadCpuMs: after.loadCpuMs - before.loadCpuMs,
      rssBytes: after.rssBytes,
      diskBytes: directoryBytes(task.dataDirectory),
      latencyMs: percentiles(documents.flatMap(({ fleet }) => fleet.board.takeLatencies())),
    });
  }

  await Promise.all(documents.map((document) => document.finish(task.drainTimeoutMs)));
  const updateBytes = session.updates.reduce((total, { update }) => total + update.length, 0);
  return {
    hours,
    updates,
    updateBytes: documents.length * updateBytes,
    missing: sum(({ fleet, unsent }) => fleet.expected - fleet.board.delivered + unsent),
    lost: sum(({ fleet }) => fleet.lost),
  };
}

/** One document, with those who write the session in it and those who only read. */
class LiveDocument {
  readonly fleet: Fleet;
  readonly #updates: readonly SessionUpdate[];
  readonly #frames: readonly Buffer[];
  #due = 0;
  #next = 0;

  private constructor(fleet: Fleet, updates: readonly SessionUpdate[], address: DocumentAddress) {
    this.fleet = fleet;
    this.#updates = updates;
    this.#frames = updates.map(({ update }) => address.frame(updateMessage(update)));
  }

  static async open(task: DayTask, path: string, { updates, writers }: Session): Promise<LiveDocument> {
    const fleet = await Fleet.open({
      ports: [task.port],
      dialect: task.dialect,
      paths: [path],
      clientsPerDocument: writers + task.readersPerDocument,
      writersPerDocument: writers,
      latencyReceivers: Number.POSITIVE_INFINITY,
      firstClientId: task.firstClientId,
    });
    fleet.board.measure(0, Number.POSITIVE_INFINITY);
    return new LiveDocument(fleet, updates, new DocumentAddress(path, task.dialect));
  }

  /** Updates not sent yet, with what its writer had not seen yet. */
  get unsent(): number {
    return this.#updates.length - this.#next;
  }

  get sent(): number {
    return this.#next;
  }

  /** It is time for one more update. */
  goOn(): void {
    this.#due++;
    this.#send();
  }

  /** Waits until the session is over and everything has arrived, or until `timeoutMs` have passed without it. */
  async finish(timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs;
    for (this.#send(); this.unsent > 0 && performance.now() < until; this.#send()) await pause(5);
    await this.fleet.drain(until - performance.now());
    await this.fleet.close();
  }

  /** Sends what is due. Nobody sends what builds on an edit that has not reached them: the session waits for it. */
  #send(): void {
    for (; this.#next < this.#due; this.#next++) {
      const { writer, knew, clock, length } = this.#updates[this.#next] as SessionUpdate;
      const { board } = this.fleet;
      if (knew.some((clocks, other) => other !== writer && board.reached(writer, other) < clocks)) return;
      this.fleet.send(writer, this.#frames[this.#next] as Buffer, clock, length);
    }
  }
}

function moment({ serverPid }: DayTask, sum: (of: (document: LiveDocument) => number) => number) {
  const { user, system } = process.cpuUsage();
  return {
    ...sampleProcess(serverPid),
    loadCpuMs: (user + system) / 1000,
    sent: sum(({ sent }) => sent),
    atMs: performance.now(),
  };
}
