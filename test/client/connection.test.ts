import { HeadwaterProvider, type HeadwaterProviderOptions } from '@headwater/client';
import { encodeRetry } from '@headwater/protocol';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Backoff } from '../../client-sdk/src/connection/backoff.ts';
import {
  CONNECTION_STATES,
  type ConnectionEvent,
  type ConnectionState,
} from '../../client-sdk/src/connection/connection-state.ts';
import { FakeServer } from './fake-server.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Has the code find a page, until the test and what it began is over. */
function stubPage(visibilityState: 'visible' | 'hidden'): { readonly page: EventTarget; readonly window: EventTarget } {
  const page = Object.assign(new EventTarget(), { visibilityState });
  const window = new EventTarget();
  vi.stubGlobal('document', page);
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
  vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window));
  onTestFinished(() => void vi.unstubAllGlobals());
  return { page, window };
}

/** A provider that has synced, and what it complained about. */
async function connect(server: FakeServer, options: Partial<HeadwaterProviderOptions> = {}) {
  const provider = new HeadwaterProvider({ url: 'ws://fake', name: 'notes', WebSocket: server.WebSocket, ...options });
  onTestFinished(() => provider.destroy());
  const errors: string[] = [];
  const denials: string[] = [];
  provider.on('error', ({ code }) => errors.push(code));
  provider.on('denied', ({ code }) => denials.push(code));
  await vi.advanceTimersByTimeAsync(0);
  return { provider, errors, denials };
}

/** Every wait is as long as it may be. */
function withoutLuck(): void {
  vi.spyOn(Math, 'random').mockReturnValue(1);
}

/** Advances the clock until a connection is tried, and says how long that took. */
async function untilNextAttempt(server: FakeServer): Promise<number> {
  const before = server.attempts;
  const start = performance.now();
  while (server.attempts === before) await vi.advanceTimersToNextTimerAsync();
  return performance.now() - start;
}

