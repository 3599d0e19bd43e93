import { expect, test, vi } from 'vitest';
import { texts } from '../persistence/level-fixtures.ts';
import { appendRange, connectTo, QUICK, SECRET } from '../persistence/remote-fixtures.ts';
import { StoreChild } from '../persistence/store-child.ts';
import { temporaryDirectory } from '../persistence/temporary-directory.ts';
import { freePorts } from '../support/free-ports.ts';

test('what only a frozen owner has is refused after a while, can be asked for again, and is there when it goes on', async () => {
  const port = await freePorts();
  const owner = await StoreChild.start();
  await owner.open(await temporaryDirectory());
  await owner.serve(port, SECRET, QUICK);
  const store = await connectTo(port, { silenceMs: 300, greetingMs: 300, patienceMs: 200 });
  await Promise.all(appendRange(store, 'notes', 0, 3).map(({ whenDurable }) => whenDurable));

  owner.freeze();
  const reading = store.load('notes');
  await expect(reading).rejects.toMatchObject({ code: 'HW_STORE_UNAVAILABLE' });
  // Its socket still takes connections, and nobody greets.
  await expect(store.load('notes')).rejects.toMatchObject({ code: 'HW_STORE_UNAVAILABLE' });
  owner.thaw();

  await vi.waitFor(async () => expect(await texts(store, 'notes')).toEqual(['notes:0', 'notes:1', 'notes:2']), 10_000);
});
