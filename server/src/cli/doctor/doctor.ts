import { Command } from 'commander';
import { addFlags, COMMON_OPTIONS, loadSettings } from '../command-flags.ts';
import { EXIT } from '../failure.ts';
import { printJson } from '../output.ts';
import { checkDirectory } from './directory-checks.ts';
import { type Finding, printFinding } from './finding.ts';
import { checkProcess } from './process-checks.ts';
import { checkStore, type StoreReport } from './store-checks.ts';

const OPTIONS = ['data', 'redis', 'redisPrefix'] as const;

const NOTES = `
Looks at what a server with these options would meet: the data directory and its disk, the store, Redis when there is one to be
used, the limits of this user. Each line says ok, warn (it works, and there is a risk) or fail, what was found, and what to change. Run it as the user, on the
machine and with the options of the server; a running one is not disturbed. The status is 1 when a line says fail.

Examples:
  $ headwater doctor
  $ headwater doctor --data /var/lib/headwater
  $ headwater doctor --redis redis://localhost:6379
  $ headwater doctor --json | jq -r 'select(.status != "ok") | .advice'`;

/** `headwater doctor` */
export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description('Check what a server needs, and say what to change.')
    .option('--json', 'one JSON object per line');
  return addFlags(command, [...OPTIONS, ...COMMON_OPTIONS])
    .addHelpText('after', NOTES)
    .action(examine);
}

async function examine(flags: { readonly json?: boolean }): Promise<void> {
  const { options } = await loadSettings({ ...flags }, OPTIONS);
  const directory = await checkDirectory(options.data);
  const store = await checkStore(options.data);
  const findings = [
    ...directory,
    ...store.findings,
    ...(options.redis === '' ? [] : await askRedis(options.redis, options.redisPrefix, store.own)),
    ...(await checkProcess()),
  ];
  for (const finding of findings) await (flags.json === true ? printJson(finding) : printFinding(finding));
  if (findings.some(({ status }) => status === 'fail')) process.exitCode = EXIT.failed;
}

/** Loads the client only where there is something to ask. */
async function askRedis(url: string, prefix: string, own: StoreReport['own']): Promise<readonly Finding[]> {
  const { checkRedis } = await import('./redis-checks.ts');
  return checkRedis(url, prefix, own);
}
