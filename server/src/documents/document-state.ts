/**
 * The life of a document in memory.
 *
 * - `loading`: being read from the store; sessions wait for one load
 * - `live`: has sessions, or had some until a moment ago
 * - `draining`: nobody is there; saving and compacting what is left before it is let go
 * - `closed`: gone from memory
 */
export type DocumentState = 'loading' | 'live' | 'draining' | 'closed';

export type DocumentEvent = 'loaded' | 'load-failed' | 'joined' | 'idle' | 'drained' | 'outdated';

/** Total on purpose: an event that means nothing in a state leaves it as it is. */
export const DOCUMENT_TRANSITIONS: Record<DocumentState, Record<DocumentEvent, DocumentState>> = {
  loading: {
    loaded: 'live',
    'load-failed': 'closed',
    joined: 'loading',
    idle: 'loading',
    drained: 'loading',
    outdated: 'loading', // what is being read is what there is now
  },
  live: {
    loaded: 'live',
    'load-failed': 'live',
    joined: 'live',
    idle: 'draining',
    drained: 'live',
    outdated: 'closed',
  },
  draining: {
    loaded: 'draining',
    'load-failed': 'draining',
    joined: 'live', // cancels the drain: nothing was given up yet
    idle: 'draining',
    drained: 'closed',
    outdated: 'closed',
  },
  closed: {
    loaded: 'closed',
    'load-failed': 'closed',
    joined: 'closed',
    idle: 'closed',
    drained: 'closed',
    outdated: 'closed',
  },
};
