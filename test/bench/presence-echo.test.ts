import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as awarenessProtocol from 'y-protocols/awareness';
import * as Y from 'yjs';
import { DocumentAddress } from '../../bench/src/load/document-address.ts';
import { EchoFrames, PresenceEcho } from '../../bench/src/load/presence-echo.ts';
import { readPresenceRuns } from '../../bench/src/load/presence-runs.ts';

const OWN_ID = 9;
const frames = (): EchoFrames => new EchoFrames(new DocumentAddress('/document'));

/** The awareness update of another document's clients, with the clocks that are wanted. */
function updateOf(states: ReadonlyMap<number, number>): Uint8Array {
  const awareness = new awarenessProtocol.Awareness(new Y.Doc());
  for (const [client, clock] of states) {
    awareness.states.set(client, { at: clock });
    awareness.meta.set(client, { clock, lastUpdated: 0 });
  }
  const update = awarenessProtocol.encodeAwarenessUpdate(awareness, [...states.keys()]);
  awareness.destroy();
  return update;
}

function statesIn(update: Uint8Array | undefined): (readonly [client: number, clock: number])[] {
  const found: (readonly [number, number])[] = [];
  if (update) readPresenceRuns(update, 0, (client, _from, clock) => found.push([client, clock]));
  return found.sort(([a], [b]) => a - b);
}

test('it echoes what the awareness of a stock client takes as a change, and nothing else', () => {
  const clock = fc.nat({ max: 6 });
  const others = fc.dictionary(fc.constantFrom('1', '2', '3', '4'), clock);
  const updates = fc.array(fc.tuple(others, fc.boolean()), { maxLength: 12 });
  fc.assert(
    fc.property(updates, (received) => {
      const awareness = new awarenessProtocol.Awareness(new Y.Doc());
      awareness.clientID = OWN_ID;
      awareness.meta.set(OWN_ID, { clock: 3, lastUpdated: 0 });
      awareness.states.set(OWN_ID, {});
      let changed: number[] = [];
      awareness.on('update', (change: { added: number[]; updated: number[]; removed: number[] }) => {
        changed = [...change.added, ...change.updated, ...change.removed];
      });
      const echo = new PresenceEcho(frames(), OWN_ID);

      for (const [clocks, bringsOwn] of received) {
        const states = new Map(Object.entries(clocks).map(([client, at]) => [Number(client), at]));
        if (bringsOwn) states.set(OWN_ID, 3);
        const update = updateOf(states);
        changed = [];
        awarenessProtocol.applyAwarenessUpdate(awareness, update, 'the server');

        const echoed = statesIn(echo.freshIn(update, 0, update.length));
        expect(echoed).toEqual(changed.sort((a, b) => a - b).map((client) => [client, states.get(client)]));
      }
      awareness.destroy();
    }),
  );
});

test('what all clients echo alike is framed once', () => {
  const shared = frames();
  const update = updateOf(new Map([[1, 1]]));
  const [one, other] = [new PresenceEcho(shared, 5), new PresenceEcho(shared, 6)];

  expect(one.answerTo(update, 0, update.length)).toBe(other.answerTo(update, 0, update.length));
  expect(one.answerTo(update, 0, update.length)).toBeUndefined();
});
