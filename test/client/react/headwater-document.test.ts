import {
  useDocument,
  usePresence,
  useProvider,
  useSaved,
  useStatus,
  useSynced,
  useText,
} from '@headwater/client/react';
import { createElement, type ReactNode, StrictMode, useLayoutEffect } from 'react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { FakeServer } from '../fake-server.ts';
import { provide } from '../support.ts';
import { inDocument, listener, sessionsOf } from './document-fixture.ts';
import { during, mount, mountForTest } from './mount.ts';

let server: FakeServer;
beforeEach(() => {
  server = new FakeServer();
});

const Title = (): ReactNode => useText('text');

describe('a document around components', () => {
  test('is there at once, shows what the server has, and what others make of it', async () => {
    server.document('notes').getText('text').insert(0, 'hello');
    await using page = await mount(inDocument(server, createElement(Title)));
    expect(page.text).toBe('hello');

    const other = provide(server);
    await other.whenSynced();
    await during(() => other.document.getText('text').insert(5, ' world'));

    expect(page.text).toBe('hello world');
  });

  test('is edited by its components, and says when that is saved', async () => {
    server.holdsSaves = true;
    const { said, element } = listener(() => ({ document: useDocument(), ...useSaved() }));
    await mountForTest(inDocument(server, element));

    await during(() => said.at(-1)?.document.getText('text').insert(0, 'mine'));
    expect(server.text('notes')).toBe('mine');
    expect(said.at(-1)).toMatchObject({ saved: false, unsavedChanges: 1 });
    await during(() => server.saveAll());
    expect(said.at(-1)).toMatchObject({ saved: true, unsavedChanges: 0 });
  });

  test('says how it is connected, and renders once for each change', async () => {
    const status = listener(useStatus);
    const synced = listener(useSynced);
    const provider = listener(useProvider);
    await mountForTest(
      inDocument(server, createElement('div', null, status.element, synced.element, provider.element)),
    );

    await during(() => provider.said.at(-1)?.disconnect());

    expect(status.said).toEqual(['connecting', 'connected', 'disconnected']);
    expect(synced.said).toEqual([false, true, false]);
    expect(provider.said.map((one) => typeof one)).toEqual(['undefined', 'object']);
  });

  test('is the same session in strict mode, which mounts everything twice', async () => {
    server.document('notes').getText('text').insert(0, 'hello');
    const provider = listener(useProvider);
    const page = await mount(
      createElement(
        StrictMode,
        null,
        inDocument(server, createElement('div', null, createElement(Title), provider.element)),
      ),
    );

    expect(page.text).toBe('hello');
    expect(server.attempts).toBe(1);
    expect(server.connection.received.filter((kind) => kind.startsWith('token'))).toEqual(['token notes']);
    expect(new Set(provider.said)).toHaveLength(2);

    await page.unmount();
    expect(sessionsOf(server)).toEqual([]);
  });

  test('renders again as often as it likes in one session, and another name is another one', async () => {
    const documents = listener(useDocument);
    server.document('other').getText('text').insert(0, 'other');
    const children = createElement('div', null, createElement(Title), documents.element);
    await using page = await mount(inDocument(server, children, { user: { name: 'Ada' } }));

    await page.show(inDocument(server, children, { user: { name: 'Ada' } }));
    expect(sessionsOf(server)).toEqual(['notes']);
    await page.show(inDocument(server, children, { name: 'other' }));

    expect(page.text).toBe('other');
    expect(sessionsOf(server)).toEqual(['other']);
    expect(new Set(documents.said)).toHaveLength(2);
  });

  test('may be one that was there before', async () => {
    const document = new Y.Doc();
    document.getText('text').insert(0, 'from before');
    const saved = listener(useSaved);

    await using page = await mount(
      inDocument(server, createElement('div', null, createElement(Title), saved.element), { document }),
    );

    expect(page.text).toBe('from before');
    expect(saved.said[0]).toEqual({ saved: false, unsavedChanges: 1 });
    expect(saved.said.at(-1)).toEqual({ saved: true, unsavedChanges: 0 });
    expect(server.text('notes')).toBe('from before');
  });

  test('shows what was edited between its first render and its subscription', async () => {
    const document = new Y.Doc();
    const EditsInAnEffect = (): ReactNode => {
      useLayoutEffect(() => document.getText('text').insert(0, 'x'), []); // subscriptions come after it
      return null;
    };

    await using page = await mount(
      inDocument(server, createElement('div', null, createElement(Title), createElement(EditsInAnEffect)), {
        document,
      }),
    );

    expect(page.text).toBe('x');
  });

  test('uses another token from when it is given one, and asks a function only when one is needed', async () => {
    const token = vi.fn<() => string>(() => 'from a function');
    await using page = await mount(inDocument(server, null, { token }));
    await page.show(inDocument(server, null, { token: () => token() }));
    expect(token).toHaveBeenCalledOnce();

    await page.show(inDocument(server, null, { token: 'another' }));
    await page.show(inDocument(server, null, { token: 'another' }));

    expect(server.tokens).toEqual(['from a function', 'another']);
  });
});

