import { HeadwaterProvider, type HeadwaterProviderOptions } from '@headwater/client';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { FakeServer } from './fake-server.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** An event target that knows how many listen. */
class CountingTarget extends EventTarget {
  readonly visibilityState = 'visible';
  readonly #listeners = new Set<string>();
  #ids = new Map<unknown, number>();

  get listeners(): readonly string[] {
    return [...this.#listeners];
  }

  override addEventListener(type: string, listener: EventListener): void {
    this.#listeners.add(this.#key(type, listener));
    super.addEventListener(type, listener);
  }

  override removeEventListener(type: string, listener: EventListener): void {
    this.#listeners.delete(this.#key(type, listener));
    super.removeEventListener(type, listener);
  }

  #key(type: string, listener: unknown): string {
    if (!this.#ids.has(listener)) this.#ids.set(listener, this.#ids.size);
    return `${type} ${this.#ids.get(listener)}`;
  }
}

/** Has the code find a page until the test is over. */
function stubPage() {
  const page = new CountingTarget();
  const window = new CountingTarget();
  vi.stubGlobal('document', page);
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
  vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window));
  onTestFinished(() => void vi.unstubAllGlobals());
  return { page, window };
}

/** How many listen to a document and its awareness, by event. */
function listenersOf(document: Y.Doc, awareness: Awareness): Record<string, number> {
  const counted = [...document._observers, ...awareness._observers].map(([event, set]) => [event, set.size] as const);
  return Object.fromEntries(counted.filter(([, size]) => size > 0));
}

type Setting = (server: FakeServer) => Partial<HeadwaterProviderOptions>;

const STATES: readonly (readonly [string, Setting, (provider: HeadwaterProvider, server: FakeServer) => unknown])[] = [
  ['that never connected', () => ({ connect: false }), () => {}],
  ['that connects', () => ({}), () => {}],
  [
    'whose server says nothing',
    (server) => {
      server.isSilent = true;
      return {};
    },
    () => vi.advanceTimersByTimeAsync(100),
  ],
  ['that is connected', () => ({}), () => vi.advanceTimersByTimeAsync(100)],
  [
    'with unsaved edits',
    (server) => {
      server.holdsSaves = true;
      return { warnBeforeUnload: true };
    },
    async ({ document }) => {
      await vi.advanceTimersByTimeAsync(100);
      document.getText('text').insert(0, 'unsaved');
    },
  ],
  [
    'that waits to try again',
    () => ({}),
    async (_provider, server) => {
      await vi.advanceTimersByTimeAsync(100);
      server.isReachable = false;
      server.connection.close(1006);
      await vi.advanceTimersByTimeAsync(5_000);
    },
  ],
  ['whose token is awaited', () => ({ token: () => new Promise(() => {}) }), () => vi.advanceTimersByTimeAsync(100)],
  [
    'whose token failed',
    () => ({
      token: () => {
        throw new Error('no');
      },
    }),
    () => vi.advanceTimersByTimeAsync(100),
  ],
  [
    'that is denied',
    (server) => {
      server.judge = () => ({ kind: 'denied', code: 'HW_ACCESS_DENIED', reason: 'no' });
      return {};
    },
    () => vi.advanceTimersByTimeAsync(100),
  ],
  [
    'with a token that expires',
    (server) => {
      server.judge = () => ({ kind: 'granted', isReadOnly: false, expiresInMs: 3_600_000, user: 'ada' });
      return { token: () => 'a' };
    },
    () => vi.advanceTimersByTimeAsync(100),
  ],
  [
    'that may only read, with presence',
    (server) => {
      server.judge = () => ({ kind: 'granted', isReadOnly: true, expiresInMs: undefined, user: 'ada' });
      return {};
    },
    async (provider) => {
      provider.presence.set({ name: 'Ada' });
      await vi.advanceTimersByTimeAsync(100);
    },
  ],
];

test.each(STATES)('a provider %s leaves no timer, listener or socket behind', async (_what, setting, reach) => {
  const { page, window } = stubPage();
  const server = new FakeServer();
  const document = new Y.Doc();
  const awareness = new Awareness(document);
  const timers = vi.getTimerCount();
  const listeners = listenersOf(document, awareness);
  const provider = new HeadwaterProvider({
    url: 'ws://fake',
    name: 'notes',
    WebSocket: server.WebSocket,
    document,
    awareness,
    ...setting(server),
  });
  provider.on('error', () => {});
  provider.on('denied', () => {});
  await reach(provider, server);

  provider.destroy();
  provider.close();
  expect(() => provider.connect()).toThrow(expect.objectContaining({ code: 'HW_PROVIDER_CLOSED' }));
  provider.setToken('another');
  await vi.advanceTimersByTimeAsync(0);

  expect(vi.getTimerCount()).toBe(timers);
  expect(listenersOf(document, awareness)).toEqual(listeners);
  expect([...page.listeners, ...window.listeners]).toEqual([]);
  expect(server.connections.filter(({ client }) => client.readyState < 2)).toEqual([]);
  awareness.destroy();
});

test('a provider that was told to leave has no timer, listener or socket either, and still knows what is unsaved', async () => {
  const { page, window } = stubPage();
  const server = new FakeServer();
  const awareness = new Awareness(new Y.Doc());
  const provider = new HeadwaterProvider({
    url: 'ws://fake',
    name: 'notes',
    WebSocket: server.WebSocket,
    document: awareness.doc,
    awareness,
  });
  await vi.advanceTimersByTimeAsync(0);
  const timers = 1; // of the awareness

  provider.disconnect();
  provider.document.getText('text').insert(0, 'offline');
  await vi.advanceTimersByTimeAsync(0);

  expect([vi.getTimerCount(), page.listeners, window.listeners]).toEqual([timers, [], []]);
  expect([provider.status, provider.unsavedChanges]).toEqual(['disconnected', 1]);
  provider.destroy();
  awareness.destroy();
});

test('the awareness a provider made ends with it, one it was given does not', () => {
  const server = new FakeServer();
  const given = new Awareness(new Y.Doc());
  const settings = { url: 'ws://fake', name: 'notes', WebSocket: server.WebSocket };
  const own = new HeadwaterProvider(settings);
  const other = new HeadwaterProvider({ ...settings, document: given.doc, awareness: given });

  own.destroy();
  other.destroy();

  expect(own.awareness?.getLocalState()).toBeNull();
  expect(given.getLocalState()).toEqual({});
  given.destroy();
});

test('a provider ends with its document', async () => {
  const server = new FakeServer();
  const provider = new HeadwaterProvider({ url: 'ws://fake', name: 'notes', WebSocket: server.WebSocket });
  const ended = vi.fn<() => void>();
  provider.on('destroy', ended);
  await vi.advanceTimersByTimeAsync(0);

  provider.document.destroy();
  await vi.advanceTimersByTimeAsync(0);

  expect(ended).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});

test('a page with something unsaved asks before it is closed, and only then', async () => {
  const { window } = stubPage();
  const server = new FakeServer();
  const provider = new HeadwaterProvider({
    url: 'ws://fake',
    name: 'notes',
    WebSocket: server.WebSocket,
    warnBeforeUnload: true,
    broadcast: false,
  });
  onTestFinished(() => provider.destroy());
  const isAsked = (): boolean => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }));
  await vi.advanceTimersByTimeAsync(0);
  const asked = [isAsked()];

  provider.document.getText('text').insert(0, 'a');
  asked.push(isAsked());
  await vi.advanceTimersByTimeAsync(0);
  asked.push(isAsked());

  expect(asked).toEqual([false, true, false]);
});
