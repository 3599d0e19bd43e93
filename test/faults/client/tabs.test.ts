import { afterAll, beforeAll, expect, test } from 'vitest';
import { HeadwaterClient } from '../../support/headwater-client.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { freshDocument } from '../support.ts';

let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start();
});

afterAll(() => server?.[Symbol.asyncDispose]());

/** Tabs of one browser, each with a socket of its own, all on one line. */
class Tabs implements AsyncDisposable {
  readonly all: readonly HeadwaterClient[];
  readonly line: TcpProxy;

  private constructor(line: TcpProxy, all: readonly HeadwaterClient[]) {
    this.line = line;
    this.all = all;
  }

  static async open(name: string, { broadcast }: { broadcast: boolean }): Promise<Tabs> {
    const line = await TcpProxy.start(server.port);
    const all = Array.from({ length: 3 }, () => new HeadwaterClient(line.url, name, { broadcast }));
    const tabs = new Tabs(line, all);
    await Promise.all(all.map((tab) => tab.synced()));
    return tabs;
  }

  get texts(): readonly string[] {
    return this.all.map(({ text }) => text.toString());
  }

  /** @throws Error when they have a text of this length, and not the same one */
  async agreeOn(length: number): Promise<void> {
    for (const tab of this.all) await tab.until(() => tab.text.length === length, 'the edits of the other tabs');
    if (new Set(this.texts).size > 1) throw new Error(`the tabs differ: ${this.texts.join(', ')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const tab of this.all) tab.close();
    await this.line[Symbol.asyncDispose]();
  }
}

test('tabs of one browser share edits without the server, and it gets each of them once it is back', async () => {
  await using tabs = await Tabs.open('together', { broadcast: true });
  tabs.line.beUnreachable();

  for (const { text } of tabs.all) text.insert(0, 'offline ');
  await tabs.agreeOn(24);
  expect(tabs.all.map(({ provider }) => provider.saved)).toEqual([false, false, false]);
  tabs.line.beReachable();
  await Promise.all(tabs.all.map((tab) => tab.saved()));

  expect((await freshDocument(server.url, 'together')).getText('text').toString()).toBe(tabs.texts[0]);
});

test('an edit of a tab that is closed before the server is back reaches it by the others', async () => {
  await using tabs = await Tabs.open('closed', { broadcast: true });
  const [first, second] = tabs.all;
  tabs.line.beUnreachable();

  first?.text.insert(0, 'last words');
  await second?.until(() => second.text.length === 10, 'the edit');
  first?.close();
  tabs.line.beReachable();
  await second?.saved();

  expect((await freshDocument(server.url, 'closed')).getText('text').toString()).toBe('last words');
});

test('tabs that share nothing but the server have the edits of the others by it, and without it they do not', async () => {
  await using tabs = await Tabs.open('apart', { broadcast: false });
  for (const { text } of tabs.all) text.insert(0, 'online ');
  await tabs.agreeOn(21);
  tabs.line.beUnreachable();
  for (const tab of tabs.all) await tab.until(() => tab.provider.status !== 'connected', 'the loss');

  for (const { text } of tabs.all) text.insert(0, 'offline ');
  expect(tabs.texts.map((text) => text.length)).toEqual([29, 29, 29]);
  tabs.line.beReachable();

  await tabs.agreeOn(45);
  await Promise.all(tabs.all.map((tab) => tab.saved()));
});
