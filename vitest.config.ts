import { defineConfig } from 'vitest/config';

const BROWSER_TESTS = ['test/browser/**/*.test.ts', 'test/inspect/page/**/*.test.ts'];

/**
 * Tests of one machine: two cores, so two workers; those that start real processes get the longer limits. The browser
 * tests are a project of their own because only they need a browser to be found or installed first.
 */
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ['default'],
    projects: [
      { extends: true, test: { name: 'node', include: ['test/**/*.test.ts'], exclude: BROWSER_TESTS } },
      {
        extends: true,
        test: {
          name: 'browser',
          include: BROWSER_TESTS,
          globalSetup: ['test/support/requirements.ts'],
          testTimeout: 120_000,
        },
      },
    ],
  },
});
