import { expect, test } from 'vitest';
import { bundleClient, CLIENT_ENTRIES } from './client-bundle.ts';

const LIMIT_BYTES = 12 * 1024;
const FOR_NODE = '@headwater/client/node';

test('all of the main entry takes less than 12 kB of a page, gzipped and without Yjs', async () => {
  const { gzippedBytes } = await bundleClient("export * from '@headwater/client'");

  expect(gzippedBytes).toBeLessThan(LIMIT_BYTES);
});

test.each(CLIENT_ENTRIES.filter((entry) => entry !== FOR_NODE))('%s needs nothing of Node', async (entry) => {
  const { builtins } = await bundleClient(`export * from '${entry}'`);

  expect(builtins).toEqual([]);
});

test('an application pays for what it imports: a colour brings neither presence nor a provider', async () => {
  const { files } = await bundleClient("import { userColor } from '@headwater/client'; console.log(userColor('ada'))");

  expect(files).toEqual(['presence/user-color.js']);
});

test('presence alone brings no provider', async () => {
  const { files } = await bundleClient("import { Presence } from '@headwater/client'; console.log(Presence)");

  expect(files).toEqual([
    'presence/activity-watch.js',
    'presence/latest-throttle.js',
    'presence/presence-user.js',
    'presence/presence.js',
    'presence/user-color.js',
    'protocol/headwater-error.js',
  ]);
});

test.each(CLIENT_ENTRIES)('an import of %s that nothing uses costs nothing', async (entry) => {
  const { files } = await bundleClient(`import * as unused from '${entry}'`);

  expect(files).toEqual([]);
});
