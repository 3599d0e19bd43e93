import { HeadwaterProvider } from '@headwater/client';
import { WebSocket } from 'ws';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

// Does one of these with providers, destroys them, and then has nothing left to do: if it does not end, something was left behind.
const [, , scene, url] = process.argv;
const open = (options) => new HeadwaterProvider({ url, name: 'doc', WebSocket, ...options });
const never = new Promise(() => {});

const scenes = {
  async synced() {
    const provider = open({ broadcast: true });
    await provider.whenSynced();
    provider.document.getText('text').insert(0, 'x');
    await provider.whenSaved();
    provider.destroy();
  },
  async 'with presence'() {
    const provider = open();
    provider.presence.set({ name: 'Ada' });
    provider.presence.setTyping?.(true);
    await provider.whenSynced();
    provider.destroy();
  },
  async unsaved() {
    const provider = open();
    await provider.whenSynced();
    provider.document.getText('text').insert(0, 'x');
    const saved = provider.whenSaved();
    provider.destroy();
    await saved.catch(() => {});
  },
  async 'while connecting'() {
    open().destroy();
  },
  async 'while nobody answers'() {
    const provider = open({ url: 'ws://127.0.0.1:1' });
    await new Promise((resolve) => provider.on('error', resolve));
    provider.destroy();
  },
  async 'while a token is awaited'() {
    const provider = open({ token: () => never });
    await new Promise((resolve) => setTimeout(resolve, 100));
    provider.destroy();
  },
  async disconnected() {
    const provider = open();
    await provider.whenSynced();
    provider.disconnect();
    provider.connect();
    provider.disconnect();
    provider.destroy();
  },
  async 'with its document'() {
    const document = new Y.Doc();
    const provider = open({ document });
    await provider.whenSynced();
    document.destroy();
  },
  async 'several on a socket'() {
    const awareness = new Awareness(new Y.Doc());
    const providers = [open(), open(), open({ name: 'other', awareness })];
    await Promise.all(providers.map((provider) => provider.whenSynced()));
    for (const provider of providers) provider.destroy();
    awareness.destroy();
  },
};

await scenes[scene]();
process.stdout.write('destroyed\n');
