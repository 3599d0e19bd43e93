import { type Command, Option } from 'commander';
import type { Logger } from '../logging/logger.ts';
import {
  type CommandOptions,
  OPTION_DESCRIPTIONS,
  type OptionDescription,
  type OptionName,
} from './command-options.ts';
import { createLineLogger } from './line-logger.ts';
import { DEFAULT_CONFIG_FILE, loadOptions } from './option-sources.ts';

/** What every command can be told, besides its own options. */
export const COMMON_OPTIONS = ['logLevel', 'logFormat'] as const satisfies readonly OptionName[];

/** Adds the flags of the named options, described by the schema, and `--config`. */
export function addFlags(command: Command, names: readonly OptionName[]): Command {
  for (const option of OPTION_DESCRIPTIONS) {
    if (names.includes(option.name)) command.addOption(toFlag(option));
  }
  const config = `JSON file of options (default: ${DEFAULT_CONFIG_FILE} where it exists; env: HEADWATER_CONFIG)`;
  return command.option('--config <file>', config);
}

/** The schema's default is only told, never set: an unset flag must let the environment and the file speak. */
function toFlag({ flag, placeholder, description, defaultText, variable }: OptionDescription): Option {
  return new Option(`${flag} <${placeholder}>`, `${description} (default: ${defaultText}; env: ${variable})`);
}

/** The options of a command, with those that every command has. */
type Settings<Name extends OptionName> = Pick<CommandOptions, Name | (typeof COMMON_OPTIONS)[number]>;

/**
 * Reads the named options of a command from its flags, the environment and the config file.
 *
 * @returns the options, and what was ignored: for the log, which is one of the things the options say
 * @throws HW_OPTIONS_INVALID
 */
export function readOptions<Name extends OptionName>(
  flags: Readonly<Record<string, unknown>>,
  names: readonly Name[],
): { readonly options: Settings<Name>; readonly warnings: readonly string[] } {
  const wanted: readonly (Name | (typeof COMMON_OPTIONS)[number])[] = [...names, ...COMMON_OPTIONS];
  const sources = { flags, env: process.env, workingDirectory: process.cwd() };
  return loadOptions(wanted, sources);
}

/**
 * Reads the options of a command that runs once, and opens its log, on stderr: results are printed to stdout. What was
 * ignored is warned about.
 *
 * @throws HW_OPTIONS_INVALID
 */
export async function loadSettings<Name extends OptionName>(
  flags: Readonly<Record<string, unknown>>,
  names: readonly Name[],
): Promise<{ readonly options: Settings<Name>; readonly logger: Logger }> {
  const { options, warnings } = readOptions(flags, names);
  const logger = await openLog(options);
  for (const warning of warnings) logger.warn({}, warning);
  return { options, logger };
}

/** Loads the real logger only where its format is wanted: it takes longer than most commands. */
async function openLog({ logLevel: level, logFormat: format }: Settings<never>): Promise<Logger> {
  if (format === 'auto') return createLineLogger(level);
  const { createCommandLogger } = await import('../logging/command-logger.ts');
  return createCommandLogger({ level, format, fileDescriptor: 2 });
}
