import type { HistoricState } from '@headwater/client/history';
import type { HistorySource } from './history-source.ts';

/** The moment itself, or the last before it that retention has left; 0 is always there. */
export async function nearestKept(source: HistorySource, documentName: string, moment: number): Promise<number> {
  if (moment <= 0) return 0;
  const [last] = await source.moments(documentName, { before: moment + 1, limit: 1 });
  return last?.sequence ?? 0;
}

/** The state at a moment, or at the last before it that retention has left. */
export async function stateNear(source: HistorySource, documentName: string, moment: number): Promise<HistoricState> {
  try {
    return await source.stateAt(documentName, moment);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'HW_MOMENT_UNKNOWN') throw error;
    return source.stateAt(documentName, await nearestKept(source, documentName, moment));
  }
}
