import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Judged, Reauthentication } from '../../server/src/access/reauthentication.ts';
import { SILENT_LOGGER } from '../../server/src/logging/logger.ts';
import { type Deferred, deferred } from './deferred.ts';

/** A session that notes when it is asked about, and is decided about when a test says so, or at once. */
class AskedAbout implements Judged {
  readonly documentName: string;
  readonly user: string | undefined;
  isGranted = true;
  answer: Deferred<void> | undefined;
  readonly asked: number[] = [];
  readonly doubts: (string | undefined)[] = [];

  constructor(documentName = 'notes', user: string | undefined = 'ada') {
    this.documentName = documentName;
    this.user = user;
  }

  doubt(user: string | undefined): void {
    this.doubts.push(user);
  }

  reauthenticate(): Promise<void> {
    this.asked.push(Date.now());
    return this.answer?.promise ?? Promise.resolve();
  }
}

/** The longest wait each time, as random numbers go. */
const LONGEST = (): number => 1 - Number.EPSILON;

let reauthentication: Reauthentication;

beforeEach(() => {
  vi.useFakeTimers();
  reauthentication = new Reauthentication(SILENT_LOGGER, LONGEST);
});
afterEach(() => {
  reauthentication.close();
  vi.useRealTimers();
});

function added(count: number, of: (index: number) => AskedAbout = () => new AskedAbout()): AskedAbout[] {
  const sessions = Array.from({ length: count }, (_, index) => of(index));
  for (const session of sessions) reauthentication.add(session);
  return sessions;
}

const timesAsked = (sessions: readonly AskedAbout[]): number =>
  sessions.reduce((sum, { asked }) => sum + asked.length, 0);

describe('of the sessions', () => {
  test('those are asked about that are named', async () => {
    const sessions = [new AskedAbout('a', 'ada'), new AskedAbout('b', 'ada'), new AskedAbout('a', 'bob')];
    for (const session of sessions) reauthentication.add(session);
    const counts = (): number[] => sessions.map(({ asked }) => asked.length);

    void reauthentication.ask({ documentName: 'a', user: 'ada' });
    await vi.runAllTimersAsync();
    expect(counts()).toEqual([1, 0, 0]);
    void reauthentication.ask({ documentName: 'a' });
    await vi.runAllTimersAsync();
    expect(counts()).toEqual([2, 0, 1]);
    void reauthentication.ask({ user: 'ada' });
    await vi.runAllTimersAsync();
    expect(counts()).toEqual([3, 1, 1]);
    void reauthentication.ask({});
    await vi.runAllTimersAsync();
    expect(counts()).toEqual([4, 2, 2]);
  });

  test('one that is being let in is doubted instead, whoever it may turn out to be', async () => {
    const [joining] = [new AskedAbout('a', undefined)];
    joining.isGranted = false;
    reauthentication.add(joining);

    await reauthentication.ask({ user: 'ada' });
    await reauthentication.ask({ documentName: 'b' });
    await reauthentication.ask({ documentName: 'a' });
    reauthentication.askAll();

    expect(joining.doubts).toEqual(['ada', undefined, undefined]);
    expect(joining.asked).toEqual([]);
  });

  test('one that is over is not asked about, and nobody waits for it', async () => {
    const [gone, staying] = added(2);
    if (gone === undefined || staying === undefined) throw new Error('two were added');

    const asked = reauthentication.ask({});
    reauthentication.delete(gone);
    await vi.runAllTimersAsync();
    await asked;

    expect([gone, staying].map(({ asked: times }) => times.length)).toEqual([0, 1]);
  });
});

