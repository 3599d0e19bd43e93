import type { HeadwaterProvider } from '@headwater/client';
import { beforeEach, expect, test, vi } from 'vitest';
import { FakeServer } from './fake-server.ts';
import { provide, settled, textOf } from './support.ts';

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {}); // about servers that are away
});

let tests = 0;

/** Tabs of one browser, which share what this test makes and nothing of another test. */
function tabsOf(server: FakeServer, count: number): readonly HeadwaterProvider[] {
  tests += 1;
  const name = `tabs ${tests}`;
  return Array.from({ length: count }, () => provide(server, { name, broadcast: true }));
}

function texts(tabs: readonly HeadwaterProvider[]): string[] {
  return tabs.map((tab) => textOf(tab).toString());
}

function seen({ awareness }: HeadwaterProvider): string[] {
  return [...(awareness?.getStates().values() ?? [])].map(({ user }) => String(user)).toSorted();
}

test('tabs share edits and presence without a server', async () => {
  const server = new FakeServer();
  server.isReachable = false;
  const tabs = tabsOf(server, 3);

  tabs.forEach((tab, i) => {
    textOf(tab).insert(0, `${i}`);
    tab.awareness?.setLocalStateField('user', i);
  });

  await vi.waitFor(() => {
    expect(texts(tabs)[0]).toHaveLength(3);
    expect(new Set(texts(tabs)).size).toBe(1);
    for (const tab of tabs) expect(seen(tab)).toEqual(['0', '1', '2']);
  });
});

test('a tab that is opened later gets what the others have, and gives what they lack', async () => {
  const server = new FakeServer();
  server.isReachable = false;
  const [first, second] = tabsOf(server, 2);
  if (first === undefined || second === undefined) throw new Error('no tabs');
  second.disconnect();
  textOf(first).insert(0, 'first ');
  textOf(second).insert(0, 'second ');

  second.connect();

  await vi.waitFor(() => {
    expect(textOf(first)).toHaveLength(13);
    expect(textOf(second).toString()).toBe(textOf(first).toString());
  });
});

test('what came from another tab is an edit: it is unsaved until the server has it, and reaches it though that tab is gone', async () => {
  const server = new FakeServer();
  server.isReachable = false;
  const [first, second] = tabsOf(server, 2);
  if (first === undefined || second === undefined) throw new Error('no tabs');
  textOf(first).insert(0, 'from a tab that closes');
  await vi.waitFor(() => expect(second.saved).toBe(false));
  first.destroy();

  server.isReachable = true;
  await second.whenSaved();

  expect(server.text(second.name)).toBe('from a tab that closes');
});

test('a tab that leaves is gone for the others at once, and one that comes back is seen again', async () => {
  const server = new FakeServer();
  server.isReachable = false;
  const [first, second] = tabsOf(server, 2);
  if (first === undefined || second === undefined) throw new Error('no tabs');
  first.awareness?.setLocalStateField('user', 1);
  second.awareness?.setLocalStateField('user', 2);
  await vi.waitFor(() => expect(seen(second)).toEqual(['1', '2']));

  first.disconnect();
  await vi.waitFor(() => expect(seen(second)).toEqual(['2']));
  expect(seen(first)).toEqual(['1']);
  first.connect();

  await vi.waitFor(() =>
    expect([seen(first), seen(second)]).toEqual([
      ['1', '2'],
      ['1', '2'],
    ]),
  );
});

test('a server that goes takes no other tab away', async () => {
  const server = new FakeServer();
  const [first, second] = tabsOf(server, 2);
  if (first === undefined || second === undefined) throw new Error('no tabs');
  first.awareness?.setLocalStateField('user', 1);
  await Promise.all([first.whenSynced(), second.whenSynced()]);
  await vi.waitFor(() => expect(seen(second)).toContain('1'));

  server.isReachable = false;
  server.connection.close(1006);
  await settled();

  expect(seen(second)).toContain('1');
});

test('tabs of different servers or documents share nothing, nor do those that do not want to', async () => {
  const server = new FakeServer();
  server.isReachable = false;
  const [tab] = tabsOf(server, 1);
  if (tab === undefined) throw new Error('no tab');
  const { name } = tab;
  const others = [
    provide(server, { name: `${name} too`, broadcast: true }),
    provide(server, { name, url: 'ws://another', broadcast: true }),
    provide(server, { name, broadcast: false }),
  ];
  const same = provide(server, { name, broadcast: true });

  textOf(tab).insert(0, 'shared');
  await vi.waitFor(() => expect(textOf(same).toString()).toBe('shared'));

  expect(texts(others)).toEqual(['', '', '']);
});

test('what the server will not take up stays in its tab', async () => {
  const server = new FakeServer();
  server.judge = () => ({ kind: 'granted', isReadOnly: true, expiresInMs: undefined, user: undefined });
  server.refuses = () => 'HW_READ_ONLY';
  const [first, second] = tabsOf(server, 2);
  if (first === undefined || second === undefined) throw new Error('no tabs');
  await Promise.all([first.whenSynced(), second.whenSynced()]);

  textOf(first).insert(0, 'refused');
  first.awareness?.setLocalStateField('user', 1);
  await vi.waitFor(() => expect(seen(second)).toContain('1'));

  expect([textOf(second).toString(), second.saved]).toEqual(['', true]);
});
