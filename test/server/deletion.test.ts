import { HeadwaterError } from '@headwater/protocol';
import { describe, expect, test, vi } from 'vitest';
import { EditSession } from '../../server/src/history/edit-session.ts';
import { deferred } from './deferred.ts';
import { enter, FakeSession, openHouse, Typist, turn } from './support.ts';

const DELETED = { code: 'HW_DOCUMENT_DELETED' };

async function openWithTwo() {
  const house = openHouse();
  const document = await house.registry.open('doc');
  const [ada, grace] = [enter(document, new FakeSession('ada')), enter(document, new FakeSession('grace'))];
  return { ...house, document, ada, grace };
}

describe('a document that is deleted while people have it open', () => {
  test('ends for all of them, and what is pending is neither stored nor shown', async () => {
    const { registry, store, document, ada, grace } = await openWithTwo();
    document.receive(ada, new Typist(1).type('before'));
    await turn();
    document.receive(ada, new Typist(2).type('pending'));

    expect(await registry.delete('doc')).toBe(true);
    await turn();

    expect([ada, grace].map(({ closedWith }) => closedWith?.code)).toEqual([DELETED.code, DELETED.code]);
    expect(grace.text()).toBe('before');
    expect(ada.acknowledged).toBe(1);
    expect(store.changes).toHaveLength(1);
    expect(registry.size).toBe(0);
    await expect(registry.open('doc')).rejects.toMatchObject(DELETED);
  });

  test('by somebody else ends with the next edit, which nobody sees', async () => {
    const { registry, store, document, ada, grace } = await openWithTwo();
    await store.inner.delete('doc');

    document.receive(ada, new Typist(1).type('late'));
    await turn();

    expect([ada, grace].map(({ closedWith }) => closedWith?.code)).toEqual([DELETED.code, DELETED.code]);
    expect(grace.text()).toBe('');
    expect(ada.acknowledged).toBe(0);
    expect(registry.size).toBe(0);
    await document.save(); // nothing is left to wait for
  });

  test('while the store cannot say so shows the edit, and ends once it can', async () => {
    const { store, document, ada, grace } = await openWithTwo();
    await store.inner.delete('doc');
    store.writeError = new HeadwaterError('HW_STORE_WRITE_FAILED', 'the owner is away');
    const release = store.holdSyncs();

    document.receive(ada, new Typist(1).type('seen'));
    await turn();
    expect(grace.text()).toBe('seen');
    release();
    await turn();

    expect(grace.closedWith?.code).toBe(DELETED.code);
    expect(ada.acknowledged).toBe(0);
    expect(document.isSaved).toBe(true);
  });

  test('while it is being read ends as soon as that is done', async () => {
    const { registry, store } = openHouse();
    const held = deferred();
    const load = store.inner.load.bind(store.inner);
    vi.spyOn(store.inner, 'load').mockImplementationOnce(async (name) => {
      const read = await load(name);
      await held.promise;
      return read;
    });
    const opening = registry.open('doc');

    await registry.delete('doc');
    held.resolve();

    await expect(opening).rejects.toMatchObject(DELETED);
    expect(registry.size).toBe(0);
  });

  test('with its name left free is loaded anew by those who come back', async () => {
    const { registry, document, ada } = await openWithTwo();
    document.receive(ada, new Typist(1).type('before'));
    await turn();

    expect(await registry.delete('doc', { allowReuse: true })).toBe(true);

    expect(ada.closedWith?.code).toBe('HW_DOCUMENT_OUTDATED');
    expect(enter(await registry.open('doc')).text()).toBe('');
  });

  test('refuses an edit that is made of its past', async () => {
    const { store, document } = await openWithTwo();
    await store.inner.delete('doc');
    const edit = new EditSession('ada');

    document.receive(edit, new Typist(1).type('restored'));

    await expect(edit.whenDurable()).rejects.toMatchObject(DELETED);
  });
});

test('a name nobody has opened can be deleted, and nobody opens it any more', async () => {
  const { registry } = openHouse();

  expect(await registry.delete('doc')).toBe(false);

  await expect(registry.open('doc')).rejects.toMatchObject(DELETED);
});
