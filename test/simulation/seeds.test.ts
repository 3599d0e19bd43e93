import { expect, test } from 'vitest';
import { runs } from '../support/soak.ts';
import { simulate } from './simulation.ts';

/** `SEED=7` runs that one alone and tells what happened; `SEEDS=5000` runs that many. */
const ONE = process.env['SEED'];
const COUNT = Number(process.env['SEEDS'] ?? runs(2_000));

/** Several times what they take. */
const TIMEOUT_MS = 60_000 + COUNT * 200;

/** In each of these one of the mistakes of `mutants.ts` is noticed first; another fault gives every seed another story. */
const REMEMBERED = [1, 2, 3, 4, 5, 8, 11, 15, 18, 29, 47, 107, 113, 130, 183];

/** These failed once. */
const FAILED = [279_987_666];

/** Those of this run: each run tries others. */
const FIRST = Math.floor(Math.random() * 2 ** 31);

test(
  'whatever happens to instances, relay and store, everybody has everything once there is peace',
  async () => {
    const seeds =
      ONE === undefined
        ? [...REMEMBERED, ...FAILED, ...Array.from({ length: COUNT }, (_, index) => FIRST + index)]
        : [Number(ONE)];
    const failures: string[] = [];
    for (const seed of seeds) {
      const { problems, story } = await simulate(seed);
      if (ONE !== undefined) process.stdout.write(`${story.join('\n')}\n`);
      if (problems.length > 0) failures.push(`SEED=${seed} npx vitest run test/simulation: ${problems.join('; ')}`);
    }

    expect(failures).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'whatever happens, a document that was deleted stays deleted, and all others are as they should be',
  async () => {
    const seeds = ONE === undefined ? Array.from({ length: runs(100) }, (_, index) => FIRST + index) : [Number(ONE)];
    const failures: string[] = [];
    for (const seed of seeds) {
      const { problems } = await simulate(seed, { deletes: true });
      if (problems.length > 0) failures.push(`SEED=${seed} npx vitest run test/simulation: ${problems.join('; ')}`);
    }

    expect(failures).toEqual([]);
  },
  TIMEOUT_MS,
);

test('a seed always has the same story and the same end', async () => {
  const seed = FIRST;

  const [one, again] = [await simulate(seed), await simulate(seed)];

  expect(again).toEqual(one);
});
