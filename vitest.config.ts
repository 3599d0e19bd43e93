import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';
import { SlowestFiles } from './test/support/slowest-files.ts';

const BROWSER_TESTS = ['test/browser/**/*.test.ts', 'test/pages/*/page/**/*.test.ts'];
const REDIS_TESTS = ['test/**/*.redis.test.ts'];
const WAITING_WORKERS = 3;
/** They need a DOM, and no browser. */
const REACT_TESTS = ['test/client/react/**/*.test.ts'];
/** They start servers and commands, and then mostly wait for them. */
const PROCESS_TESTS = [
  ...['cli', 'faults', 'packages', 'stories'].map((folder) => `test/${folder}/**/*.test.ts`),
  'test/cluster/takeover.test.ts',
  'test/persistence/remote-faults.test.ts',
];

/**
 * Tests of one machine of two cores. First those that compute: two workers, which keep what they loaded from one file to the
 * next. Then those that mostly wait for other processes, each file in a process of its own, and one more at a time. The tests
 * with a browser and those with Redis are projects of their own because only they need it to be found or installed first.
 */
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: ['test/support/quick-equality.ts'],
    maxWorkers: WAITING_WORKERS,
    sequence: { groupOrder: 1, sequencer: LongestFirst },
    // What was built is loaded by Node itself, as it is by whoever uses it.
    server: { deps: { external: [/\/node_modules\//, /\/(protocol|persistence|client-sdk|server)\/dist\//] } },
    reporters: ['default', new SlowestFiles()],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...PROCESS_TESTS, ...REACT_TESTS, ...BROWSER_TESTS, ...REDIS_TESTS],
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'react',
          include: REACT_TESTS,
          environment: 'happy-dom',
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'node', include: PROCESS_TESTS, exclude: REDIS_TESTS } },
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
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
