import { defineConfig } from 'vitest/config';

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
      { extends: true, test: { name: 'node', include: ['test/**/*.test.ts'], exclude: ['test/browser/**'] } },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/support/requirements.ts'],
          testTimeout: 120_000,
        },
      },
    ],
  },
});