describe('a user', () => {
  test('is to others what the properties of the component say', async () => {
    const other = provide(server);
    const others = () => other.presence.users.filter(({ isSelf }) => !isSelf);
    await using page = await mount(inDocument(server, null, { user: { id: 'ada', name: 'Ada', avatar: '/ada.png' } }));
    expect(others()).toMatchObject([{ id: 'ada', name: 'Ada', avatar: '/ada.png' }]);

    await page.show(inDocument(server, null, { user: { id: 'ada', name: 'Countess' } }));
    expect(others()).toMatchObject([{ id: 'ada', name: 'Countess', avatar: undefined }]);
  });

  test('is seen to type without everybody being rendered again', async () => {
    const other = provide(server);
    other.presence.set({ id: 'bob', name: 'Bob' });
    const all = listener(() => usePresence());
    const names = listener(() => usePresence((users) => users.map(({ name }) => name)));
    await mountForTest(
      inDocument(server, createElement('div', null, all.element, names.element), { user: { name: 'Ada' } }),
    );
    await during(() => other.presence.set({ cursor: { x: 0 } })); // the fake server tells newcomers nothing
    const before = { all: all.said.length, names: names.said.length };
    const bobBefore = all.said.at(-1)?.find(({ id }) => id === 'bob');
    const adaBefore = all.said.at(-1)?.find(({ isSelf }) => isSelf);

    await during(() => other.presence.setTyping());

    expect(names.said.at(-1)?.toSorted()).toEqual(['Ada', 'Bob']);
    expect({ all: all.said.length, names: names.said.length }).toEqual({ all: before.all + 1, names: before.names });
    expect(all.said.at(-1)?.find(({ id }) => id === 'bob')).not.toBe(bobBefore);
    expect(all.said.at(-1)?.find(({ isSelf }) => isSelf)).toBe(adaBefore);
  });

  test('is nobody where awareness is turned off', async () => {
    const users = listener(() => usePresence());

    await mountForTest(inDocument(server, users.element, { awareness: null, user: { name: 'Ada' } }));

    expect(users.said).toEqual([[]]);
  });
});

describe('when the component goes', () => {
  test('what was typed in the same instant is saved before the session ends, and the user is gone at once', async () => {
    server.holdsSaves = true;
    const other = provide(server);
    const { said, element } = listener(useDocument);
    const page = await mount(inDocument(server, element, { user: { name: 'Ada' } }));

    said[0]?.getText('text').insert(0, 'last words');
    await page.unmount();
    expect(sessionsOf(server)).toHaveLength(2);
    expect(other.presence.users).toHaveLength(1);
    await during(() => server.saveAll());

    expect(server.text('notes')).toBe('last words');
    expect(sessionsOf(server)).toHaveLength(1);
  });

  test('edits that nobody can save are waited for no longer than a while', async () => {
    vi.spyOn(console, 'error').mockReturnValue(); // the provider says that there is no server
    server.isReachable = false;
    const { said, element } = listener(() => ({ document: useDocument(), provider: useProvider() }));
    const page = await mount(inDocument(server, element));
    const [document, provider] = [said.at(-1)?.document, said.at(-1)?.provider];
    const destroyed = vi.fn<() => void>();
    provider?.on('destroy', destroyed);
    const aborting = new AbortController();
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(aborting.signal);

    document?.getText('text').insert(0, 'lost');
    await page.unmount();
    expect(destroyed).not.toHaveBeenCalled();
    await during(() => aborting.abort());

    expect(destroyed).toHaveBeenCalledOnce();
    vi.restoreAllMocks();
  });
});
