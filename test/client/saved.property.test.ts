import type { HeadwaterProvider } from '@headwater/client';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { FakeServer } from './fake-server.ts';
import { provide, settled, textOf } from './support.ts';

/** A server with a disk: what it calls saved is there, and what it has besides goes with its power. */
class DurableServer extends FakeServer {
  readonly disk = new Y.Doc();

  constructor() {
    super();
    this.holdsSaves = true;
  }

  save(): void {
    Y.applyUpdate(this.disk, Y.encodeStateAsUpdate(this.document('notes')));
    this.saveAll();
  }

  /** Of somebody who knows that it is saved. */
  editOfAnother(): void {
    this.edit('notes', (document) => textOf({ document }).insert(0, 'theirs '));
    Y.applyUpdate(this.disk, Y.encodeStateAsUpdate(this.document('notes')));
  }

  /** Its memory is gone, and every connection with it. */
  crash(): void {
    const restarted = new Y.Doc();
    Y.applyUpdate(restarted, Y.encodeStateAsUpdate(this.disk));
    this.documents.set('notes', restarted);
    for (const connection of this.connections) connection.close(1006);
  }
}

/** Whether nothing of the provider's document would be lost with the server's memory and the client. */
function isOnDisk({ document }: HeadwaterProvider, { disk }: DurableServer): boolean {
  const both = new Y.Doc();
  Y.applyUpdate(both, Y.encodeStateAsUpdate(disk));
  const before = Y.encodeStateAsUpdate(both);
  Y.applyUpdate(both, Y.encodeStateAsUpdate(document));
  return Buffer.from(before).equals(Buffer.from(Y.encodeStateAsUpdate(both)));
}

const STEPS = [
  'insert',
  'delete',
  'edit of another',
  'edit in another tab',
  'settle',
  'save',
  'crash',
  'cut',
  'leave',
  'join',
  'refuse',
  'accept',
  'roll back',
  'new token',
] as const;

test('whenever a provider says saved, the server and the client may be lost at once, and nothing is', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0); // comes back at once
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...STEPS), { maxLength: 40 }), async (script) => {
      const server = new DurableServer();
      const provider = provide(server);
      const refusals: (() => void)[] = [];
      provider.on('error', () => {}); // about the server that is away
      provider.on('refused', (edits) => refusals.push(() => edits.rollback()));
      let saidSaved = 0;
      const look = (): void => {
        if (provider.saved) saidSaved += 1;
        if (provider.saved && !isOnDisk(provider, server)) throw new Error('it says saved, and is not');
      };
      provider.on('saved', look);
      for (const step of script) {
        await take(step, provider, server, refusals);
        look();
      }

      provider.connect();
      server.refuses = () => undefined;
      await provider.whenSynced();
      refusals.forEach((rollBack) => rollBack());
      server.connection.close(1012); // what is refused still is sent with the next session
      await provider.whenSynced();
      await settled();
      server.save();
      await provider.whenSaved();
      look();
      expect(saidSaved).toBeGreaterThan(0);
      expect(textOf({ document: server.disk }).toString()).toBe(textOf(provider).toString());
      provider.destroy();
    }),
    { numRuns: 60 },
  );
  vi.restoreAllMocks();
});

async function take(
  step: (typeof STEPS)[number],
  provider: HeadwaterProvider,
  server: DurableServer,
  refusals: (() => void)[],
): Promise<void> {
  const text = textOf(provider);
  switch (step) {
    case 'insert':
      text.insert(0, 'mine ');
      return;
    case 'delete':
      if (text.length > 0) text.delete(0, Math.min(3, text.length));
      return;
    case 'edit of another':
      server.editOfAnother();
      return;
    case 'edit in another tab': {
      const tab = new Y.Doc();
      Y.applyUpdate(tab, Y.encodeStateAsUpdate(provider.document));
      textOf({ document: tab }).insert(0, 'tab ');
      Y.applyUpdate(provider.document, Y.encodeStateAsUpdate(tab), 'another tab');
      return;
    }
    case 'settle':
      await settled();
      await new Promise((resolve) => setTimeout(resolve, 2)); // a wait of no time
      await settled();
      return;
    case 'save':
      server.save();
      await settled();
      return;
    case 'crash':
      server.crash();
      return;
    case 'cut':
      server.connections.at(-1)?.close(1006);
      return;
    case 'leave':
      provider.disconnect();
      return;
    case 'join':
      provider.connect();
      return;
    case 'refuse':
      server.refuses = () => 'HW_TOO_MUCH_WAITING';
      return;
    case 'accept':
      server.refuses = () => undefined;
      return;
    case 'roll back':
      refusals.pop()?.();
      return;
    case 'new token':
      provider.setToken('another');
      return;
  }
}
