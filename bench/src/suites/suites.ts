import { fanOut } from './fan-out.ts';
import type { Suite } from './suite.ts';

/** In the order they run. */
export const SUITES: readonly Suite[] = [fanOut];
