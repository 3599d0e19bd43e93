import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { HostedDocument } from '../../server/src/documents/hosted-document.ts';
import { runs } from '../support/soak.ts';
import { deferred } from './deferred.ts';
import { awarenessOf, awarenessUpdate, enter, FakeSession, openHouse, Typist, turn } from './support.ts';

async function openWith(names: readonly string[]) {
  const { registry, store } = openHouse();
  const document = await registry.open('doc');
  const sessions = names.map((name) => enter(document, new FakeSession(name)));
  return { document, sessions: sessions as [FakeSession, FakeSession, FakeSession], store };
}

/** What one sees, as `clientId: state`. */
function seenBy(session: FakeSession): Record<string, unknown> {
  return Object.fromEntries([...session.states()].map(([clientId, { state }]) => [clientId, state]));
}

describe('awareness in a document', () => {
  test('a change reaches everybody, the sender too, in one message, and never the store', async () => {
    const { document, sessions, store } = await openWith(['ada', 'bob']);
    const [ada, bob] = sessions;
    for (const session of sessions) session.take();

    for (let clock = 1; clock <= 3; clock++) document.receiveAwareness(ada, awarenessUpdate(1, clock, { at: clock }));
    document.receiveAwareness(bob, awarenessUpdate(2, 1, { at: 0 }));
    await turn();

    for (const session of [ada, bob]) {
      expect(session.take().map(({ kind }) => kind)).toEqual(['awareness']);
      expect(seenBy(session)).toEqual({ 1: { at: 3 }, 2: { at: 0 } });
    }
    expect(store.changes).toEqual([]);
  });

  test('somebody who joins is told who is there', async () => {
    const { document, sessions } = await openWith(['ada']);
    document.receiveAwareness(sessions[0], awarenessUpdate(1, 1, { name: 'ada' }));
    await turn();

    const joiner = new FakeSession();
    document.join(joiner);

    expect(seenBy(joiner)).toEqual({ 1: { name: 'ada' } });
  });

  test('a query is answered with everybody who is there, to whoever asked alone', async () => {
    const { document, sessions } = await openWith(['ada', 'bob']);
    const [ada, bob] = sessions;
    document.receiveAwareness(ada, awarenessUpdate(1, 1, { name: 'ada' }));
    await turn();
    for (const session of sessions) session.take();

    document.answerAwarenessQuery(bob);

    expect(bob.take().map(({ kind, body }) => [kind, ...body])).toEqual([
      ['awareness', ...awarenessUpdate(1, 1, { name: 'ada' })],
    ]);
    expect(ada.take()).toEqual([]);
  });

  test('an echo of what everybody knows goes to nobody', async () => {
    const { document, sessions } = await openWith(['ada', 'bob']);
    const [ada, bob] = sessions;
    document.receiveAwareness(ada, awarenessUpdate(1, 1, { name: 'ada' }));
    await turn();
    for (const session of sessions) session.take();

    document.receiveAwareness(bob, awarenessUpdate(1, 1, { name: 'ada' }));
    await turn();

    expect(ada.take()).toEqual([]);
  });

  test('one who leaves is gone for the others at once; silence does the same to one who is still there', async () => {
    const { document, sessions } = await openWith(['ada', 'bob', 'carl']);
    const [ada, bob, carl] = sessions;
    document.receiveAwareness(ada, awarenessUpdate(1, 1, 'ada'));
    document.receiveAwareness(bob, awarenessUpdate(2, 1, 'bob'));
    await turn();

    document.leave(ada);
    document.silence(bob);
    await turn();

    expect(seenBy(carl)).toEqual({});
    expect(document.sessionCount).toBe(2);
    document.receiveAwareness(bob, awarenessUpdate(2, 2, 'bob again'));
    await turn();
    expect(seenBy(carl)).toEqual({ 2: 'bob again' });
  });

  test('one that was full while somebody left learns it when it drained', async () => {
    const { document, sessions } = await openWith(['ada', 'bob']);
    const [ada, bob] = sessions;
    document.receiveAwareness(ada, awarenessUpdate(1, 1, 'ada'));
    await turn();
    bob.isFull = true;
    document.receiveAwareness(ada, awarenessUpdate(1, 2, 'this fills it'));
    await turn();

    document.leave(ada);
    await turn();
    const seenWhileFull = seenBy(bob);
    bob.drain(document);

    expect(seenWhileFull).toEqual({ 1: 'this fills it' });
    expect(seenBy(bob)).toEqual({});
  });

  test('a malformed message changes nothing', async () => {
    const { document, sessions } = await openWith(['ada', 'bob']);

    const [ada, bob] = sessions;
    expect(() => document.receiveAwareness(ada, Uint8Array.of(2, 1, 1))).toThrow(
      expect.objectContaining({ code: 'HW_AWARENESS_MALFORMED' }),
    );
    await turn();

    expect(seenBy(bob)).toEqual({});
  });
});

