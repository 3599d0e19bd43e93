import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { NEW_SPACE_FLAG } from '../../server/src/cli/new-space.ts';

/** Prints how large the space for new objects becomes while many of them live for a while. */
const LIVES = `
const v8 = require('node:v8');
if (process.argv[1] !== undefined) v8.setFlagsFromString(process.argv[1]);
const alive = [];
let largest = 0;
for (let i = 0; i < 1_000_000; i++) {
  alive[i % 100_000] = { of: [i] };
  if (i % 10_000 === 0) {
    const space = v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    largest = Math.max(largest, space.space_size);
  }
}
console.log(largest);`;

const largest = (...flags: readonly string[]): number =>
  Number(execFileSync(process.execPath, ['-e', LIVES, '--', ...flags], { encoding: 'utf8' }));

test('V8 keeps its space for new objects small when it is told so while it runs', () => {
  expect(largest(NEW_SPACE_FLAG)).toBeLessThanOrEqual(4 * 1024 * 1024);
  expect(largest()).toBeGreaterThan(16 * 1024 * 1024); // or there is nothing to keep small
});
