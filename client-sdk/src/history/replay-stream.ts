import { HeadwaterError } from '@headwater/protocol';
import { type ApiConnection, errorFrom } from './api-connection.ts';
import { bytesOfBase64 } from './base64.ts';
import type { ReplayStep } from './history-contract.ts';
import { linesOf } from './lines.ts';

/** What to replay, and how fast. */
export interface ReplayRequest {
  /** The moment to begin with; its state comes first, unless it is 0, the empty document. @defaultValue `0` */
  readonly from?: number | undefined;
  /** The last moment. @defaultValue the last one there is when the replay begins */
  readonly to?: number | undefined;
  /** How many times as fast as it happened: 1 is real time. @defaultValue `Infinity`: as fast as it is asked for */
  readonly speed?: number | undefined;
  /** No pause is longer than this many milliseconds. @defaultValue `2_000` */
  readonly maxPauseMs?: number | undefined;
  /** Ends the replay. */
  readonly signal?: AbortSignal | undefined;
}

/** The steps of a replay as the server sends them. */
export async function* replaySteps(
  api: ApiConnection,
  documentName: string,
  { signal, ...query }: ReplayRequest,
): AsyncGenerator<ReplayStep, void, undefined> {
  try {
    const path = ['documents', documentName, 'replay'];
    const { body } = await api.request({ path, query: { ...query, speed: finite(query.speed) }, signal });
    if (body === null) throw new HeadwaterError('HW_ANSWER_UNUSABLE', 'the replay has no body');
    const lines = linesOf(body);
    try {
      for (;;) {
        const { done, value } = await api.reading(() => lines.next(), signal);
        if (done === true) return;
        yield stepOf(value);
      }
    } finally {
      await lines.return();
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}

function stepOf(line: string): ReplayStep {
  try {
    const step = JSON.parse(line) as Omit<ReplayStep, 'update'> & { readonly update?: string };
    if (step.update === undefined) throw errorFrom(step);
    const { sequence, timeMs, author, kind, update } = step;
    return { sequence, timeMs, author, kind, update: bytesOfBase64(update) };
  } catch (cause) {
    if (cause instanceof HeadwaterError) throw cause;
    throw new HeadwaterError('HW_ANSWER_UNUSABLE', 'a line of the replay cannot be read', { cause });
  }
}

/** As fast as it goes is what the server does unless told. */
function finite(speed: number | undefined): number | undefined {
  return speed === Number.POSITIVE_INFINITY ? undefined : speed;
}
