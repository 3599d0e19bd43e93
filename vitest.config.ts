import { defineConfig } from 'vitest/config';

/** Tests of one machine: two cores, so two workers; those that start real processes get the longer limits. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ['default'],
  },
});
