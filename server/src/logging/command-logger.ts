import { isatty } from 'node:tty';
import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';

/** How the command logs. */
export interface CommandLoggerOptions {
  readonly level: string;
  /** `auto` is pretty on a terminal and JSON lines everywhere else. */
  readonly format: 'auto' | 'pretty' | 'json';
  /** `serve` logs to stdout (1); the other commands print their results there and log to stderr (2). */
  readonly fileDescriptor: 1 | 2;
}

/** Whether lines for people are wanted. */
export function isPretty({ format, fileDescriptor }: CommandLoggerOptions): boolean {
  return format === 'pretty' || (format === 'auto' && isatty(fileDescriptor));
}

/** Takes lines as the logger makes them, and writes them as they are wanted; see {@link createCommandLogger}. */
export async function createLineSink(options: CommandLoggerOptions): Promise<DestinationStream> {
  const { fileDescriptor } = options;
  if (!isPretty(options)) return pino.destination({ dest: fileDescriptor, sync: true });

  const { default: pretty } = await import('pino-pretty'); // not loaded where a machine reads the log
  const colorize = isatty(fileDescriptor) && process.env['NO_COLOR'] === undefined;
  return pretty({ colorize, destination: fileDescriptor, sync: true, translateTime: 'SYS:HH:MM:ss.l' });
}

/**
 * The command's logger. It writes synchronously, in this thread: a line that was logged is out even when the process
 * dies in the next statement, and that is when lines matter.
 */
export async function createCommandLogger(options: CommandLoggerOptions): Promise<PinoLogger> {
  const settings = {
    level: options.level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(settings, await createLineSink(options));
}
