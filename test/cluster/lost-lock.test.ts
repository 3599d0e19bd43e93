import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { StoreOwnership } from '../../persistence/src/cluster/store-ownership.ts';
import { linkTo } from '../../persistence/src/remote/host-link.ts';
import { RemoteStore } from '../../persistence/src/remote/remote-store.ts';
import type { FindStore } from '../../persistence/src/remote/store-search.ts';
import { openFaulty, text, texts } from '../persistence/level-fixtures.ts';
import { QUICK, SECRET } from '../persistence/remote-fixtures.ts';
import { StoreChild } from '../persistence/store-child.ts';
import { temporaryDirectory } from '../persistence/temporary-directory.ts';
import { MemoryOwnerDirectory } from '../support/memory-owner-directory.ts';

const SILENT = { info: () => {}, warn: () => {}, error: () => {} };
const OPTIONS = {
  ...QUICK,
  secret: SECRET,
  leaseMs: 300,
  raiseMs: 60_000,
  onConfirmed: () => {},
  onRefused: () => {},
};

test('an owner that lost the lock to another process while its disk failed uses the store from there', async () => {
  const [data, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];
  const { store: own, disk } = await openFaulty(data);
  const ownership = await StoreOwnership.begin(own, { ...OPTIONS, logger: SILENT, owners, instanceId: 'one' });
  if (ownership === undefined) throw new Error('the store was refused');
  const announced: FindStore = async (seeker) => {
    const { owner } = await owners.find();
    return owner && linkTo(owner, { ...OPTIONS, ...seeker });
  };
  const remote = await RemoteStore.open(vi.fn<FindStore>(announced).mockResolvedValueOnce(ownership), QUICK);
  onTestFinished(() => remote.close());
  const other = await RemoteStore.open(announced, QUICK);
  onTestFinished(() => other.close());
  await remote.append('doc', text('before')).durable;
  const { epoch } = remote;

  disk.failTimes('write', 1);
  disk.beforeReopen = async () => {
    await rename(join(data, 'CURRENT'), join(data, 'away')); // it is closed, and cannot be opened again
    disk.beforeReopen = async () => {
      disk.beforeReopen = undefined;
      await rename(join(data, 'away'), join(data, 'CURRENT'));
      const { owner } = await owners.find();
      if (owner !== undefined) await owners.withdraw(owner);
      await (await StoreChild.start()).join(data, owners, OPTIONS);
    };
  };
  const unsaved = remote.append('doc', text('unsaved'));
  await expect(unsaved.written).rejects.toMatchObject({ code: 'HW_STORE_WRITE_FAILED' });
  const ofOther = other.append('doc', text('of another instance'));

  await expect(unsaved.durable).rejects.toMatchObject({ code: 'HW_STORE_CLOSED' });
  await ofOther.durable;
  await remote.append('doc', text('after')).durable;
  expect(await texts(other, 'doc')).toEqual(['before', 'of another instance', 'after']);
  expect(await texts(remote, 'doc')).toEqual(await texts(other, 'doc'));
  expect(remote.isOpenedHere).toBe(false);
  expect(remote.epoch).toBe(epoch + 1);
  expect(remote.health).toEqual({ status: 'ok', unsavedBytes: 0 });
});
