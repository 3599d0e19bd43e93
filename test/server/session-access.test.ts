import { HeadwaterError } from '@headwater/protocol';
import type { Access, Authenticate } from '@headwater/server';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Granted } from '../../server/src/access/access.ts';
import { Reauthentication } from '../../server/src/access/reauthentication.ts';
import { SessionAccess } from '../../server/src/access/session-access.ts';
import { SILENT_LOGGER } from '../../server/src/logging/logger.ts';
import { type Deferred, deferred } from './deferred.ts';

const DOCUMENT = 'notes';
const READER: Granted = { user: 'ada', isReadOnly: true, expiresAt: undefined };
const WRITER: Granted = { user: 'ada', isReadOnly: false, expiresAt: undefined };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A session that notes what becomes of it, and an application that is asked about it. */
class Watched {
  readonly granted: Granted[] = [];
  readonly failures: unknown[] = [];
  /** The tokens it was asked about. */
  readonly asked: (string | undefined)[] = [];
  answer: () => Access | Promise<Access> = () => WRITER;
  opening: Deferred<void> | undefined;
  isOver = false;
  readonly reauthentication = new Reauthentication(SILENT_LOGGER, () => 0.5);
  readonly access: SessionAccess<string>;

  constructor() {
    const authenticate: Authenticate = ({ token }) => {
      this.asked.push(token);
      return this.answer();
    };
    const visitor = { headers: {}, parameters: new URLSearchParams(), remoteAddress: undefined };
    const { reauthentication } = this;
    const around = { authenticate, reauthentication, now: Date.now };
    this.access = new SessionAccess({ documentName: DOCUMENT, visitor }, around, {
      open: async () => {
        await this.opening?.promise;
        return DOCUMENT;
      },
      onGranted: (granted) => this.granted.push(granted),
      onFailed: (error) => this.failures.push(error),
      onExpiresSoon: () => {},
      onSettled: () => {},
      isOver: () => this.isOver,
    });
  }

  /** Comes with a token. */
  async come(token = 'token'): Promise<void> {
    this.access.present(token);
    await vi.advanceTimersByTimeAsync(0);
  }

  async reauthenticate(ms = 0): Promise<void> {
    const asked = this.reauthentication.ask({ documentName: DOCUMENT });
    await vi.advanceTimersByTimeAsync(ms);
    await asked;
  }

  get codes(): unknown[] {
    return this.failures.map((error) => (error instanceof HeadwaterError ? error.code : error));
  }
}

const undecided = (): never => {
  throw new HeadwaterError('HW_ACCESS_UNDECIDED', 'later');
};
const denied = (): never => {
  throw new Error('no more');
};

test('access is decided anew with the token that came last, and told when it is another one', async () => {
  const watched = new Watched();
  await watched.come('first');
  await watched.come('second');

  await watched.reauthenticate();
  expect(watched.granted).toEqual([WRITER, WRITER]); // one for each token
  watched.answer = () => READER;
  await watched.reauthenticate();
  await watched.reauthenticate();

  expect(watched.asked).toEqual(['first', 'second', 'second', 'second', 'second']);
  expect(watched.granted).toEqual([WRITER, WRITER, READER]);
});

test('who is refused is not asked about again before there is another token', async () => {
  const watched = new Watched();
  await watched.come();
  watched.answer = denied;

  await watched.reauthenticate();
  await watched.reauthenticate();
  expect(watched.codes).toEqual(['HW_ACCESS_DENIED']);
  expect(watched.asked).toHaveLength(2);
  watched.answer = () => WRITER;
  await watched.come('another');
  await watched.reauthenticate();

  expect(watched.granted).toHaveLength(2);
  expect(watched.asked).toEqual(['token', 'token', 'another', 'another']);
});

test.each<[string, () => unknown]>([
  ['HW_ACCESS_UNDECIDED', () => new HeadwaterError('HW_ACCESS_UNDECIDED', 'later')],
  ['a connection that is refused', () => Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
  [
    'what fetch makes of that',
    () => new TypeError('fetch failed', { cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }) }),
  ],
  ['a time that is up', () => new DOMException('the operation timed out', 'TimeoutError')],
])('%s changes nothing for who is in, and is asked about until it is decided', async (_, problem) => {
  const watched = new Watched();
  await watched.come();
  watched.answer = () => {
    throw problem();
  };

  await watched.reauthenticate();
  await vi.advanceTimersByTimeAsync(10_000);
  expect([watched.failures, watched.access.isGranted]).toEqual([[], true]);
  expect(watched.asked.length).toBeGreaterThan(3);
  watched.answer = denied;
  await vi.advanceTimersByTimeAsync(15_000);

  expect(watched.codes).toEqual(['HW_ACCESS_DENIED']);
  expect(vi.getTimerCount()).toBe(0);
});

test('a mistake in authenticate refuses, as it always did', async () => {
  const watched = new Watched();
  await watched.come();
  watched.answer = () => (undefined as unknown as { readonly of: Access }).of;

  await watched.reauthenticate();

  expect(watched.codes).toEqual(['HW_ACCESS_DENIED']);
});

