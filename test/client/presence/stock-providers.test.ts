import { Presence } from '@headwater/client';
import { MemoryStore } from '@headwater/persistence';
import { createServer } from '@headwater/server';
import { expect, test, vi } from 'vitest';
import { HocuspocusClient } from '../../support/hocuspocus-client.ts';
import { StockClient } from '../../support/stock-client.ts';

test('users of both stock providers see each other, and see each other go', async () => {
  await using server = await createServer({ port: 0, store: new MemoryStore() });
  const { host, port } = await server.listen();
  await using ada = await new StockClient(`ws://${host}:${port}`, 'doc').synced();
  const ofAda = new Presence(ada.awareness);
  ofAda.set({ id: 'ada', name: 'Ada', cursor: { x: 1, y: 2 } });
  {
    await using bob = await new HocuspocusClient(`ws://${host}:${port}`, 'doc').synced();
    const { awareness } = bob.provider;
    if (awareness === null) throw new Error('the provider has no awareness');
    const ofBob = new Presence(awareness);
    ofBob.set({ id: 'bob', name: 'Bob' });
    ofBob.setTyping();

    await vi.waitFor(() => {
      expect(ofAda.users).toMatchObject([{ name: 'Ada' }, { name: 'Bob', isTyping: true, isSelf: false }]);
      expect(ofBob.users).toMatchObject([{ name: 'Ada', cursor: { x: 1, y: 2 } }, { name: 'Bob' }]);
    });
  }

  await vi.waitFor(() => expect(ofAda.users).toMatchObject([{ name: 'Ada', isSelf: true }]));
});
