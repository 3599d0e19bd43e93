/** `npm run size`: what the client weighs in a page, door by door, printed and kept where a review sees it grow. */
import { writeFileSync } from 'node:fs';
import { REPOSITORY } from '../support/repository.ts';
import { bundleClient, CLIENT_ENTRIES } from './client-bundle.ts';

const gzippedBytes: Record<string, number> = {};
for (const entry of CLIENT_ENTRIES) {
  gzippedBytes[entry] = (await bundleClient(`export * from '${entry}'`)).gzippedBytes;
}
console.table(gzippedBytes);
const results = {
  what: 'own code, minified and gzipped, without yjs, lib0, y-protocols and optional peers',
  gzippedBytes,
};
writeFileSync(`${REPOSITORY}/bench/results/client-size.json`, `${JSON.stringify(results, undefined, 2)}\n`);
