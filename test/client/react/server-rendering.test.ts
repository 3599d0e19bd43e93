import {
  useArray,
  useDocument,
  useMap,
  usePresence,
  useProvider,
  useSaved,
  useStatus,
  useSynced,
  useText,
} from '@headwater/client/react';
import { createElement, type ReactNode } from 'react';
import { hydrateRoot, type Root } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { FakeServer } from '../fake-server.ts';
import { inDocument, listener } from './document-fixture.ts';
import { during } from './mount.ts';

/** Shows everything that there is a hook for. */
function Everything(): ReactNode {
  const { saved, unsavedChanges } = useSaved();
  return JSON.stringify({
    text: useText('text'),
    map: useMap('map'),
    array: useArray('array'),
    users: usePresence((users) => users.map(({ name }) => name)),
    status: useStatus(),
    synced: useSynced(),
    saved,
    unsavedChanges,
    hasProvider: useProvider() !== undefined,
  });
}

function documentOf(text: string): Y.Doc {
  const document = new Y.Doc();
  document.getText('text').insert(0, text);
  return document;
}

const shownIn = (container: Element): unknown => JSON.parse(container.textContent);

test('a server renders the document it was given, and opens no connection', () => {
  const server = new FakeServer();
  const page = inDocument(server, createElement(Everything), { document: documentOf('hello'), user: { name: 'Ada' } });
  const container = document.createElement('div');

  container.innerHTML = renderToString(page);

  expect(shownIn(container)).toEqual({
    text: 'hello',
    map: {},
    array: [],
    users: [],
    status: 'connecting',
    synced: false,
    saved: false,
    unsavedChanges: 1,
    hasProvider: false,
  });
  expect(server.attempts).toBe(0);
});

test('a browser takes over what the server rendered without a complaint, and goes live', async () => {
  const error = vi.spyOn(console, 'error');
  const server = new FakeServer();
  const page = () => inDocument(server, createElement(Everything), { user: { name: 'Ada' } });
  server.document('notes').getText('text').insert(0, 'live');
  const container = document.createElement('div');
  container.innerHTML = renderToString(page());
  expect(shownIn(container)).toMatchObject({ text: '', users: [], saved: true });

  const roots: Root[] = [];
  await during(() => roots.push(hydrateRoot(container, page())));

  expect(shownIn(container)).toMatchObject({ text: 'live', users: ['Ada'], status: 'connected', synced: true });
  expect(error).not.toHaveBeenCalled();
  await during(() => roots[0]?.unmount());
});

test('a hook outside of a document says where to put the component', () => {
  for (const useIt of [useDocument, () => usePresence(), () => useText('title')]) {
    expect(() => renderToString(listener<unknown>(useIt).element)).toThrow(
      /^use\w+ needs a document: put the component below <HeadwaterDocument/,
    );
  }
});
