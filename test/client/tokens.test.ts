import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeServer, GRANTED } from './fake-server.ts';
import { provide, textOf } from './support.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Lets everything happen that needs no time. */
function settled(): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(0);
}

const DENIED = { kind: 'denied', code: 'HW_ACCESS_DENIED', reason: 'who are you?' } as const;
const EXPIRED = { kind: 'denied', code: 'HW_TOKEN_EXPIRED', reason: 'the token expired' } as const;

/** Tokens `1`, `2`, … */
function counting(): () => Promise<string> {
  let count = 0;
  return async () => String(++count);
}

test.each([
  ['a string', 'secret'],
  ['a function', () => 'secret'],
  ['an asynchronous function', async () => 'secret'],
])('%s is a token', async (_what, token) => {
  const server = new FakeServer();
  const provider = provide(server, { token });
  await settled();

  expect([provider.status, server.tokens]).toEqual(['connected', ['secret']]);
});

test('a function is asked again for every connection', async () => {
  const server = new FakeServer();
  provide(server, { token: counting() });
  await settled();

  server.connection.close(1006);
  await vi.advanceTimersByTimeAsync(1_000);

  expect(server.tokens).toEqual(['1', '2']);
});

test('a token is renewed before it expires, and the session goes on', async () => {
  const server = new FakeServer();
  server.judge = () => ({ ...GRANTED, expiresInMs: 600_000 });
  const provider = provide(server, { token: counting() });
  await settled();
  const statuses: string[] = [];
  provider.on('status', (status) => statuses.push(status));
  textOf(provider).insert(0, 'a');

  await vi.advanceTimersByTimeAsync(540_000);
  textOf(provider).insert(1, 'b');
  await settled();

  expect(server.tokens).toEqual(['1', '2']);
  expect([statuses, provider.synced, provider.saved, server.text('notes')]).toEqual([[], true, true, 'ab']);
});

test('a token with a short life is renewed when a quarter of it is left', async () => {
  const server = new FakeServer();
  server.judge = () => ({ ...GRANTED, expiresInMs: 8_000 });
  provide(server, { token: counting() });
  await settled();

  await vi.advanceTimersByTimeAsync(6_000);

  expect(server.tokens).toEqual(['1', '2']);
});

test('after a denial a function is asked once more, and what was not saved is sent again', async () => {
  const server = new FakeServer();
  const provider = provide(server, { token: counting() });
  await settled();
  server.holdsSaves = true;
  textOf(provider).insert(0, 'unsaved');
  await settled();
  const denials: unknown[] = [];
  provider.on('denied', (error) => denials.push(error));

  server.expire('notes', EXPIRED);
  await settled();
  server.saveAll();
  await settled();

  expect([provider.status, provider.synced, provider.saved, denials]).toEqual(['connected', true, true, []]);
  expect([server.tokens, server.connections.length]).toEqual([['1', '2'], 1]);
});

test('numbers of before a denial say nothing about what is sent after it', async () => {
  const server = new FakeServer();
  const provider = provide(server, { token: counting() });
  await settled();
  server.holdsSaves = true;
  textOf(provider).insert(0, 'before');
  await settled();

  server.expire('notes', EXPIRED);
  await settled();
  textOf(provider).insert(0, 'after');
  await settled();
  server.connection.send('notes', { kind: 'saved', edit: 2 });
  await settled();

  expect([provider.saved, provider.unsavedChanges]).toEqual([false, 2]);
  server.saveAll();
  await settled();
  expect(provider.saved).toBe(true);
});

test('a function whose tokens never work is asked twice, and then the provider is denied with the reason', async () => {
  const server = new FakeServer();
  server.judge = () => DENIED;
  const provider = provide(server, { token: counting() });
  const denials: string[] = [];
  provider.on('denied', ({ code, message }) => denials.push(`${code}: ${message}`));
  await vi.advanceTimersByTimeAsync(600_000);

  expect([provider.status, server.tokens]).toEqual(['denied', ['1', '2']]);
  expect(denials).toEqual(['HW_ACCESS_DENIED: who are you?']);
  await expect(provider.whenSynced()).rejects.toThrow('who are you?');
});

