import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';

const INSTALLED = Symbol.for('headwater: quick equality');

/**
 * Set up before every test file. `toEqual` walks what it compares key by key, updates byte by byte, and property tests
 * compare megabytes. What Node finds strictly equal is equal for it too; anything else is left to it, and to its diff.
 */
function areStrictlyEqual(left: unknown, right: unknown): true | undefined {
  if (typeof left !== 'object' || typeof right !== 'object') return undefined;
  return isDeepStrictEqual(left, right) || undefined;
}

// Files that share a process share its testers.
if (!(INSTALLED in globalThis)) {
  expect.addEqualityTesters([areStrictlyEqual]);
  Object.defineProperty(globalThis, INSTALLED, { value: true });
}
