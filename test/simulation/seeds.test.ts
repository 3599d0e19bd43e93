import { expect, test } from 'vitest';
import { runs } from '../support/soak.ts';
import { Simulation } from './simulation.ts';
import { VirtualTime } from './virtual-time.ts';

/** `SEED=7` runs that one alone and tells what happened; `SEEDS=5000` runs that many. */
const ONE = process.env['SEED'];
const COUNT = Number(process.env['SEEDS'] ?? runs(120));

/** Each of these went wrong once. */
const REMEMBERED = [57];

/** Those of this run: each run tries others. */
const FIRST = Math.floor(Math.random() * 2 ** 31);

async function problemsOf(seed: number): Promise<readonly string[]> {
  using time = new VirtualTime();
  const simulation = new Simulation(seed, time);
  const problems = await simulation.run();
  if (ONE !== undefined) process.stdout.write(`${simulation.story.join('\n')}\n`);
  return problems;
}

test('whatever happens to instances, relay and store, everybody has everything once there is peace', async () => {
  const seeds =
    ONE === undefined ? [...REMEMBERED, ...Array.from({ length: COUNT }, (_, index) => FIRST + index)] : [Number(ONE)];
  const failures: string[] = [];
  for (const seed of seeds) {
    const problems = await problemsOf(seed);
    if (problems.length > 0) failures.push(`SEED=${seed}: ${problems.join('; ')}`);
  }

  expect(failures).toEqual([]);
}, 600_000);
