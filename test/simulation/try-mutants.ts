import { execFileSync } from 'node:child_process';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MUTANTS } from './mutants.ts';

/** How many seeds a mistake has to show itself in. */
const MAX_SEEDS = Number(process.env['SEEDS'] ?? 700);
const REGISTER = fileURLToPath(new URL('../support/register-typescript.js', import.meta.url));

/** Makes one mistake, in this process, and prints the first seed that shows it. */
async function tryMutant(index: number): Promise<void> {
  register('../support/typescript-loader.js', import.meta.url, { data: MUTANTS[index] });
  const { simulate } = await import('./simulation.ts');
  for (let seed = 1; seed <= MAX_SEEDS; seed++) {
    const { problems } = await simulate(seed);
    if (problems.length === 0) continue;
    process.stdout.write(`${seed} | ${problems[0]}`);
    return;
  }
  process.stdout.write('- | nothing');
}

/** `npm run mutants`: prints which mistakes the simulation finds, after how many seeds, and by what. */
function tryAll(): void {
  process.stdout.write('| mistake | seeds | what was noticed first |\n| --- | ---: | --- |\n');
  for (const [index, { name }] of MUTANTS.entries()) {
    const file = fileURLToPath(import.meta.url);
    const found = execFileSync(process.execPath, ['--import', REGISTER, file, String(index)], { encoding: 'utf8' });
    process.stdout.write(`| ${name} | ${found} |\n`);
  }
}

const [index] = process.argv.slice(2);
if (index === undefined) tryAll();
else await tryMutant(Number(index));
