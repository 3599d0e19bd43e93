import { readFileSync } from 'node:fs';
import path from 'node:path';
import { HeadwaterError } from '@headwater/protocol';
import { type CommandOptions, commandOptionsSchema, OPTION_DESCRIPTIONS, type OptionName } from './command-options.ts';
import { didYouMean } from './nearest.ts';

/** Read when nothing else is named and it exists in the working directory. */
export const DEFAULT_CONFIG_FILE = 'headwater.config.json';
const CONFIG_VARIABLE = 'HEADWATER_CONFIG';

/** Where options come from; passed in, so that a test can say what the world looks like. */
export interface OptionSources {
  /** Values of the flags that were given, by option name; `config` names the config file. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

export interface LoadedOptions<Name extends OptionName> {
  readonly options: Pick<CommandOptions, Name>;
  /** What was ignored and why; for the log. */
  readonly warnings: readonly string[];
}

/** A value and the words that name its place: `--port`, `HEADWATER_PORT`, `port in headwater.config.json`. */
interface GivenValue {
  readonly value: unknown;
  readonly place: string;
}

type GivenValues = Partial<Record<string, GivenValue>>;

interface Findings {
  readonly given: GivenValues;
  readonly problems: readonly string[];
  readonly warnings?: readonly string[];
}

/**
 * Collects the named options: a flag beats an environment variable beats the config file beats the default.
 *
 * @throws HW_OPTIONS_INVALID with one line per problem, each naming where the value came from
 */
export function loadOptions<Name extends OptionName>(
  names: readonly Name[],
  sources: OptionSources,
): LoadedOptions<Name> {
  const fromFile = readFile(sources);
  const fromEnv = readEnvironment(sources.env);
  const fromFlags = readFlags(sources.flags);
  const given: GivenValues = { ...fromFile.given, ...fromEnv.given, ...fromFlags.given };

  const problems = [...fromFile.problems];
  const options: Partial<Record<OptionName, unknown>> = {};
  for (const name of names) {
    const schema = commandOptionsSchema.shape[name];
    const result = schema.safeParse(given[name]?.value);
    if (result.success) options[name] = result.data;
    else problems.push(describeProblem(given[name], result.error.issues[0]?.message, schema.meta()?.isSecret));
  }
  if (problems.length > 0) throw new HeadwaterError('HW_OPTIONS_INVALID', problems.join('\n'));
  return { options: options as Pick<CommandOptions, Name>, warnings: fromEnv.warnings ?? [] };
}

function describeProblem(given: GivenValue | undefined, message = 'invalid', isSecret = false): string {
  const problem = `${given?.place ?? 'default'}: ${message}`;
  return isSecret ? problem : `${problem}, got ${JSON.stringify(given?.value)}`;
}

function readFlags(flags: OptionSources['flags']): Findings {
  const given: GivenValues = {};
  for (const { name, flag } of OPTION_DESCRIPTIONS) {
    if (flags[name] !== undefined) given[name] = { value: flags[name], place: flag };
  }
  return { given, problems: [] };
}

/**
 * Unknown variables are only warned about: a platform may put its own into the environment, and a server must not
 * refuse to start because of a neighbour. Kubernetes does so for a service named "headwater" (`HEADWATER_PORT=tcp://…`,
 * `HEADWATER_SERVICE_HOST`); those are nobody's mistake and pass in silence. An empty variable is an unset one.
 */
function readEnvironment(env: OptionSources['env']): Findings {
  const given: GivenValues = {};
  const known = new Map(OPTION_DESCRIPTIONS.map(({ name, variable }) => [variable, name]));
  const warnings: string[] = [];
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('HEADWATER_') || variable === CONFIG_VARIABLE) continue;
    if (value === undefined || value === '' || isServiceLink(variable, value)) continue;
    const name = known.get(variable);
    if (name !== undefined) given[name] = { value, place: variable };
    else warnings.push(`${variable}: unknown variable, ignored${didYouMean(variable, [...known.keys()])}`);
  }
  return { given, problems: [], warnings };
}

function isServiceLink(variable: string, value: string): boolean {
  return (
    /^HEADWATER_(SERVICE_(HOST|PORT)|PORT_\d+_(TCP|UDP))/.test(variable) ||
    (variable === 'HEADWATER_PORT' && /^(tcp|udp):\/\//.test(value))
  );
}

function readFile({ flags, env, workingDirectory }: OptionSources): Findings {
  const named = typeof flags['config'] === 'string' ? flags['config'] : env[CONFIG_VARIABLE] || undefined;
  const file = path.resolve(workingDirectory, named ?? DEFAULT_CONFIG_FILE);
  const shown = named ?? DEFAULT_CONFIG_FILE;

  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (isMissing && named === undefined) return { given: {}, problems: [] };
    const why = isMissing ? 'no such file' : `cannot be read (${(error as Error).message})`;
    return { given: {}, problems: [`config file ${shown}: ${why}`] };
  }
  return readConfig(text, shown, path.dirname(file));
}

function readConfig(text: string, file: string, directory: string): Findings {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    return { given: {}, problems: [`config file ${file}: not valid JSON (${(error as Error).message})`] };
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    return { given: {}, problems: [`config file ${file}: expected a JSON object of options`] };
  }

  const names: readonly string[] = OPTION_DESCRIPTIONS.map(({ name }) => name);
  const given: GivenValues = {};
  const problems: string[] = [];
  for (const [name, value] of Object.entries(config)) {
    if (!names.includes(name)) problems.push(`config file ${file}: unknown option ${name}${didYouMean(name, names)}`);
    else given[name] = { value: resolveFrom(directory, name, value), place: `${name} in config file ${file}` };
  }
  return { given, problems };
}

/** A relative directory in a file means relative to that file, wherever the command runs. */
function resolveFrom(directory: string, name: string, value: unknown): unknown {
  return name === 'data' && typeof value === 'string' && value !== '' ? path.resolve(directory, value) : value;
}
