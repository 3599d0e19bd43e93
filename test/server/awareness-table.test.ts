import { type AwarenessEntry, decodeAwareness } from '@headwater/protocol';
import { describe, expect, test } from 'vitest';
import { AwarenessTable, MAX_REMEMBERED_GONE } from '../../server/src/documents/awareness-table.ts';
import { FakeSession } from './support.ts';

const LIMITS = { maxAwarenessStateBytes: 100, maxAwarenessStates: 5, maxAwarenessStatesPerSession: 3 };
const TEXT = { encode: new TextEncoder(), decode: new TextDecoder() };

function entry(clientId: number, clock: number, state: unknown): AwarenessEntry {
  return { clientId, clock, state: TEXT.encode.encode(JSON.stringify(state)) };
}

/** An awareness update as `[clientId, clock, state]` each. */
function read(update: Uint8Array | undefined): unknown[] {
  if (update === undefined) return [];
  return Array.from(decodeAwareness(update), ({ clientId, clock, state }) => [
    clientId,
    clock,
    JSON.parse(TEXT.decode.decode(state)),
  ]);
}

function open(limits = LIMITS) {
  const time = { nowMs: 1_000_000 };
  const table = new AwarenessTable(limits, () => time.nowMs);
  const changes = (): unknown[] => read(table.takeChanges());
  return { table, time, changes, ada: new FakeSession('ada'), bob: new FakeSession('bob') };
}

describe('which state is newer', () => {
  test('an unknown client counts as clock 0, so a state with clock 0 is never taken up', () => {
    const { table, changes, ada } = open();

    table.receive(ada, [entry(1, 0, { name: 'a' }), entry(2, 1, { name: 'b' })]);

    expect(changes()).toEqual([[2, 1, { name: 'b' }]]);
  });

  test('an equal or older clock is dropped without a look at its state', () => {
    const { table, changes, ada } = open();
    table.receive(ada, [entry(1, 5, 'five')]);
    changes();

    const noJson = { clientId: 1, clock: 5, state: TEXT.encode.encode('{no json') };
    const contested = table.receive(ada, [noJson, entry(1, 4, 'x'.repeat(1_000))]);

    expect(contested).toEqual([]);
    expect(table.isDirty).toBe(false);
    expect(read(table.encodeAll())).toEqual([[1, 5, 'five']]);
  });

  test('a null wins over the state with its own clock, once', () => {
    const { table, changes, ada } = open();
    table.receive(ada, [entry(1, 5, 'here')]);
    changes();

    table.receive(ada, [entry(1, 5, null)]);
    expect(changes()).toEqual([[1, 5, null]]);
    table.receive(ada, [entry(1, 5, null)]);
    expect(changes()).toEqual([]);
    expect(table.encodeAll()).toBeUndefined();
  });

  test('a null about a client nobody knows is not passed on', () => {
    const { table, changes, ada } = open();

    table.receive(ada, [entry(1, 5, null)]);

    expect(changes()).toEqual([]);
    expect(table.encodeAllAndGone()).toBeUndefined();
  });

  test('a clock may be as late as the time in milliseconds, a later one is ignored', () => {
    const { table, time, changes, ada, bob } = open();

    table.receive(ada, [
      entry(1, time.nowMs + 1, 'too late'),
      entry(2, 2 ** 53 - 1, 'too late'),
      entry(3, time.nowMs, 'ok'),
    ]);
    expect(changes()).toEqual([[3, time.nowMs, 'ok']]);
    table.receive(bob, [entry(1, 1, 'hello')]);

    expect(changes()).toEqual([[1, 1, 'hello']]);
  });

  test('a client whose clock somebody set as late as possible goes on from there, also after it was forgotten', () => {
    const { table, time, changes, ada, bob } = open();
    const latest = time.nowMs;
    table.receive(bob, [entry(1, latest, 'bob was first')]);
    table.leave(bob);
    changes();

    time.nowMs += 2;
    table.receive(ada, [entry(1, latest + 1, 'ada')]);
    expect(changes()).toEqual([[1, latest + 1, 'ada']]);
    table.leave(ada);
    changes();
    time.nowMs += 100_000;
    table.encodeAllAndGone();
    table.receive(ada, [entry(1, latest + 5_000, 'ada again')]);

    expect(changes()).toEqual([[1, latest + 5_000, 'ada again']]);
  });

  test('several changes of one client between two calls are one: the newest', () => {
    const { table, changes, ada } = open();

    for (let clock = 1; clock <= 10; clock++) table.receive(ada, [entry(1, clock, clock)]);

    expect(changes()).toEqual([[1, 10, 10]]);
    expect(changes()).toEqual([]);
  });

  test('a state is kept although the bytes it was read from change', () => {
    const { table, ada } = open();
    const state = TEXT.encode.encode('"kept"');

    table.receive(ada, [{ clientId: 1, clock: 1, state }]);
    state.fill(0);

    expect(read(table.encodeAll())).toEqual([[1, 1, 'kept']]);
  });
});