describe('a connection that was lost', () => {
  test('is tried again after waits that double up to a ceiling', async () => {
    withoutLuck();
    const server = new FakeServer();
    await connect(server);
    server.isReachable = false;
    server.connection.close(1006);

    const waits: number[] = [];
    for (let i = 0; i < 8; i++) waits.push(Math.round(await untilNextAttempt(server)));

    expect(waits).toEqual([300, 600, 1_200, 2_400, 4_800, 9_600, 10_000, 10_000]);
  });

  test('is tried after any part of the wait: clients of one server come back apart', () => {
    const values = [0, 0.25, 0.5, 0.75];
    const waits = values.map((value) =>
      new Backoff(
        () => 10_000,
        () => value,
      ).next(),
    );

    expect(waits).toEqual([0, 75, 150, 225]);
  });

  test('waits no longer than at first after it synced again', async () => {
    withoutLuck();
    const server = new FakeServer();
    const { provider } = await connect(server);
    server.isReachable = false;
    server.connection.close(1006);
    await untilNextAttempt(server);
    await untilNextAttempt(server);
    server.isReachable = true;
    await untilNextAttempt(server);
    await vi.advanceTimersByTimeAsync(0);
    expect(provider.synced).toBe(true);

    server.connection.close(1006);

    expect(Math.round(await untilNextAttempt(server))).toBe(300);
  });

  test('waits longer and longer for a server that accepts it and throws it out', async () => {
    withoutLuck();
    const server = new FakeServer();
    server.judge = () => {
      queueMicrotask(() => server.connection.close(1013, 'HW_TOO_MUCH_WAITING: later'));
      return { kind: 'granted', isReadOnly: false, expiresInMs: undefined, user: undefined };
    };
    await connect(server);

    const waits: number[] = [];
    for (let i = 0; i < 3; i++) waits.push(Math.round(await untilNextAttempt(server)));

    expect(waits).toEqual([300, 600, 1_200]);
  });

  test('comes back when the server said', async () => {
    withoutLuck();
    const server = new FakeServer();
    await connect(server);

    server.connection.sendBytes(encodeRetry({ minMs: 2_000, maxMs: 3_000 }));
    await vi.advanceTimersByTimeAsync(0);
    server.connection.close(1012, 'HW_SHUTTING_DOWN: this instance is stopping');

    expect(Math.round(await untilNextAttempt(server))).toBe(3_000);
  });

  test.each(['online', 'visibilitychange'])('is tried at once on %s', async (event) => {
    withoutLuck();
    const { page, window } = stubPage('visible');
    const server = new FakeServer();
    const { provider } = await connect(server, { broadcast: false });
    server.isReachable = false;
    server.connection.close(1006);
    for (let i = 0; i < 7; i++) await untilNextAttempt(server);
    server.isReachable = true;

    (event === 'online' ? window : page).dispatchEvent(new Event(event));
    await vi.advanceTimersByTimeAsync(0);

    expect(provider.synced).toBe(true);
  });

  test('does not hang on an attempt that neither succeeds nor fails, and gives it up at once when the network is back', async () => {
    withoutLuck();
    const { window } = stubPage('visible');
    const server = new FakeServer();
    server.isHanging = true;
    const { provider, errors } = await connect(server, { broadcast: false });
    await vi.advanceTimersByTimeAsync(5_300);
    expect([server.attempts, errors]).toEqual([2, ['HW_SERVER_UNREACHABLE']]);

    server.isHanging = false;
    window.dispatchEvent(new Event('online'));
    await vi.advanceTimersByTimeAsync(0);

    expect([server.attempts, provider.synced]).toEqual([3, true]);
  });

  test('is complained about once until it is open again', async () => {
    const server = new FakeServer();
    server.isReachable = false;
    const { errors } = await connect(server);
    await untilNextAttempt(server);
    await untilNextAttempt(server);
    await vi.advanceTimersByTimeAsync(0);
    expect(errors).toEqual(['HW_SERVER_UNREACHABLE']);

    server.isReachable = true;
    await untilNextAttempt(server);
    await vi.advanceTimersByTimeAsync(0);
    server.isReachable = false;
    server.connection.close(1006);
    await untilNextAttempt(server);
    await vi.advanceTimersByTimeAsync(0);

    expect(errors).toEqual(['HW_SERVER_UNREACHABLE', 'HW_SERVER_UNREACHABLE']);
  });
});

describe('a connection that died without a word', () => {
  test('is noticed within five seconds, in a page somebody looks at', async () => {
    const server = new FakeServer();
    const { provider } = await connect(server);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([provider.status, server.connections.length]).toEqual(['connected', 1]);

    server.isSilent = true;
    const pings = server.connection.received.filter((kind) => kind === 'ping').length;
    await vi.advanceTimersByTimeAsync(5_000);

    expect(pings).toBe(30);
    expect(provider.status).not.toBe('connected');
  });

  test('is noticed within five seconds while something is unsaved, also in a hidden page', async () => {
    stubPage('hidden');
    const server = new FakeServer();
    const { provider } = await connect(server, { broadcast: false });
    server.holdsSaves = true;
    await vi.advanceTimersByTimeAsync(7_000);

    server.isSilent = true;
    provider.document.getText('text').insert(0, 'unsaved');
    await vi.advanceTimersByTimeAsync(5_000);

    expect(provider.status).not.toBe('connected');
  });

  test('is asked less often in a hidden page, and never rests as long as proxies that cut idle connections', async () => {
    stubPage('hidden');
    const server = new FakeServer();
    await connect(server, { broadcast: false });

    await vi.advanceTimersByTimeAsync(60_000);

    expect(server.connection.received.filter((kind) => kind === 'ping')).toHaveLength(7);
  });

  test('is given more time when it never answered at all, so that a large document comes through a slow line', async () => {
    withoutLuck();
    const server = new FakeServer();
    const { provider } = await connect(server);
    server.isMuteToPings = true;
    const lived: number[] = [];
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      while (provider.synced) await vi.advanceTimersToNextTimerAsync();
      lived.push(Math.round((performance.now() - start) / 1_000));
      while (!provider.synced) await vi.advanceTimersToNextTimerAsync();
    }

    expect(lived).toEqual([5, 8, 14, 26, 32]);
  });

  test('is not given up while it gets rid of what it has to send', async () => {
    const server = new FakeServer();
    const { provider } = await connect(server);
    const { client } = server.connection;
    server.isSilent = true;

    for (let left = 20; left > 0; left--) {
      client.bufferedAmount = left * 100_000;
      await vi.advanceTimersByTimeAsync(1_000);
    }
    const whileSending = provider.status;
    await vi.advanceTimersByTimeAsync(6_000);

    expect(whileSending).toBe('connected');
    expect(provider.status).not.toBe('connected');
  });
});

