import { defineConfig } from 'vitest/config';

const BROWSER_TESTS = ['test/browser/**/*.test.ts', 'test/inspect/page/**/*.test.ts'];
const REDIS_TESTS = ['test/**/*.redis.test.ts'];

/**
 * Tests of one machine: two cores, so two workers; those that start real processes get the longer limits. The tests with a
 * browser and those with Redis are projects of their own because only they need it to be found or installed first.
 */
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ['default'],
    projects: [
      {
        extends: true,
        test: { name: 'node', include: ['test/**/*.test.ts'], exclude: [...BROWSER_TESTS, ...REDIS_TESTS] },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: BROWSER_TESTS,
          globalSetup: ['test/support/requirements.ts'],
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'redis',
          include: REDIS_TESTS,
          globalSetup: ['test/support/requirements.ts'],
          testTimeout: 120_000,
        },
      },
    ],
  },
});