describe('whose a state is', () => {
  test('a session takes all its states with it, each as a null with the clock it had', () => {
    const { table, changes, ada, bob } = open();
    table.receive(ada, [entry(1, 3, 'one tab'), entry(2, 7, 'another tab')]);
    table.receive(bob, [entry(3, 1, 'bob')]);
    changes();

    table.leave(ada);

    expect(changes()).toEqual([
      [1, 3, null],
      [2, 7, null],
    ]);
    expect(read(table.encodeAll())).toEqual([[3, 1, 'bob']]);
    table.leave(ada);
    expect(changes()).toEqual([]);
  });

  test('sending a state back makes nobody its owner', () => {
    const { table, changes, ada, bob } = open();
    table.receive(ada, [entry(1, 3, 'ada')]);
    changes();

    table.receive(bob, [entry(2, 1, null)]);
    const contested = table.receive(bob, [entry(1, 3, 'ada')]);
    table.leave(bob);

    expect(contested).toEqual([]);
    expect(changes()).toEqual([]);
    expect(read(table.encodeAll())).toEqual([[1, 3, 'ada']]);
  });

  test('a late echo does not bring back a state whose session left', () => {
    const { table, time, changes, ada, bob } = open();
    table.receive(ada, [entry(1, 3, 'ada')]);
    changes();
    table.leave(ada);
    changes();

    time.nowMs += 59_000;
    table.receive(bob, [entry(1, 3, 'ada'), entry(1, 2, 'older')]);

    expect(changes()).toEqual([]);
    expect(table.encodeAll()).toBeUndefined();
  });

  test('the clock of one who left is forgotten after a minute', () => {
    const { table, time, changes, ada, bob } = open();
    table.receive(ada, [entry(1, 3, 'ada')]);
    changes();
    table.leave(ada);
    changes();
    expect(read(table.encodeAllAndGone())).toEqual([[1, 3, null]]);

    time.nowMs += 60_001;

    expect(table.encodeAllAndGone()).toBeUndefined();
    table.receive(bob, [entry(1, 1, 'new')]);
    expect(changes()).toEqual([[1, 1, 'new']]);
  });

  test('one who left and came back in that minute is not forgotten, nor twice reported as gone', () => {
    const { table, time, changes, ada, bob } = open();
    table.receive(ada, [entry(1, 3, 'ada')]);
    changes();
    table.leave(ada);
    time.nowMs += 30_000;
    table.receive(bob, [entry(1, 4, 'back')]);
    changes();

    time.nowMs += 31_000;

    expect(read(table.encodeAllAndGone())).toEqual([[1, 4, 'back']]);
    table.receive(ada, [entry(1, 4, 'stale')]);
    expect(changes()).toEqual([]);
  });

  test('a newer clock from a session that is not its owner is contested, and changes nothing yet', () => {
    const { table, changes, ada, bob } = open();
    table.receive(ada, [entry(1, 3, 'ada')]);
    changes();

    const contested = table.receive(bob, [entry(1, 4, 'bob'), entry(1, 3, null), entry(2, 1, 'his own')]);

    expect(contested.map(({ owner, entry: { clock } }) => [owner === ada, clock])).toEqual([
      [true, 4],
      [true, 3],
    ]);
    expect(changes()).toEqual([[2, 1, 'his own']]);
  });

  test('a contested state that is taken over is its new owner’s, who takes it along', () => {
    const { table, changes, ada, bob } = open();
    table.receive(ada, [entry(1, 3, 'ada')]);
    const [contested] = table.receive(bob, [entry(1, 4, 'bob')]);
    if (contested === undefined) throw new Error('nothing was contested');

    table.takeOver(bob, contested);
    expect(changes()).toEqual([[1, 4, 'bob']]);
    table.leave(ada);
    expect(changes()).toEqual([]);
    table.leave(bob);

    expect(changes()).toEqual([[1, 4, null]]);
  });

  test('a claim that was overtaken by the owner or by a third session comes to nothing', () => {
    const { table, changes, ada, bob } = open();
    const carl = new FakeSession('carl');
    table.receive(ada, [entry(1, 3, 'ada')]);
    const claims = table.receive(bob, [entry(1, 4, 'bob')]);
    table.receive(ada, [entry(1, 5, 'ada again')]);
    for (const claim of claims) table.takeOver(bob, claim);
    expect(changes()).toEqual([[1, 5, 'ada again']]);

    const late = table.receive(bob, [entry(1, 9, 'bob')]);
    for (const claim of table.receive(carl, [entry(1, 6, 'carl')])) table.takeOver(carl, claim);
    for (const claim of late) table.takeOver(bob, claim);

    expect(changes()).toEqual([[1, 6, 'carl']]);
  });
});

