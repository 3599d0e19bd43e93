import path from 'node:path';
import { createCommandLogger, createLineSink, isPretty } from '../../logging/command-logger.ts';
import type { Logger } from '../../logging/logger.ts';
import type { CommandOptions } from '../command-options.ts';
import { EXIT } from '../failure.ts';
import { onStopSignals } from '../stop-signals.ts';
import { clusterLine } from './instance-log.ts';
import { SupervisedInstance } from './supervised-instance.ts';

export interface ClusterSettings {
  readonly options: Pick<CommandOptions, 'data' | 'logLevel' | 'logFormat'>;
  /** About the options. */
  readonly warnings: readonly string[];
  /** One for each instance. */
  readonly ports: readonly number[];
  /** With all options but the port. */
  readonly env: NodeJS.ProcessEnv;
}

/** Starts the instances, watches over them, and ends the process once they were told to stop. @throws CommandFailure */
export async function runCluster({ options, warnings, ports, env }: ClusterSettings): Promise<void> {
  const log = { level: options.logLevel, format: options.logFormat, fileDescriptor: 1 } as const;
  const logger = await createCommandLogger(log);
  for (const warning of warnings) logger.warn({}, warning);

  const forPeople = isPretty(log);
  const sink = await createLineSink(log);
  const instances = ports.map((port, index) => {
    const number = index + 1;
    return new SupervisedInstance({
      number,
      env: { ...env, HEADWATER_PORT: String(port) },
      logger,
      onLine: (line, stream) => {
        const marked = `${clusterLine(number, line, forPeople)}\n`;
        if (stream === 'stdout') sink.write(marked);
        else process.stderr.write(marked);
      },
    });
  });
  stopOnSignals(instances, logger);
  await startAll(instances);
  announce(instances, ports, path.resolve(options.data), logger, forPeople);
}

/** The first one alone: it opens the store, and whatever is wrong is said once. A start that fails starts nothing. */
async function startAll(instances: readonly SupervisedInstance[]): Promise<void> {
  const [first, ...others] = instances;
  try {
    await first?.start();
    await Promise.all(others.map((instance) => instance.start()));
  } catch (error) {
    await stopAll(instances, 'SIGTERM');
    throw error;
  }
}

/** The first is the last to go: it most likely has the store. */
async function stopAll(instances: readonly SupervisedInstance[], signal: NodeJS.Signals): Promise<void> {
  const [first, ...others] = instances;
  await Promise.all(others.map((instance) => instance.stop(signal)));
  await first?.stop(signal);
}

function stopOnSignals(instances: readonly SupervisedInstance[], logger: Logger): void {
  const stop = async (signal: string): Promise<void> => {
    logger.info({ signal }, 'stopping all instances');
    await stopAll(instances, 'SIGTERM');
    logger.info({}, 'all instances stopped');
    process.exit(EXIT.ok);
  };
  onStopSignals({
    source: process,
    now: () => performance.now(),
    stop: (signal) => void stop(signal),
    force: (signal) => {
      logger.warn({ signal }, 'stopping at once');
      void Promise.all(instances.map((instance) => instance.stop('SIGKILL'))).then(() => process.exit(EXIT.failed));
    },
  });
}

function announce(
  instances: readonly SupervisedInstance[],
  ports: readonly number[],
  data: string,
  logger: Logger,
  forPeople: boolean,
): void {
  const running = instances.map(({ number, pid }, index) => ({ instance: number, port: ports[index], pid }));
  if (!forPeople) {
    logger.info({ instances: running, data }, 'all instances are listening');
    return;
  }
  const lines = [
    `Headwater runs as ${running.length} instances; clients may use any of them`,
    ...running.map(({ instance, port, pid }) => `  ${instance}  ws://localhost:${port}  (pid ${pid})`),
    `  documents are kept in ${data}`,
    '  a balancer before them: this command again, with --print nginx or --print haproxy',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
