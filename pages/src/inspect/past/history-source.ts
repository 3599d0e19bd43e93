import type { HistoryClient } from '@headwater/client/history';

/** What showing the past needs of its client; tests hand in another one. */
export type HistorySource = Pick<HistoryClient, 'moments' | 'stateAt' | 'replay'>;