describe('a session that announces an id as its own', () => {
  test('is heard although its clock is not newer, which then is a claim', () => {
    const { table, time, changes, ada, bob } = open();
    table.receive(ada, [entry(1, time.nowMs, 'ada was first')]);
    changes();

    const [contested] = table.receive(bob, [entry(1, 3, 'mine')]);
    if (contested === undefined) throw new Error('nothing was contested');
    expect(changes()).toEqual([]);
    table.takeOver(bob, contested);

    // no client would apply clock 3: the state goes, and the client it belongs to answers with the clock after it
    expect(changes()).toEqual([[1, time.nowMs, null]]);
    time.nowMs++;
    expect(table.receive(ada, [entry(1, time.nowMs, 'ada')])).toHaveLength(1);
    table.receive(bob, [entry(1, time.nowMs, 'mine')]);
    expect(changes()).toEqual([[1, time.nowMs, 'mine']]);
  });

  test('does so with the first thing it says only, and only when it is about one client', () => {
    const { table, changes, ada, bob } = open();
    const carl = new FakeSession('carl');
    table.receive(ada, [entry(1, 9, 'ada'), entry(2, 9, 'ada')]);
    changes();

    expect(table.receive(bob, [entry(1, 3, 'bob'), entry(2, 3, 'bob')])).toEqual([]);
    expect(table.receive(bob, [entry(1, 3, 'bob')])).toEqual([]);
    table.receive(carl, [entry(3, 1, 'carl')]);
    expect(table.receive(carl, [entry(1, 3, 'carl')])).toEqual([]);
  });

  test('has it although its clock is 0 and cannot be shown', () => {
    const { table, changes, ada, bob } = open();
    table.receive(ada, [entry(1, 0, {})]);

    const contested = table.receive(bob, [entry(1, 5, 'bob')]);
    expect(contested.map(({ owner }) => owner)).toEqual([ada]);
    expect(changes()).toEqual([]);
    table.receive(ada, [entry(1, 1, 'ada')]);
    expect(changes()).toEqual([[1, 1, 'ada']]);
  });

  test('has it no longer when it left, or when it did not answer', () => {
    const { table, changes, ada, bob } = open();
    const carl = new FakeSession('carl');
    table.receive(ada, [entry(1, 0, {})]);
    const [contested] = table.receive(bob, [entry(1, 5, 'bob')]);
    if (contested === undefined) throw new Error('nothing was contested');
    table.takeOver(bob, contested);
    expect(changes()).toEqual([[1, 5, 'bob']]);

    table.receive(carl, [entry(2, 0, {})]);
    table.leave(carl);
    expect(table.receive(ada, [entry(2, 1, 'ada')])).toEqual([]);
    table.leave(bob);
    expect(table.receive(ada, [entry(1, 6, 'ada')])).toEqual([]);
  });

  test('a claim with a clock that is not newer never brings a state, whatever happened meanwhile', () => {
    const { table, time, changes, ada, bob } = open();
    table.receive(ada, [entry(1, 9, 'ada')]);
    changes();
    const noJson = { clientId: 1, clock: 3, state: TEXT.encode.encode('{no json') };
    const [contested] = table.receive(bob, [noJson]);
    if (contested === undefined) throw new Error('nothing was contested');
    table.leave(ada);
    changes();
    time.nowMs += 60_001;
    table.encodeAllAndGone();

    table.takeOver(bob, contested);

    expect(table.encodeAll()).toBeUndefined();
    expect(changes()).toEqual([]);
  });
});