describe('a state that belongs to somebody else', () => {
  test('is kept while its owner answers', async () => {
    const { document, sessions } = await openWith(['ada', 'mallory', 'carl']);
    const [ada, mallory, carl] = sessions;
    document.receiveAwareness(ada, awarenessUpdate(1, 1, 'ada'));

    document.receiveAwareness(mallory, awarenessUpdate(1, 9, 'not ada'));
    await turn();
    await turn();

    expect(seenBy(carl)).toEqual({ 1: 'ada' });
    document.leave(ada); // the claim is settled: it is not taken up now
    await turn();
    expect(seenBy(carl)).toEqual({});
  });

  test.each([
    ['does not answer', () => Promise.resolve(false)],
    ['cannot be asked', () => Promise.reject(new Error('closed'))],
  ])('goes to the newest claim when its owner %s', async (_, answer) => {
    const { document, sessions } = await openWith(['old connection', 'new connection', 'carl']);
    const [old, fresh, carl] = sessions;
    document.receiveAwareness(old, awarenessUpdate(1, 1, 'before'));
    old.isResponsive = answer;

    document.receiveAwareness(fresh, awarenessUpdate(1, 2, 'reconnected'));
    document.receiveAwareness(fresh, awarenessUpdate(1, 3, 'moved on'));
    await turn();
    await turn();

    expect(seenBy(carl)).toEqual({ 1: 'moved on' });
    document.leave(old);
    await turn();
    expect(seenBy(carl)).toEqual({ 1: 'moved on' });
  });

  test('goes when somebody announces its id with an older clock and its owner does not answer', async () => {
    const { document, sessions } = await openWith(['old connection', 'new connection', 'carl']);
    const [old, fresh, carl] = sessions;
    document.receiveAwareness(old, awarenessUpdate(1, 5, 'before'));
    await turn();
    old.isResponsive = () => Promise.resolve(false);

    document.receiveAwareness(fresh, awarenessUpdate(1, 2, 'mine'));
    await turn();
    await turn();

    expect(seenBy(carl)).toEqual({});
    document.receiveAwareness(fresh, awarenessUpdate(1, 6, 'mine'));
    await turn();
    expect(seenBy(carl)).toEqual({ 1: 'mine' });
  });

  test('goes to the newer state of a claimant, also when an older one came behind it', async () => {
    const { document, sessions } = await openWith(['old connection', 'new connection', 'carl']);
    const [old, fresh, carl] = sessions;
    document.receiveAwareness(old, awarenessUpdate(1, 5, 'before'));
    await turn();
    old.isResponsive = () => Promise.resolve(false);

    document.receiveAwareness(fresh, awarenessUpdate(1, 6, 'newer'));
    document.receiveAwareness(fresh, awarenessUpdate(1, 5, 'before'));
    await turn();
    await turn();

    expect(seenBy(carl)).toEqual({ 1: 'newer' });
  });

  test('goes to the claim at once when its owner leaves before it answered', async () => {
    const { document, sessions } = await openWith(['old connection', 'new connection', 'carl']);
    const [old, fresh, carl] = sessions;
    const answer = deferred<boolean>();
    old.responsive = answer.promise;
    document.receiveAwareness(old, awarenessUpdate(1, 1, 'before'));
    document.receiveAwareness(fresh, awarenessUpdate(1, 2, 'reconnected'));

    document.leave(old);
    await turn();

    expect(seenBy(carl)).toEqual({ 1: 'reconnected' });
    answer.resolve(true);
    await turn();
    expect(seenBy(carl)).toEqual({ 1: 'reconnected' });
  });

  test('a claim goes with the session that made it', async () => {
    const { document, sessions } = await openWith(['old connection', 'new connection', 'carl']);
    const [old, fresh, carl] = sessions;
    const answer = deferred<boolean>();
    old.responsive = answer.promise;
    document.receiveAwareness(old, awarenessUpdate(1, 1, 'before'));
    document.receiveAwareness(fresh, awarenessUpdate(1, 2, 'reconnected'));

    document.leave(fresh);
    answer.resolve(false);
    await turn();

    expect(seenBy(carl)).toEqual({ 1: 'before' });
  });
});