test('who could not be decided about when they came is not in', async () => {
  const watched = new Watched();
  watched.answer = undecided;

  await watched.come();
  await vi.advanceTimersByTimeAsync(60_000);

  expect(watched.codes).toEqual(['HW_ACCESS_UNDECIDED']);
  expect(watched.asked).toHaveLength(1);
});

test('no answer for ten seconds is none: it is asked for again, and what comes late does not count', async () => {
  const watched = new Watched();
  await watched.come();
  const late = deferred<Access>();
  watched.answer = () => late.promise;
  await watched.reauthenticate(10_000);
  watched.answer = () => READER;

  late.reject(new Error('what was true ten seconds ago'));
  await vi.advanceTimersByTimeAsync(1_000);

  expect(watched.failures).toEqual([]);
  expect(watched.granted).toEqual([WRITER, READER]);
});

test('nobody is let in by what authenticate was asked before: neither while it answers nor while the document is read', async () => {
  const watched = new Watched();
  const answers = [deferred<Access>(), deferred<Access>(), deferred<Access>()];
  watched.answer = () => answers[watched.asked.length - 1]?.promise ?? denied();
  await watched.come();

  await watched.reauthenticate();
  answers[0]?.resolve(WRITER);
  await vi.advanceTimersByTimeAsync(0);
  expect([watched.asked.length, watched.granted.length]).toEqual([2, 0]);

  watched.opening = deferred();
  answers[1]?.resolve(WRITER);
  await vi.advanceTimersByTimeAsync(0);
  await watched.reauthenticate();
  watched.opening.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect([watched.asked.length, watched.granted.length]).toEqual([3, 0]);

  answers[2]?.reject(new Error('no more'));
  await vi.advanceTimersByTimeAsync(0);
  expect([watched.granted, watched.codes]).toEqual([[], ['HW_ACCESS_DENIED']]);
});

test('who is let in while it is about another user is asked about once', async () => {
  const watched = new Watched();
  const answer = deferred<Access>();
  watched.answer = () => answer.promise;
  await watched.come();

  await watched.reauthentication.ask({ user: 'bob' });
  answer.resolve(WRITER);
  await vi.advanceTimersByTimeAsync(0);

  expect(watched.granted).toEqual([WRITER]);
  expect(watched.asked).toHaveLength(1);
});

test('somebody who says so all the time keeps nobody in, and nobody from being decided about', async () => {
  const watched = new Watched();
  await watched.come();
  watched.answer = () => new Promise((_, reject) => setTimeout(() => reject(new Error('no more')), 100));

  const nagging = setInterval(() => void watched.reauthentication.ask({}), 30);
  await vi.advanceTimersByTimeAsync(200);
  clearInterval(nagging);

  expect(watched.codes).toEqual(['HW_ACCESS_DENIED']);
});

test('an end that comes earlier by now comes then', async () => {
  const watched = new Watched();
  watched.answer = () => ({ ...WRITER, expiresAt: Date.now() + 60_000 });
  await watched.come();
  watched.answer = () => ({ ...WRITER, expiresAt: Date.now() + 5_000 });

  await watched.reauthenticate();
  await vi.advanceTimersByTimeAsync(4_999);
  expect(watched.codes).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);

  expect(watched.codes).toEqual(['HW_TOKEN_EXPIRED']);
});

test('a token that ends while its access is decided anew has ended', async () => {
  const watched = new Watched();
  const access = { ...WRITER, expiresAt: Date.now() + 5_000 };
  watched.answer = () => access;
  await watched.come();
  const answer = deferred<Access>();
  watched.answer = () => answer.promise;

  void watched.reauthentication.ask({});
  await vi.advanceTimersByTimeAsync(5_000);
  expect(watched.codes).toEqual(['HW_TOKEN_EXPIRED']);
  answer.resolve(READER);
  await vi.advanceTimersByTimeAsync(0);

  expect([watched.granted.length, watched.access.isGranted]).toEqual([1, false]);
});

test('a token that came in time decides, also when the one before it ends while it is judged', async () => {
  const watched = new Watched();
  watched.answer = () => ({ ...WRITER, expiresAt: Date.now() + 5_000 });
  await watched.come('first');
  const answer = deferred<Access>();
  watched.answer = () => answer.promise;
  await watched.come('second');

  await vi.advanceTimersByTimeAsync(6_000);
  answer.resolve(READER);
  await vi.advanceTimersByTimeAsync(0);

  expect(watched.failures).toEqual([]);
  expect(watched.granted.at(-1)).toEqual(READER);
});

test('of who has left nothing is asked, and nothing is kept', async () => {
  const watched = new Watched();
  await watched.come();
  watched.answer = undecided;
  await watched.reauthenticate();

  watched.isOver = true;
  watched.access.leave();
  await watched.reauthenticate();
  await vi.advanceTimersByTimeAsync(60_000);

  expect(watched.asked).toHaveLength(2);
  expect(vi.getTimerCount()).toBe(0);
});
