import type { AnnouncedOwner, OwnerDirectory, StoreOwner } from '@headwater/persistence';
import { describe, expect, test, vi } from 'vitest';

/** Far longer than a test takes. */
const LONG_MS = 60_000;
/** Soon over. */
const SHORT_MS = 30;

/** What every {@link OwnerDirectory} keeps to. `open` gives a new, empty one each time. */
export function describeOwnerDirectory(directoryName: string, open: () => Promise<OwnerDirectory>): void {
  describe(`${directoryName} as a directory of owners`, () => {
    test('an empty one knows nothing', async () => {
      expect(await (await open()).find()).toEqual({ storeId: undefined, generation: 0, owner: undefined });
    });

    test('who announces is found, by everybody', async () => {
      const directory = await open();

      const announced = await directory.announce(owner('one'), LONG_MS);

      expect(announced).toEqual({ ...owner('one'), fence: expect.any(Number) });
      expect(await directory.find()).toEqual({ storeId: 'store', generation: 1, owner: announced });
    });

    test('a later owner of the same store takes the place of one whose lease still runs', async () => {
      const directory = await open();
      const first = await directory.announce(owner('one'), LONG_MS);

      const second = await directory.announce(owner('two', 2), LONG_MS);

      expect((await directory.find()).owner).toEqual(second);
      expect(second?.fence).toBeGreaterThan(first?.fence ?? Number.POSITIVE_INFINITY);
    });

    test('an owner of another store is refused, also when nobody has the store of the cluster', async () => {
      const directory = await open();
      const first = await announce(directory, owner('one'), LONG_MS);

      expect(await directory.announce({ ...owner('two', 2), storeId: 'other' }, LONG_MS)).toBeUndefined();
      expect((await directory.find()).owner).toEqual(first);

      await directory.withdraw(first);
      expect(await directory.announce({ ...owner('two', 2), storeId: 'other' }, LONG_MS)).toBeUndefined();
      expect(await directory.find()).toEqual({ storeId: 'store', generation: 1, owner: undefined });
    });

    test('an owner of a copy is refused, whose generation is not above the last, also when nobody has the store', async () => {
      const directory = await open();
      const first = await announce(directory, owner('one', 10), LONG_MS);

      expect(await directory.announce(owner('two', 9), LONG_MS)).toBeUndefined();
      await directory.withdraw(first);
      expect(await directory.announce(owner('two', 10), LONG_MS)).toBeUndefined();
      expect(await directory.find()).toEqual({ storeId: 'store', generation: 10, owner: undefined });

      expect(await directory.announce(owner('two', 11), LONG_MS)).toBeDefined();
    });

    test('a lease that is not renewed runs out; the store stays known', async () => {
      const directory = await open();
      const announced = await announce(directory, owner('one'), SHORT_MS);

      await vi.waitFor(async () =>
        expect(await directory.find()).toEqual({ storeId: 'store', generation: 1, owner: undefined }),
      );

      expect(await directory.renew(announced, LONG_MS)).toBe(false);
      expect((await directory.find()).owner).toBeUndefined();
    });

    test('a lease that is renewed runs on', async () => {
      const directory = await open();
      const announced = await announce(directory, owner('one'), SHORT_MS * 10);

      expect(await directory.renew(announced, LONG_MS)).toBe(true);

      const before = performance.now();
      await vi.waitFor(() => expect(performance.now() - before).toBeGreaterThan(SHORT_MS * 11));
      expect((await directory.find()).owner).toEqual(announced);
    });

    test('who was announced before the present owner renews and withdraws nothing', async () => {
      const directory = await open();
      const first = await announce(directory, owner('one'), LONG_MS);
      const second = await directory.announce(owner('two', 2), LONG_MS);

      expect(await directory.renew(first, LONG_MS)).toBe(false);
      await directory.withdraw(first);

      expect((await directory.find()).owner).toEqual(second);
    });

    test('one that was lost gives a number again, and who had it before renews and withdraws nothing', async () => {
      const directory = await open();
      const second = await announce(directory, owner('two'), LONG_MS);
      const first = { ...owner('one', 7), fence: second.fence };

      expect(await directory.renew(first, SHORT_MS)).toBe(false);
      await directory.withdraw(first);

      expect((await directory.find()).owner).toEqual(second);
    });

    test('fencing numbers grow also when nobody was announced in between', async () => {
      const directory = await open();
      const first = await announce(directory, owner('one'), LONG_MS);
      await directory.withdraw(first);

      const second = await announce(directory, owner('one', 2), LONG_MS);

      expect(second.fence).toBeGreaterThan(first.fence);
    });
  });
}

/** Where it is certain to succeed. */
async function announce(directory: OwnerDirectory, announced: StoreOwner, leaseMs: number): Promise<AnnouncedOwner> {
  const result = await directory.announce(announced, leaseMs);
  if (result === undefined) throw new Error('it was refused');
  return result;
}

function owner(instanceId: string, generation = 1): StoreOwner {
  return { instanceId, storeId: 'store', generation, host: `${instanceId}.example`, port: 7_000 };
}
