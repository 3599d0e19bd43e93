import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FrameInbox } from '../../server/src/connection/frame-inbox.ts';
import { ReadScheduler } from '../../server/src/connection/read-scheduler.ts';
import { turn } from './support.ts';

const GATE_INTERVAL_MS = 20;
const clock = { nowMs: 0 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.spyOn(performance, 'now').mockImplementation(() => clock.nowMs);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const frame = (number: number): Uint8Array => Uint8Array.of(number);

/** An inbox whose frames take `costMs` each to handle. */
function open({ costMs = 0, scheduler = new ReadScheduler(() => true), log = [] as string[], name = '' } = {}) {
  const source = {
    isPaused: false,
    pause: () => void (source.isPaused = true),
    resume: () => void (source.isPaused = false),
  };
  const handled: number[] = [];
  const inbox = new FrameInbox(source, scheduler, ([number]) => {
    handled.push(number ?? -1);
    log.push(`${name}${number}`);
    clock.nowMs += costMs;
  });
  return { inbox, source, handled };
}

describe('the frames of a connection', () => {
  test('are handled as they arrive', () => {
    const { inbox, handled, source } = open();
    inbox.release();

    inbox.push(frame(1));
    inbox.push(frame(2));

    expect(handled).toEqual([1, 2]);
    expect(source.isPaused).toBe(false);
  });

  test('wait, unread, until the document is there, and keep their order', async () => {
    const { inbox, handled, source } = open();
    inbox.push(frame(1));
    inbox.push(frame(2));
    await turn();
    expect([handled, source.isPaused]).toEqual([[], true]);

    inbox.release();
    inbox.push(frame(3));
    await turn();

    expect(handled).toEqual([1, 2, 3]);
    expect(source.isPaused).toBe(false);
  });

  test('beyond a slice of a turn wait for later turns, in order, with the socket paused meanwhile', async () => {
    const { inbox, handled, source } = open({ costMs: 0.15 });
    inbox.release();

    for (let number = 1; number <= 5; number++) inbox.push(frame(number));
    const handledAtOnce = [...handled];
    const wasPaused = source.isPaused;
    await turn();
    const handledInTurn = [...handled];
    inbox.push(frame(6));
    for (let i = 0; i < 5; i++) await turn();

    expect(handledAtOnce).toEqual([1, 2]);
    expect(wasPaused).toBe(true);
    expect(handledInTurn).toEqual([1, 2, 3, 4]);
    expect(handled).toEqual([1, 2, 3, 4, 5, 6]);
    expect(source.isPaused).toBe(false);
  });

  test('get a fresh slice in the next turn', async () => {
    const { inbox, handled } = open({ costMs: 0.15 });
    inbox.release();
    inbox.push(frame(1));
    inbox.push(frame(2));
    await turn();

    inbox.push(frame(3));
    inbox.push(frame(4));

    expect(handled).toEqual([1, 2, 3, 4]);
  });

  test('that were not handled when it is closed are forgotten, and so is what still comes', async () => {
    const { inbox, handled } = open();
    inbox.push(frame(1));

    inbox.close();
    inbox.release();
    inbox.push(frame(2));
    await turn();

    expect(handled).toEqual([]);
  });

  test('behind one that closes the inbox are not handled', async () => {
    const scheduler = new ReadScheduler(() => true);
    const handled: number[] = [];
    const source = { pause: vi.fn<() => void>(), resume: vi.fn<() => void>() };
    const inbox: FrameInbox = new FrameInbox(source, scheduler, ([number]) => {
      handled.push(number ?? -1);
      inbox.close();
    });
    inbox.push(frame(1));
    inbox.push(frame(2));

    inbox.release();
    await turn();

    expect(handled).toEqual([1]);
    expect(source.resume).not.toHaveBeenCalled();
  });
});

describe('waiting until everything has been handled', () => {
  test('is over at once when nothing waits, otherwise after the last frame', async () => {
    const { inbox, handled } = open();
    const calls: number[] = [];
    inbox.whenEmpty(() => calls.push(handled.length));
    inbox.push(frame(1));
    inbox.push(frame(2));
    inbox.whenEmpty(() => calls.push(handled.length));
    const callsBefore = [...calls];

    inbox.release();
    await turn();

    expect(callsBefore).toEqual([0]);
    expect(calls).toEqual([0, 2]);
  });

  test('may close the inbox, once', async () => {
    const { inbox } = open();
    let calls = 0;
    inbox.push(frame(1));
    inbox.whenEmpty(() => {
      calls++;
      inbox.close();
    });

    inbox.release();
    await turn();
    inbox.close();

    expect(calls).toBe(1);
  });

  test('is over when the inbox is closed', () => {
    const { inbox } = open();
    const callback = vi.fn<() => void>();
    inbox.push(frame(1));
    inbox.whenEmpty(callback);

    inbox.close();

    expect(callback).toHaveBeenCalledOnce();
  });
});

describe('a scheduler with several inboxes', () => {
  test('lets two busy ones alternate', async () => {
    const scheduler = new ReadScheduler(() => true);
    const log: string[] = [];
    const [a, b] = [open({ costMs: 1, scheduler, log, name: 'a' }), open({ costMs: 1, scheduler, log, name: 'b' })];
    for (let number = 1; number <= 4; number++) {
      a.inbox.push(frame(number));
      b.inbox.push(frame(number));
    }

    a.inbox.release();
    b.inbox.release();
    for (let i = 0; i < 8; i++) await turn();

    expect(log).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3', 'a4', 'b4']);
  });

  test('goes on where it stopped when a turn was not enough for all of them', async () => {
    const scheduler = new ReadScheduler(() => true);
    const log: string[] = [];
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const inboxes = names.map((name) => open({ costMs: 1, scheduler, log, name }));
    for (const { inbox } of inboxes) {
      for (let number = 1; number <= 2; number++) inbox.push(frame(number));
      inbox.release();
    }

    await turn();
    const afterOne = [...log];
    for (let i = 0; i < 8; i++) await turn();

    expect(afterOne).toEqual(['a1', 'b1', 'c1', 'd1']);
    expect(log.slice(4, 8)).toEqual(['e1', 'f1', 'a2', 'b2']);
    expect(log).toHaveLength(12);
  });

  test('handles nothing while the gate is closed, and everything in order once it opens', async () => {
    const gate = { isOpen: false };
    const scheduler = new ReadScheduler(() => gate.isOpen);
    const { inbox, handled, source } = open({ scheduler });
    inbox.release();
    inbox.push(frame(1));
    inbox.push(frame(2));
    await turn();
    vi.advanceTimersByTime(10 * GATE_INTERVAL_MS);
    await turn();
    expect([handled, source.isPaused]).toEqual([[], true]);

    gate.isOpen = true;
    vi.advanceTimersByTime(GATE_INTERVAL_MS);
    await turn();

    expect(handled).toEqual([1, 2]);
    expect(source.isPaused).toBe(false);
  });

  test('stops looking at a closed gate when nobody waits any more', async () => {
    const scheduler = new ReadScheduler(() => false);
    const { inbox } = open({ scheduler });
    inbox.release();
    inbox.push(frame(1));
    await turn();
    expect(vi.getTimerCount()).toBe(1);

    inbox.close();
    vi.advanceTimersByTime(GATE_INTERVAL_MS);

    expect(vi.getTimerCount()).toBe(0);
  });
});

/** Turns and time go by, one flooding and, perhaps, one at leisure. @returns how many frames the busy one got through */
async function race(durationMs: number, { hasOthers = false }): Promise<number> {
  const scheduler = new ReadScheduler(() => true);
  const busy = open({ costMs: 0.1, scheduler });
  const other = open({ costMs: 0.01, scheduler });
  busy.inbox.release();
  other.inbox.release();
  const endMs = clock.nowMs + durationMs;
  while (clock.nowMs < endMs) {
    if (hasOthers) other.inbox.push(frame(0));
    for (let i = 0; i < 10; i++) busy.inbox.push(frame(0));
    await turn();
    clock.nowMs += 0.2;
    vi.advanceTimersByTime(1);
  }
  return busy.handled.length;
}

describe('a connection that wants more than a twentieth of the event loop', () => {
  test('gets that while others are served', async () => {
    expect((await race(2_000, { hasOthers: true })) * 0.1).toBeLessThan(2_000 * 0.06);
  });

  test('gets all of it when there is nobody else', async () => {
    expect((await race(2_000, { hasOthers: false })) * 0.1).toBeGreaterThan(2_000 * 0.5);
  });

  test('is not held up for long by one frame that takes long', async () => {
    const scheduler = new ReadScheduler(() => true);
    const other = open({ scheduler });
    other.inbox.release();
    const costs = [400, 0];
    const handled: number[] = [];
    const source = { pause: vi.fn<() => void>(), resume: vi.fn<() => void>() };
    const inbox = new FrameInbox(source, scheduler, ([number]) => {
      handled.push(number ?? -1);
      clock.nowMs += costs.shift() ?? 0;
    });
    inbox.release();
    inbox.push(frame(1));
    const startedMs = clock.nowMs;
    await turn();
    other.inbox.push(frame(1));
    inbox.push(frame(2));

    while (handled.length < 2) {
      clock.nowMs += 1;
      other.inbox.push(frame(1));
      vi.advanceTimersByTime(1);
      await turn();
    }

    expect(clock.nowMs - startedMs).toBeLessThan(100);
  });
});

test('finishing handles what arrived, and does not read on', () => {
  const { inbox, handled, source } = open({ costMs: 10 });
  inbox.release();
  for (const number of [1, 2, 3]) inbox.push(frame(number));
  const handledBefore = handled.length;

  inbox.finish();
  inbox.push(frame(4));

  expect(handledBefore).toBeLessThan(3);
  expect(handled).toEqual([1, 2, 3]);
  expect(source.isPaused).toBe(true);
});