describe('ten thousand sessions', () => {
  test('are asked about a few at a time, all of them, within seconds', async () => {
    const sessions = added(10_000);

    const asked = reauthentication.ask({});
    await vi.runAllTimersAsync();
    await asked;

    const perMoment = new Map<number, number>();
    for (const [time] of sessions.map((session) => session.asked)) {
      perMoment.set(time ?? 0, (perMoment.get(time ?? 0) ?? 0) + 1);
    }
    expect(timesAsked(sessions)).toBe(10_000);
    expect(Math.max(...perMoment.values())).toBeLessThanOrEqual(20);
    expect(Math.max(...perMoment.keys()) - Math.min(...perMoment.keys())).toBeLessThan(6_000);
  });

  test('are at most fifty open questions to a service that is slow', async () => {
    const answer = deferred();
    const sessions = added(1_000);
    for (const session of sessions) session.answer = answer;

    const asked = reauthentication.ask({});
    await vi.advanceTimersByTimeAsync(60_000);
    expect(timesAsked(sessions)).toBe(50);
    answer.resolve();
    await vi.runAllTimersAsync();
    await asked;

    expect(timesAsked(sessions)).toBe(1_000);
  });

  test('are asked about once when everybody is to be again before it was their turn', async () => {
    const sessions = added(200);

    reauthentication.askAll();
    reauthentication.askAll();
    await vi.runAllTimersAsync();
    expect(timesAsked(sessions)).toBe(200);

    reauthentication.askAll();
    await vi.advanceTimersByTimeAsync(0);
    reauthentication.askAll();
    await vi.runAllTimersAsync();
    expect(timesAsked(sessions)).toBe(200 + 200 + 20); // twenty had had their turn
  });

  test('do not keep one waiting that was named', async () => {
    const sessions = added(10_000, (index) => new AskedAbout('notes', index === 9_999 ? 'named' : 'ada'));
    const startedMs = Date.now();

    reauthentication.askAll();
    await vi.advanceTimersByTimeAsync(0);
    void reauthentication.ask({ user: 'named' });
    await vi.advanceTimersByTimeAsync(20);

    expect(sessions[9_999]?.asked).toEqual([startedMs + 10]);
    await vi.runAllTimersAsync();
    expect(timesAsked(sessions)).toBe(10_000);
  });
});

/** A session about which nothing can be decided, and when it is asked about, in ms from now on. */
function undecided(): { readonly session: AskedAbout; readonly times: () => number[] } {
  const startMs = Date.now();
  const session = new AskedAbout();
  session.reauthenticate = async () => {
    session.asked.push(Date.now());
    reauthentication.postpone(session);
  };
  reauthentication.add(session);
  return { session, times: () => session.asked.map((time) => time - startMs) };
}

describe('what could not be decided', () => {
  test('is asked for again after longer and longer waits, until it is decided', async () => {
    const { session, times } = undecided();

    await Promise.all([reauthentication.ask({}), vi.advanceTimersByTimeAsync(100_000)]);
    expect(times()).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 61_000, 91_000]);

    session.reauthenticate = async () => {
      session.asked.push(Date.now());
      reauthentication.decided(session);
    };
    await vi.advanceTimersByTimeAsync(200_000);
    expect(times()).toHaveLength(9);
  });

  test('begins with a short wait again after a decision', async () => {
    const { session, times } = undecided();
    await Promise.all([reauthentication.ask({}), vi.advanceTimersByTimeAsync(3_000)]);

    reauthentication.decided(session);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(times()).toHaveLength(3);
    void reauthentication.ask({});
    await vi.advanceTimersByTimeAsync(1_000);

    expect(times().slice(3)).toEqual([63_000, 64_000]);
  });

  test('is not asked for when the session is over', async () => {
    const { session, times } = undecided();
    await Promise.all([reauthentication.ask({}), vi.advanceTimersByTimeAsync(0)]);

    reauthentication.delete(session);
    await vi.advanceTimersByTimeAsync(60_000);

    expect(times()).toEqual([0]);
  });
});

test('who waits when it is closed hears that the server is, and nobody is asked about any more', async () => {
  const sessions = added(100);
  const asked = reauthentication.ask({});
  asked.catch(() => {});
  await vi.advanceTimersByTimeAsync(0);

  reauthentication.close();
  reauthentication.askAll();
  await vi.advanceTimersByTimeAsync(60_000);

  await expect(asked).rejects.toMatchObject({ code: 'HW_SHUTTING_DOWN' });
  await expect(reauthentication.ask({})).rejects.toMatchObject({ code: 'HW_SHUTTING_DOWN' });
  expect(timesAsked(sessions)).toBe(20);
  expect(vi.getTimerCount()).toBe(0);
});
