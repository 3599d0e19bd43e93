import { setTimeout as delay } from 'node:timers/promises';
import type { ReplayStep } from '@headwater/persistence';
import { Knowledge } from '@headwater/protocol';
import { CommandFailure } from '../failure.ts';
import { LiveDocument } from './live-document.ts';
import type { Playback } from './playback.ts';

/** How long a server may take to have everything, once it was sent. */
const ARRIVAL_TIMEOUT_MS = 60_000;
const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 1_000;

/** What to play into a live document. */
export interface IntoDocument {
  readonly url: string;
  readonly steps: AsyncIterable<ReplayStep>;
  readonly playback: Playback;
  readonly signal: AbortSignal;
  /** Called with each moment that begins. */
  readonly onMoment: (moment: number) => void;
  /** What the document was at a moment, to compare. */
  readonly stateAt: (moment: number) => Promise<Uint8Array>;
}

/**
 * Plays into a document on a server, and looks whether everything has arrived.
 *
 * @returns the last moment that arrived whole; none when it was ended before the first
 * @throws UsageError, CommandFailure
 */
export async function playInto(into: IntoDocument): Promise<number | undefined> {
  await using document = await LiveDocument.connect(into.url, into.signal);
  if (document === undefined) return undefined;
  let current: number | undefined;
  let whole: number | undefined;
  try {
    for await (const { sequence, update } of into.playback.play(into.steps)) {
      if (sequence !== current) {
        whole = current;
        current = sequence;
        into.onMoment(sequence);
      }
      await document.send(update);
    }
    if (!into.signal.aborted) whole = current;
    if (whole !== undefined) await arrival(document, await into.stateAt(whole), into.url);
    return whole;
  } catch (error) {
    if (!(error instanceof CommandFailure) || current === undefined) throw error;
    throw new CommandFailure(`${error.message} (at moment ${current}; --from ${whole ?? 0} goes on)`, { cause: error });
  }
}

/** Waits until a server has all of a state. */
async function arrival(document: LiveDocument, state: Uint8Array, url: string): Promise<void> {
  const deadline = performance.now() + ARRIVAL_TIMEOUT_MS;
  for (let lookMs = FIRST_LOOK_MS; !holds(await document.readBack(), state); lookMs *= 2) {
    if (performance.now() > deadline) {
      throw new CommandFailure(`${url}: the server took what was sent, but the document there does not hold all of it`);
    }
    await delay(Math.min(lookMs, LONGEST_LOOK_MS));
  }
}

function holds(updates: readonly Uint8Array[], state: Uint8Array): boolean {
  const there = Knowledge.empty();
  for (const update of updates) there.admit(update);
  const { added, waiting } = there.admit(state);
  return added === undefined && waiting === undefined;
}
