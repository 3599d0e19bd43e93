import type { z } from 'zod';
import { oneOf, serverOptionsSchema } from '../options.ts';
import { formatQuantity } from '../quantity.ts';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const;
const LOG_FORMATS = ['auto', 'pretty', 'json'] as const;

/** Every option of the command: the server's, and how the command itself speaks. */
export const commandOptionsSchema = serverOptionsSchema.extend({
  logLevel: oneOf(LOG_LEVELS, 'info').describe('Least severe log lines to print; debug also shows stacks.'),
  logFormat: oneOf(LOG_FORMATS, 'auto').describe(
    'How log lines look; auto: pretty on a terminal, JSON lines otherwise, and plain lines of commands that run once.',
  ),
});

/** Every option with its value. */
export type CommandOptions = z.output<typeof commandOptionsSchema>;

export type OptionName = keyof CommandOptions;

/** One option as `--help`, the error messages and `docs/options.md` name it. */
export interface OptionDescription {
  readonly name: OptionName;
  /** `--max-message-bytes` */
  readonly flag: string;
  /** `HEADWATER_MAX_MESSAGE_BYTES` */
  readonly variable: string;
  readonly description: string;
  /** Completes "expected …". */
  readonly expected: string;
  readonly defaultText: string;
  /** The word in `--port <number>`. */
  readonly placeholder: string;
}

const PLACEHOLDERS = { number: 'number', bytes: 'size', milliseconds: 'duration' } as const;

function describe(name: OptionName): OptionDescription {
  const schema = commandOptionsSchema.shape[name];
  const { kind, expected = '', description = '' } = schema.meta() ?? {};
  const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const unset: unknown = schema.parse(undefined);
  return {
    name,
    flag: `--${words}`,
    variable: `HEADWATER_${words.replaceAll('-', '_').toUpperCase()}`,
    description,
    expected,
    defaultText: typeof unset === 'number' ? formatQuantity(kind ?? 'number', unset) : String(unset),
    placeholder: kind === undefined ? 'text' : PLACEHOLDERS[kind],
  };
}

/** Every option, in the order of the schema. */
export const OPTION_DESCRIPTIONS: readonly OptionDescription[] = (
  Object.keys(commandOptionsSchema.shape) as OptionName[]
).map(describe);