describe('states that come and go', () => {
  test('of one that nobody was shown nothing is said or remembered', () => {
    const { table, changes, ada } = open();

    table.receive(ada, [entry(1, 1, {}), entry(1, 2, null), entry(2, 1, {}), entry(2, 1, null)]);

    expect(table.isDirty).toBe(false);
    expect(changes()).toEqual([]);
    expect(table.encodeAllAndGone()).toBeUndefined();
  });

  test('one that was shown once is announced as gone, however often it came and went', () => {
    const { table, changes, ada } = open();
    table.receive(ada, [entry(1, 1, {})]);
    changes();

    table.receive(ada, [entry(1, 2, null), entry(1, 3, {}), entry(1, 4, null)]);

    expect(changes()).toEqual([[1, 4, null]]);
  });

  test('the oldest of those that went are forgotten when there are too many', () => {
    const { table, ada } = open({ ...LIMITS, maxAwarenessStates: 1_000, maxAwarenessStatesPerSession: 1_000 });
    let announced = 0;
    for (let first = 1; first <= MAX_REMEMBERED_GONE + 2_000; first += 1_000) {
      const ids = Array.from({ length: 1_000 }, (_, i) => first + i);
      table.receive(
        ada,
        ids.map((id) => entry(id, 1, {})),
      );
      table.takeChanges();
      table.receive(
        ada,
        ids.map((id) => entry(id, 2, null)),
      );
      announced += read(table.takeChanges()).length;
    }

    expect(announced).toBe(MAX_REMEMBERED_GONE + 2_000);
    const remembered = read(table.encodeAllAndGone());
    expect(remembered).toHaveLength(MAX_REMEMBERED_GONE);
    expect(remembered[0]).toEqual([2_001, 2, null]);
  });
});

describe('limits', () => {
  test('a state over the limit ends the session; one of exactly the limit does not', () => {
    const { table, changes, ada } = open();

    table.receive(ada, [entry(1, 1, 'x'.repeat(98))]);
    expect(() => table.receive(ada, [entry(1, 2, 'x'.repeat(99))])).toThrow(
      expect.objectContaining({ code: 'HW_AWARENESS_TOO_LARGE' }),
    );

    expect(changes()).toEqual([[1, 1, 'x'.repeat(98)]]);
  });

  test('a state that is no JSON ends the session and is passed on to nobody', () => {
    const { table, changes, ada } = open();

    expect(() => table.receive(ada, [{ clientId: 1, clock: 1, state: TEXT.encode.encode('{a:1}') }])).toThrow(
      expect.objectContaining({ code: 'HW_AWARENESS_MALFORMED' }),
    );

    expect(changes()).toEqual([]);
  });

  test('a session carries so many states and no more, until one of them goes', () => {
    const { table, changes, ada } = open();
    table.receive(
      ada,
      [1, 2, 3, 4].map((clientId) => entry(clientId, 1, clientId)),
    );
    expect(changes()).toHaveLength(3);

    table.receive(ada, [entry(2, 2, 'still mine'), entry(1, 2, null), entry(4, 2, 4)]);

    expect(read(table.encodeAll())).toEqual([
      [2, 2, 'still mine'],
      [3, 1, 3],
      [4, 2, 4],
    ]);
  });

  test('a document holds so many states and no more, until somebody leaves', () => {
    const { table, changes, ada, bob } = open();
    const carl = new FakeSession('carl');
    table.receive(
      ada,
      [1, 2, 3].map((clientId) => entry(clientId, 1, clientId)),
    );
    table.receive(
      bob,
      [4, 5, 6].map((clientId) => entry(clientId, 1, clientId)),
    );
    expect(changes()).toHaveLength(5);

    table.leave(ada);
    table.receive(carl, [entry(7, 1, 7)]);

    expect(read(table.encodeAll())).toEqual([
      [4, 1, 4],
      [5, 1, 5],
      [7, 1, 7],
    ]);
  });
});
