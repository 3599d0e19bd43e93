import { Command, Option } from 'commander';
import { reachableAddress } from '../../lifecycle/reachable-address.ts';
import { serverOptionsSchema } from '../../options.ts';
import { addFlags, COMMON_OPTIONS, readOptions } from '../command-flags.ts';
import { OPTION_DESCRIPTIONS } from '../command-options.ts';
import { UsageError } from '../failure.ts';
import { print } from '../output.ts';
import { parseCount } from '../parse-flag.ts';
import { BALANCERS, type Balancer, balancerConfiguration } from './balancer-configurations.ts';

const SERVER_OPTIONS = Object.keys(serverOptionsSchema.shape) as (keyof typeof serverOptionsSchema.shape)[];
const HIGHEST_PORT = 65_535;
const BALANCER_PORT = 8080;

const NOTES = `
Several servers on one machine, on consecutive ports from --port on, with one data directory and one Redis between them. All
options of "serve" go to each of them, flags, variables and config file alike. What dies is started again; Ctrl-C and SIGTERM
stop all.

--print writes a configuration of a load balancer before them to stdout, and starts nothing. To restart them without
an interruption, end one after the other with SIGTERM: each sends its clients to the others and is started again.

Examples:
  $ headwater cluster --redis redis://localhost:6379
  $ headwater cluster --instances 4 --port 3000 --redis redis://localhost:6379
  $ headwater cluster --instances 4 --port 3000 --print haproxy > haproxy.cfg
  $ headwater cluster --instances 4 --port 3000 --print nginx > /etc/nginx/conf.d/headwater.conf`;

interface ClusterFlags extends Readonly<Record<string, unknown>> {
  readonly instances: number;
  readonly print?: Balancer;
  readonly balancerPort: number;
  readonly config?: string;
}

/** `headwater cluster` */
export function clusterCommand(): Command {
  const command = new Command('cluster')
    .description('Start several servers on this machine that work as one.')
    .option('--instances <number>', 'how many', parseCount, 2)
    .addOption(new Option('--print <balancer>', 'print a configuration instead').choices(BALANCERS))
    .option('--balancer-port <number>', 'where the balancer of that configuration listens', parseCount, BALANCER_PORT);
  return addFlags(command, [...SERVER_OPTIONS, ...COMMON_OPTIONS])
    .addHelpText('after', NOTES)
    .action(run);
}

async function run(flags: ClusterFlags): Promise<void> {
  const { options, warnings } = readOptions(flags, SERVER_OPTIONS);
  const ports = portsFrom(options.port, flags.instances);
  if (flags.print !== undefined) {
    const addresses = ports.map((port) => reachableAddress({ host: options.host, port }));
    const { heartbeatIntervalMs } = options;
    const target = { addresses, heartbeatIntervalMs, listenPort: flags.balancerPort };
    return print(balancerConfiguration(flags.print, target));
  }
  if (options.redis === '') {
    throw new UsageError('several instances need a Redis between them: --redis redis://localhost:6379');
  }
  const { runCluster } = await import('./run-cluster.ts'); // which loads the logger; no other command needs it
  await runCluster({ options, warnings, ports, env: environmentOf(flags) });
}

function portsFrom(first: number, count: number): readonly number[] {
  if (first === 0 || first + count - 1 > HIGHEST_PORT) {
    throw new UsageError(`--port: expected the first of ${count} consecutive ports, got ${first}`);
  }
  return Array.from({ length: count }, (_, index) => first + index);
}

/**
 * The environment of an instance: what this command was told by flags, as the variables of the same options. So everything
 * keeps its rank, and what is secret is in no process list.
 */
function environmentOf(flags: ClusterFlags): NodeJS.ProcessEnv {
  const given = OPTION_DESCRIPTIONS.filter(({ name }) => flags[name] !== undefined);
  const fromFlags = given.map(({ name, variable }) => [variable, String(flags[name])]);
  const config = flags.config === undefined ? {} : { HEADWATER_CONFIG: flags.config };
  return { ...process.env, ...config, ...Object.fromEntries(fromFlags), HEADWATER_LOG_FORMAT: 'json' };
}