test('a function that returns the denied token again is not believed', async () => {
  const server = new FakeServer();
  server.judge = () => DENIED;
  const provider = provide(server, { token: () => 'always the same' });
  const denials: string[] = [];
  provider.on('denied', ({ message }) => denials.push(message));
  await settled();

  expect([provider.status, server.tokens, denials]).toEqual(['denied', ['always the same'], ['who are you?']]);
});

test('a denied string ends the provider until it gets another token', async () => {
  const server = new FakeServer();
  server.judge = (token) => (token === 'good' ? GRANTED : DENIED);
  const provider = provide(server, { token: 'bad' });
  provider.on('denied', () => {});
  textOf(provider).insert(0, 'kept');
  await vi.advanceTimersByTimeAsync(600_000);
  expect([provider.status, provider.saved]).toEqual(['denied', false]);

  provider.setToken('good');
  await settled();

  expect([provider.status, provider.saved, server.text('notes')]).toEqual(['connected', true, 'kept']);
});

test('a denied document takes no other one along', async () => {
  const server = new FakeServer();
  server.judge = (_token, address) => (address === 'secret' ? DENIED : GRANTED);
  const [open, secret] = [provide(server, { name: 'open' }), provide(server, { name: 'secret' })];
  secret.on('denied', () => {});
  await settled();
  textOf(open).insert(0, 'fine');
  await settled();

  expect([open.status, secret.status, open.saved]).toEqual(['connected', 'denied', true]);
  expect(server.connections).toHaveLength(1);
});

test('a function that throws is asked again after a while, and complained about', async () => {
  const server = new FakeServer();
  let calls = 0;
  const provider = provide(server, {
    token: () => {
      calls += 1;
      if (calls < 3) throw new Error('login is down');
      return 'secret';
    },
  });
  const errors: string[] = [];
  provider.on('error', ({ code, message }) => errors.push(`${code}: ${message}`));
  await settled();
  const first = [provider.status, ...errors];
  await vi.advanceTimersByTimeAsync(2_000);

  expect(first).toEqual([
    'connecting',
    'HW_TOKEN_UNAVAILABLE: the function given as token failed: login is down. Trying again.',
  ]);
  expect([provider.status, calls]).toEqual(['connected', 3]);
});

test.each(['HW_ACCESS_UNDECIDED', 'HW_TOO_MANY_DOCUMENTS'])(
  'a denial that may pass is tried again: %s',
  async (code) => {
    const server = new FakeServer();
    server.judge = () => (server.tokens.length < 3 ? { kind: 'denied', code, reason: 'not now' } : GRANTED);
    const provider = provide(server, { token: 'secret' });
    const errors: string[] = [];
    provider.on('error', (error) => errors.push(error.code));
    await vi.advanceTimersByTimeAsync(2_000);

    expect([provider.status, errors]).toEqual(['connected', [code, code]]);
  },
);

test('the answer to an old request for a token is not used', async () => {
  const server = new FakeServer();
  const answers: ((token: string) => void)[] = [];
  provide(server, { token: () => new Promise((resolve) => answers.push(resolve)) });
  await settled();
  server.connection.close(1006);
  await vi.advanceTimersByTimeAsync(1_000);

  answers[0]?.('old');
  await settled();
  answers[1]?.('new');
  await settled();

  expect(server.tokens).toEqual(['new']);
});

test('without a listener a denial is not silent', async () => {
  const complain = vi.spyOn(console, 'error').mockImplementation(() => {});
  const server = new FakeServer();
  server.judge = () => DENIED;
  provide(server);
  await settled();

  expect(complain.mock.calls).toEqual([['[headwater] "notes": who are you? (HW_ACCESS_DENIED)']]);
});