describe('in a crowd', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('flushes keep their distance, and each brings everything since the last', async () => {
    const { registry } = openHouse({ crowdSockets: 2, flushIntervalMs: 16 });
    const document = await registry.open('doc');
    const [ada, bob] = [enter(document), enter(document)];
    vi.advanceTimersByTime(1_000);
    document.receiveAwareness(ada, awarenessUpdate(1, 1, 1));
    await turn();
    const sends = bob.sends;

    for (let clock = 2; clock <= 10; clock++) {
      document.receiveAwareness(ada, awarenessUpdate(1, clock, clock));
      await turn();
    }
    vi.advanceTimersByTime(31);
    const sendsBefore = bob.sends - sends;
    vi.advanceTimersByTime(1);

    expect(sendsBefore).toBe(0);
    expect(bob.sends - sends).toBe(1);
    expect(seenBy(bob)).toEqual({ 1: 10 });
  });

  test('an edit is as soon as without cursors, and takes them along', async () => {
    const { registry } = openHouse({ crowdSockets: 2, flushIntervalMs: 16 });
    const document = await registry.open('doc');
    const [ada, bob] = [enter(document), enter(document)];
    const typist = new Typist(1);
    vi.advanceTimersByTime(1_000);
    document.receiveAwareness(ada, awarenessUpdate(1, 1, 1));
    await turn();

    document.receiveAwareness(ada, awarenessUpdate(1, 2, 2));
    document.receive(ada, typist.type('x'));
    vi.advanceTimersByTime(16);
    await document.save();

    expect(bob.text()).toBe('x');
    expect(seenBy(bob)).toEqual({ 1: 2 });
  });
});

/** What a session may do next. */
type Deed =
  | { readonly kind: 'set'; readonly session: number; readonly clientId: number; readonly isNull: boolean }
  | {
      readonly kind: 'send';
      readonly session: number;
      readonly clientId: number;
      readonly clock: number;
      readonly isNull: boolean;
    }
  | { readonly kind: 'fill' | 'drain' | 'leave' | 'turn'; readonly session: number };

const session = fc.nat({ max: 2 });
const clientId = fc.integer({ min: 1, max: 4 });
const deeds = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('set' as const), session, clientId, isNull: fc.boolean() }),
    fc.record({
      kind: fc.constant('send' as const),
      session,
      clientId,
      clock: fc.nat({ max: 12 }),
      isNull: fc.boolean(),
    }),
    fc.record({ kind: fc.constantFrom('fill' as const, 'drain' as const, 'leave' as const, 'turn' as const), session }),
  ),
  { maxLength: 60 },
);

test('what two stock observers see comes to what the document holds, whatever the sessions do', async () => {
  await fc.assert(
    fc.asyncProperty(deeds, async (plan) => {
      const { registry } = openHouse();
      const document: HostedDocument = await registry.open('doc');
      const early = enter(document);
      const sessions = [0, 1, 2].map((index) => enter(document, new FakeSession(`s${index}`)));
      if (sessions[2] !== undefined) sessions[2].responsive = Promise.resolve(false);
      const clocks = new Map<number, number>();
      const perform = async (deed: Deed): Promise<void> => {
        const who = sessions[deed.session];
        if (who === undefined) return;
        if (deed.kind === 'set' || deed.kind === 'send') {
          const clock = deed.kind === 'send' ? deed.clock : (clocks.get(deed.clientId) ?? 0) + 1;
          clocks.set(deed.clientId, Math.max(clock, clocks.get(deed.clientId) ?? 0));
          const state = deed.isNull ? null : { clock, by: deed.session };
          document.receiveAwareness(who, awarenessOf([{ clientId: deed.clientId, clock, state }]));
        } else if (deed.kind === 'fill') early.isFull = true;
        else if (deed.kind === 'drain') early.drain(document);
        else if (deed.kind === 'leave') {
          document.leave(who);
          sessions[deed.session] = enter(document);
        } else await turn();
      };

      for (const deed of plan) await perform(deed);
      await turn();
      early.drain(document);
      const late = enter(document);

      expect(seenBy(early)).toEqual(seenBy(late));
      for (const one of sessions) document.leave(one);
      await turn();
      expect(seenBy(early)).toEqual({});
      expect(seenBy(late)).toEqual({});
      registry.close();
    }),
    { numRuns: runs(100) },
  );
});
