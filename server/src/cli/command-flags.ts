import { type Command, Option } from 'commander';
import type { Logger } from 'pino';
import { createCommandLogger } from '../logging/command-logger.ts';
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

/** Where a running command gets its options from. */
export interface CommandSettings<Name extends OptionName> {
  readonly options: Pick<CommandOptions, Name | (typeof COMMON_OPTIONS)[number]>;
  readonly logger: Logger;
}

/**
 * Loads the named options of a command from its flags, the environment and the config file, and opens its log, where
 * whatever was ignored is warned about. `serve` logs to stdout (1); the other commands print their results there, run
 * once, and log to stderr (2).
 *
 * @throws HW_OPTIONS_INVALID
 */
export function loadSettings<Name extends OptionName>(
  flags: Readonly<Record<string, unknown>>,
  names: readonly Name[],
  fileDescriptor: 1 | 2,
): CommandSettings<Name> {
  const wanted: readonly (Name | (typeof COMMON_OPTIONS)[number])[] = [...names, ...COMMON_OPTIONS];
  const { options, warnings } = loadOptions(wanted, {
    flags,
    env: process.env,
    workingDirectory: process.cwd(),
  });
  const { logLevel: level, logFormat: format } = options as CommandOptions;
  const isForReader = fileDescriptor === 2 && format === 'auto';
  const logger = isForReader ? createLineLogger(level) : createCommandLogger({ level, format, fileDescriptor });
  for (const warning of warnings) logger.warn({}, warning);
  return { options, logger };
}
