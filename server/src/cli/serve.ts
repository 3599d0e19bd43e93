import path from 'node:path';
import { Command, Option } from 'commander';
import type { Logger } from 'pino';
import type { HeadwaterServer } from '../create-server.ts';
import { pagesScope } from '../http/pages-scope.ts';
import { serverOptionsSchema } from '../options.ts';
import { addFlags, COMMON_OPTIONS, readOptions } from './command-flags.ts';
import type { CommandOptions, OptionName } from './command-options.ts';
import { EXIT } from './failure.ts';
import { keepNewSpaceSmall } from './new-space.ts';
import { onStopSignals, SAME_SIGNAL_MS } from './stop-signals.ts';

const SERVER_OPTIONS = Object.keys(serverOptionsSchema.shape) as (keyof typeof serverOptionsSchema.shape)[];

const EXAMPLES = `
A flag beats an environment variable beats the config file beats the default. Sizes and durations may carry a unit:
16MiB, 30s. docs/options.md lists every option.

Examples:
  $ headwater serve
  $ headwater serve --host 0.0.0.0 --port 8080 --data /var/lib/headwater
  $ HEADWATER_PORT=8080 HEADWATER_LOG_FORMAT=json headwater serve
  $ headwater serve --config headwater.json

Ctrl-C (SIGINT) or SIGTERM stops gracefully: nothing new is accepted, everything is saved. A second Ctrl-C forces the end;
what was shown to anybody is on disk even then. Within ${SAME_SIGNAL_MS} ms of the first it counts as the same one: npm passes a key
press on, so one arrives twice.

The data directory must be on a local disk: network file systems (NFS, SMB) are not supported.`;

/** `headwater serve` */
export function serveCommand(): Command {
  const names: readonly OptionName[] = [...SERVER_OPTIONS, ...COMMON_OPTIONS];
  const command = new Command('serve').description('Start the server.');
  // For "headwater cluster": a supervisor that was killed leaves nothing behind that holds the store and the ports.
  command.addOption(new Option('--end-with-parent').hideHelp());
  return addFlags(command, names).addHelpText('after', EXAMPLES).action(serve);
}

async function serve(flags: Readonly<Record<string, unknown>>): Promise<void> {
  keepNewSpaceSmall();
  const { options, warnings } = readOptions(flags, SERVER_OPTIONS);
  const { logLevel: level, logFormat: format, ...serverOptions } = options;
  // Loaded here: no other command needs these, and they are the larger part of what there is to load.
  const { createCommandLogger, isPretty } = await import('../logging/command-logger.ts');
  const log = { level, format, fileDescriptor: 1 } as const;
  const logger = await createCommandLogger(log);
  for (const warning of warnings) logger.warn({}, warning);
  dieOfBugs(logger);

  const { createServer } = await import('../create-server.ts');
  const server = await createServer({ ...serverOptions, logger, onRefused: () => void stop(EXIT.failed) });
  const stop = stopOnSignals(server, logger);
  if (flags['endWithParent'] === true) {
    process.once('disconnect', () => {
      logger.level = 'silent'; // nobody reads it any more
      process.emit('SIGTERM');
    });
  }
  const address = await listen(server);
  const isElsewhere = server.health.isStoreOwner === false;
  announce(address, options, isElsewhere, logger, isPretty(log));
  process.send?.('ready'); // what supervisors wait for; PM2 calls it wait_ready
}

/** After a listen that failed the store must be given back, or a second attempt in this process finds it locked. */
async function listen(server: HeadwaterServer): Promise<{ host: string; port: number }> {
  try {
    return await server.listen();
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** A state nobody thought of is not one to go on in: clients reconnect, and what they saw is on disk. */
function dieOfBugs(logger: Logger): void {
  const die = (message: string) => (err: unknown) => {
    logger.fatal({ err }, message);
    process.exit(EXIT.failed);
  };
  process.on('uncaughtException', die('uncaught exception'));
  process.on('unhandledRejection', die('unhandled rejection'));
}

/** What ends a server; a signal does, too. */
type Stop = (status: number) => Promise<void>;

function stopOnSignals(server: HeadwaterServer, logger: Logger): Stop {
  const stop: Stop = async (status) => {
    try {
      await server.close();
      logger.info({}, 'stopped');
      process.exit(status);
    } catch (err) {
      logger.error({ err }, 'stopped, but not everything could be saved');
      process.exit(EXIT.failed);
    }
  };
  onStopSignals({
    source: process,
    now: () => performance.now(),
    stop: (signal) => {
      logger.info({ signal }, 'stopping');
      void stop(EXIT.ok);
    },
    force: (signal) => {
      logger.warn({ signal }, 'stopping at once');
      process.exit(EXIT.failed);
    },
  });
  return stop;
}

function announce(
  { host, port }: { host: string; port: number },
  options: Pick<CommandOptions, 'data' | 'host' | 'inspect'>,
  isElsewhere: boolean,
  logger: Logger,
  forPeople: boolean,
): void {
  const data = path.resolve(options.data);
  if (!forPeople) {
    logger.info({ host, port, data }, 'listening');
    return;
  }
  const url = `ws://${reachable(host)}:${port}`;
  const { home } = pagesScope(options, process.env['NODE_ENV']);
  const page = home === 'off' ? undefined : `http://${reachable(host)}:${port}`;
  const lines = [
    `Headwater is listening on ${url}`,
    isElsewhere
      ? '  documents are kept by the instance of the cluster that has the store'
      : `  documents are kept in ${data}`,
    ...(page === undefined ? [] : [`  try it: open ${page} in two windows and type`]),
    `  bind an editor: new WebsocketProvider('${url}', 'my-document', new Y.Doc())   // from y-websocket`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** An address a browser on this machine can open: "any address" is none, and IPv6 wants brackets. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