describe('a server that is none of ours', () => {
  test.each([
    ['a y-websocket server', Uint8Array.of(0, 0, 1, 0)],
    ['a Hocuspocus server', Uint8Array.of(1, 97, 2, 2, 10)],
    ['nothing we can read', Uint8Array.of(255, 255, 255)],
  ])('that answers like %s ends the provider with what to do', async (_what, greeting) => {
    const server = new FakeServer();
    server.greeting = greeting;
    const { provider, denials } = await connect(server);
    await vi.advanceTimersByTimeAsync(60_000);

    expect([provider.status, denials, server.attempts]).toEqual(['denied', ['HW_SERVER_INCOMPATIBLE'], 1]);
    await expect(provider.whenSynced()).rejects.toThrow(/give the address of one, without a document's name/);
  });

  test('that says nothing is complained about after five seconds and given more time', async () => {
    withoutLuck();
    const server = new FakeServer();
    server.isSilent = true;
    const { provider, errors } = await connect(server);

    await vi.advanceTimersByTimeAsync(5_000);
    expect([provider.status, errors]).toEqual(['disconnected', ['HW_SERVER_INCOMPATIBLE']]);
    await vi.advanceTimersByTimeAsync(9_000);
    server.isSilent = false;
    await vi.advanceTimersByTimeAsync(3_000);

    expect([provider.status, server.attempts]).toEqual(['connected', 3]);
  });
});

describe('a close for good', () => {
  test('ends the provider with the code and the reason of the server', async () => {
    const server = new FakeServer();
    const { provider, denials } = await connect(server);

    server.connection.close(4422, 'HW_UPDATE_MALFORMED: update: unknown content at byte 7');
    await vi.advanceTimersByTimeAsync(60_000);

    expect([provider.status, denials, server.attempts]).toEqual(['denied', ['HW_UPDATE_MALFORMED'], 1]);
    await expect(provider.whenSynced()).rejects.toThrow(/\(4422\): update: unknown content at byte 7/);
  });

  test('is forgotten by connect()', async () => {
    const server = new FakeServer();
    const { provider } = await connect(server);
    server.connection.close(4400);
    await vi.advanceTimersByTimeAsync(0);

    provider.connect();
    await vi.advanceTimersByTimeAsync(0);

    expect([provider.status, provider.synced]).toEqual(['connected', true]);
  });
});

test('an address no WebSocket can be opened to ends the provider, not the page', async () => {
  const server = new FakeServer();
  const Forbidding = class extends server.WebSocket {
    constructor(url: string) {
      super(url);
      throw new DOMException('insecure from a secure page', 'SecurityError');
    }
  };
  const { provider, denials } = await connect(server, { WebSocket: Forbidding });

  expect([provider.status, denials]).toEqual(['denied', ['HW_OPTIONS_INVALID']]);
});

test('no state has a way out that leads nowhere: every cell of the table is a state, and every state is left by unwanted', () => {
  const states = Object.keys(CONNECTION_STATES) as ConnectionState[];
  const events: ConnectionEvent[] = ['wanted', 'unwanted', 'greeted', 'lost', 'due', 'refused'];

  for (const state of states) {
    expect(Object.keys(CONNECTION_STATES[state]).toSorted()).toEqual(events.toSorted());
    expect(states).toEqual(expect.arrayContaining(Object.values(CONNECTION_STATES[state])));
    expect(CONNECTION_STATES[state].unwanted).toBe('idle');
  }
});
