import { describe, expect, test } from 'vitest';
import {
  DOCUMENT_TRANSITIONS,
  type DocumentEvent,
  type DocumentState,
} from '../../server/src/documents/document-state.ts';

/** What moves a document, told once more from the outside; every other cell of the table stays where it is. */
const MOVES: readonly (readonly [from: DocumentState, event: DocumentEvent, to: DocumentState])[] = [
  ['loading', 'loaded', 'live'],
  ['loading', 'load-failed', 'closed'],
  ['live', 'idle', 'draining'],
  ['draining', 'joined', 'live'],
  ['draining', 'drained', 'closed'],
  ['live', 'outdated', 'closed'],
  ['draining', 'outdated', 'closed'],
];

const CELLS = (Object.keys(DOCUMENT_TRANSITIONS) as DocumentState[]).flatMap((state) =>
  (Object.keys(DOCUMENT_TRANSITIONS[state]) as DocumentEvent[]).map((event) => {
    const move = MOVES.find(([from, by]) => from === state && by === event);
    return { state, event, next: move?.[2] ?? state };
  }),
);

describe('the life of a document', () => {
  test('knows four states and six events in each', () => {
    expect(CELLS).toHaveLength(24);
  });

  test.each(CELLS)('$state, on $event, is $next', ({ state, event, next }) => {
    expect(DOCUMENT_TRANSITIONS[state][event]).toBe(next);
  });

  test('no event leads out of closed', () => {
    expect(new Set(Object.values(DOCUMENT_TRANSITIONS.closed))).toEqual(new Set(['closed']));
  });
});
