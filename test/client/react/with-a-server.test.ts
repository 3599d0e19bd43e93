import { HeadwaterDocument, useDocument, usePresence, useSaved, useText } from '@headwater/client/react';
import { MemoryStore } from '@headwater/persistence';
import { createServer } from '@headwater/server';
import { createElement, type ReactNode, StrictMode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { listener } from './document-fixture.ts';

/** Waits for what comes over the network. */
const eventually = (assertion: () => void): Promise<void> => vi.waitFor(assertion, 10_000);

test('two pages in strict mode share a text and see each other, until one is left', async () => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', false); // React renders when it sees fit, as in a page
  onTestFinished(() => void vi.unstubAllGlobals());
  await using server = await createServer({ port: 0, store: new MemoryStore() });
  const { host, port } = await server.listen();
  const open = (name: string, child: ReactNode): Root => {
    const options = { url: `ws://${host}:${port}`, name: 'notes', WebSocket, broadcast: false, user: { id: name } };
    const root = createRoot(document.createElement('div'));
    root.render(createElement(StrictMode, null, createElement(HeadwaterDocument, options, child)));
    onTestFinished(() => root.unmount());
    return root;
  };
  const adaSays = listener(() => ({ document: useDocument(), ...useSaved() }));
  const bobSees = listener(() => ({ text: useText('text'), ids: usePresence((users) => users.map(({ id }) => id)) }));
  const ada = open('ada', adaSays.element);
  open('bob', bobSees.element);

  await eventually(() => expect(bobSees.said.at(-1)?.ids.toSorted()).toEqual(['ada', 'bob']));
  adaSays.said.at(-1)?.document.getText('text').insert(0, 'hello');
  await eventually(() => expect(bobSees.said.at(-1)?.text).toBe('hello'));
  await eventually(() => expect(adaSays.said.at(-1)).toMatchObject({ saved: true, unsavedChanges: 0 }));
  adaSays.said.at(-1)?.document.getText('text').insert(5, ', and good bye');
  ada.unmount();

  await eventually(() => expect(bobSees.said.at(-1)).toEqual({ text: 'hello, and good bye', ids: ['bob'] }));
});
