import { HeadwaterError, type RetryHint } from '@headwater/protocol';

/** A connection whose client is to come back. */
export interface Dismissable {
  dismiss(error: HeadwaterError, hint: RetryHint): void;
}

/** So many connections are closed at once, */
const GROUP_SIZE = 50;
/** and the next ones this much later, */
const GROUP_DISTANCE_MS = 25;
/** so that all are told within this time: nothing that a client says is read any more. */
const MAX_TOTAL_MS = 2_000;

/** About so many of our own clients come back in a second; the others choose their time themselves. */
const RETURNS_PER_SECOND = 1_000;
const MIN_RETRY_MS = 100;
const MIN_RETRY_SPREAD_MS = 1_000;

/**
 * Closes connections group by group: clients that lose their connection at the same moment come back at the same moment, to
 * a server that has just begun.
 *
 * @param budgetMs - how long that may take
 */
export async function dismissAll(connections: Iterable<Dismissable>, budgetMs: number): Promise<void> {
  const leaving = [...connections];
  const groups = Math.max(1, Math.floor(Math.min(budgetMs, MAX_TOTAL_MS) / GROUP_DISTANCE_MS));
  const size = Math.max(GROUP_SIZE, Math.ceil(leaving.length / groups));
  const spreadMs = Math.max(MIN_RETRY_SPREAD_MS, (leaving.length / RETURNS_PER_SECOND) * 1_000);
  const hint = { minMs: MIN_RETRY_MS, maxMs: MIN_RETRY_MS + Math.ceil(spreadMs) };
  const goodbye = new HeadwaterError('HW_SHUTTING_DOWN', 'the server is restarting');
  for (let at = 0; at < leaving.length; at += size) {
    if (at > 0) await new Promise((resolve) => setTimeout(resolve, GROUP_DISTANCE_MS));
    for (const connection of leaving.slice(at, at + size)) connection.dismiss(goodbye, hint);
  }
}
