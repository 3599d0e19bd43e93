/** Benchmarks start at main.ts; this room exports nothing. */
export const ROOM = 'bench';
