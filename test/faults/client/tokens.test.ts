import { type Access, createServer, type HeadwaterServer } from '@headwater/server';
import { expect, test } from 'vitest';
import { ControlledStore } from '../../server/controlled-store.ts';
import { deferred } from '../../server/deferred.ts';
import { HeadwaterClient } from '../../support/headwater-client.ts';
import { eventually } from '../support.ts';

/** A server in this process, whose store and tokens do what a test says. */
async function serve(authenticate: (token: string | undefined) => Access) {
  const store = new ControlledStore();
  const server: HeadwaterServer = await createServer({
    port: 0,
    store,
    authenticate: ({ token }) => authenticate(token),
  });
  const { port } = await server.listen();
  return { store, url: `ws://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => server.close() };
}

test('what is said of edits from before a denial says nothing of those after it', async () => {
  const lives: Readonly<Record<string, number>> = { short: 300, long: 60_000 };
  await using house = await serve((token = '') => ({ expiresAt: Date.now() + (lives[token] ?? 0) }));
  const long = deferred<string>();
  const tokens = [Promise.resolve('short'), long.promise];
  await using ada = await new HeadwaterClient(house.url, 'doc', { token: () => tokens.shift() ?? 'long' }).synced();

  const releaseFirst = house.store.holdSyncs();
  ada.text.insert(0, 'before;');
  await ada.until(() => ada.provider.status !== 'connected', 'the denial: the next token is late');
  const releaseSecond = house.store.holdSyncs();
  long.resolve('long');
  await ada.until(() => ada.provider.synced, 'the session to go on');
  ada.text.insert(0, 'after;');
  await eventually(() => house.store.changes.length === 2, 'the edit to reach the store');
  releaseFirst();
  // An edit of another client comes behind whatever the server has said by then.
  await using bob = await new HeadwaterClient(house.url, 'doc', { token: 'long' }).synced();
  bob.text.insert(0, 'of Bob;');
  await ada.until(() => ada.text.toString() === 'of Bob;after;before;', 'the edit of the other');

  expect(ada.provider.unsavedChanges).toBe(1);
  releaseSecond();
  await ada.saved();
});
