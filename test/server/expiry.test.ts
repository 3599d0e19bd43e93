import { MemoryStore } from '@headwater/persistence';
import { type Access, createServer } from '@headwater/server';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Expiry } from '../../server/src/access/expiry.ts';
import { HocuspocusClient } from '../support/hocuspocus-client.ts';
import { StockClient } from '../support/stock-client.ts';

/** For a machine that does much else. */
const PATIENT = { timeout: 20_000 };

const DAY = 24 * 60 * 60 * 1000;

function watched() {
  const calls: string[] = [];
  const expiry = new Expiry(Date.now, { onSoon: () => calls.push('soon'), onExpired: () => calls.push('expired') });
  return { expiry, calls };
}

async function serverWith(authenticate: (token: string | undefined) => Access) {
  const server = await createServer({
    port: 0,
    store: new MemoryStore(),
    authenticate: ({ token }) => authenticate(token),
  });
  const { port } = await server.listen();
  return { server, url: `ws://127.0.0.1:${port}` };
}

describe('the end of a token', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
  afterEach(() => void vi.useRealTimers());

  test('is announced half a minute before', () => {
    const { expiry, calls } = watched();
    expiry.set(Date.now() + 10 * 60_000);

    vi.advanceTimersByTime(10 * 60_000 - 30_001);
    expect(calls).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(calls).toEqual(['soon']);
    vi.advanceTimersByTime(29_999);
    expect(calls).toEqual(['soon']);
    vi.advanceTimersByTime(1);
    expect(calls).toEqual(['soon', 'expired']);
  });

  test('of one that is good for seconds is announced in the last quarter', () => {
    const { expiry, calls } = watched();
    expiry.set(Date.now() + 4_000);

    vi.advanceTimersByTime(2_999);
    expect(calls).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(calls).toEqual(['soon']);
  });

  test('may be further away than a timer can be', () => {
    const { expiry, calls } = watched();
    expiry.set(Date.now() + 100 * DAY);

    vi.advanceTimersByTime(99 * DAY);
    expect(calls).toEqual([]);
    vi.advanceTimersByTime(DAY);
    expect(calls).toEqual(['soon', 'expired']);
  });

  test('is replaced by that of the next token, which may have none', () => {
    const { expiry, calls } = watched();
    expiry.set(Date.now() + 1_000);
    expiry.set(Date.now() + 10_000);
    vi.advanceTimersByTime(5_000);
    expect(calls).toEqual([]);

    expiry.set(undefined);
    vi.advanceTimersByTime(DAY);
    expect(calls).toEqual([]);
  });

  test('is announced once, however often the same token comes', () => {
    const { expiry, calls } = watched();
    const end = Date.now() + 1_000;
    expiry.set(end);
    vi.advanceTimersByTime(800);
    expiry.set(end);

    vi.advanceTimersByTime(1_000);

    expect(calls).toEqual(['soon', 'expired']);
  });

  test('does not come when nobody waits for it any more', () => {
    const { expiry, calls } = watched();
    expiry.set(Date.now() + 1_000);

    expiry.clear();

    expect(vi.getTimerCount()).toBe(0);
    expect(calls).toEqual([]);
  });
});

describe('of a client whose access ends', () => {
  test('a y-websocket provider is disconnected, and comes back with the token it has then', async () => {
    const tokens: (string | undefined)[] = [];
    const { server, url } = await serverWith((token) => {
      tokens.push(token);
      return token === 'first' ? { expiresAt: Date.now() + 500 } : {};
    });
    await using _ = server;
    await using ada = await new StockClient(url, 'doc', { params: { token: 'first' } }).synced();
    ada.provider.params['token'] = 'second';

    await ada.until(() => tokens.length === 2 && ada.provider.synced, 'it to be back');

    expect(ada.closeCodes).toEqual([1008]);
    expect(tokens).toEqual(['first', 'second']);
  });

  test('a Hocuspocus provider is asked for another token before, and notices nothing', async () => {
    const tokens: (string | undefined)[] = [];
    const { server, url } = await serverWith((token) => {
      tokens.push(token);
      return tokens.length === 1 ? { expiresAt: Date.now() + 1_000 } : {};
    });
    await using _ = server;
    let asked = 0;
    await using ada = await new HocuspocusClient(url, 'doc', { token: () => `token ${++asked}` }).synced();

    await vi.waitFor(() => expect(tokens).toEqual(['token 1', 'token 2']), PATIENT);
    ada.text.insert(0, 'still here');

    await ada.until(() => !ada.provider.hasUnsyncedChanges, 'the edit to be saved');
    expect(ada.denials).toEqual([]);
    expect(ada.closeCodes).toEqual([]);
  });

  test('a Hocuspocus provider that brings the same token again is denied, and gets no more edits', async () => {
    let expiresAt: number | undefined;
    const { server, url } = await serverWith((token) => {
      if (token === 'good') return {};
      expiresAt ??= Date.now() + 800;
      return { expiresAt };
    });
    await using _ = server;
    await using ada = await new HocuspocusClient(url, 'doc', { token: 'short' }).synced();
    await using bob = await new HocuspocusClient(url, 'doc', { token: 'good' }).synced();

    await ada.until(() => ada.denials.length > 0, 'the denial');
    bob.text.insert(0, 'after the end');
    await bob.until(() => !bob.provider.hasUnsyncedChanges, 'the edit to be saved');

    expect(ada.denials).toEqual([expect.stringContaining('expired')]);
    expect(ada.text.toString()).toBe('');
  });

  test('a time that is over already is an end, too', async () => {
    const { server, url } = await serverWith(() => ({ expiresAt: Date.now() - 1 }));
    await using _ = server;
    await using ada = new HocuspocusClient(url, 'doc');

    await ada.until(() => ada.denials.length > 0, 'the denial');

    expect(ada.denials).toEqual([expect.stringContaining('expired')]);
  });

  test('an end that is no number is a mistake of the application, and nobody gets in', async () => {
    const { server, url } = await serverWith(() => ({ expiresAt: Number.NaN }));
    await using _ = server;
    await using ada = new HocuspocusClient(url, 'doc');

    await ada.until(() => ada.denials.length > 0, 'the denial');

    expect(ada.denials).toEqual([expect.stringContaining('expiresAt?: milliseconds since the epoch')]);
  });
});
