import { Command } from 'commander';
import { SERVER_VERSION } from '../version.ts';
import { COMMON_OPTIONS } from './command-flags.ts';
import { describeFailure, exitStatusOf } from './failure.ts';
import { withoutDashes } from './history/moment-argument.ts';
import { loadOptions } from './option-sources.ts';

const NOTES = `
Every option can also be given by an environment variable (--max-message-bytes is HEADWATER_MAX_MESSAGE_BYTES) or in a
JSON file named by --config; "headwater <command> --help" lists them. Exit status: 0 done, 1 failed, 2 called wrongly.`;

/** Every command, in the order of the help. One that is not called is not loaded: together they take longer than most of them run. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['serve', async () => (await import('./serve.ts')).serveCommand()],
  ['cluster', async () => (await import('./cluster/cluster.ts')).clusterCommand()],
  ['doctor', async () => (await import('./doctor/doctor.ts')).doctorCommand()],
  ['documents', async () => (await import('./documents.ts')).documentsCommand()],
  ['export', async () => (await import('./export.ts')).exportCommand()],
  ['import', async () => (await import('./import.ts')).importCommand()],
  ['delete', async () => (await import('./delete.ts')).deleteCommand()],
  ['history', async () => (await import('./history/history.ts')).historyCommand()],
  ['replay', async () => (await import('./replay/replay.ts')).replayCommand()],
  ['versions', async () => (await import('./history/versions.ts')).versionsCommand()],
  ['restore', async () => (await import('./history/restore.ts')).restoreCommand()],
  ['fork', async () => (await import('./history/fork.ts')).forkCommand()],
  ['diff', async () => (await import('./history/diff.ts')).diffCommand()],
  ['blame', async () => (await import('./history/blame.ts')).blameCommand()],
]);

/** Failures come back as exceptions and are printed in one place; commander's two-line complaints become one. */
function speakOneLine(command: Command): Command {
  for (const subcommand of command.commands) speakOneLine(subcommand);
  return command.exitOverride().configureOutput({
    outputError: (text, write) => {
      const line = text
        .replace(/^error: /, '')
        .trimEnd()
        .replaceAll('\n', ' ');
      write(`headwater: ${line}\n`);
    },
  });
}

/** The program with the command that was called, or with all of them where help or a suggestion has to name them. */
async function createProgram([called = '']: readonly string[]): Promise<Command> {
  const program = new Command('headwater')
    .description('A sync backend for Yjs.')
    .version(SERVER_VERSION, '--version', 'print the version')
    .addHelpText('after', NOTES);
  const wanted = COMMANDS.get(called);
  const loads = wanted === undefined ? [...COMMANDS.values()] : [wanted];
  for (const command of await Promise.all(loads.map((load) => load()))) program.addCommand(command);
  return speakOneLine(program);
}

/** Whether the person asked for stacks. Options that cannot be read ask for nothing. */
function wantsStack(flags: Readonly<Record<string, unknown>>): boolean {
  try {
    const sources = { flags, env: process.env, workingDirectory: process.cwd() };
    return loadOptions(COMMON_OPTIONS, sources).options.logLevel === 'debug';
  } catch {
    return false;
  }
}

let flags: Readonly<Record<string, unknown>> = {};
const args = withoutDashes(process.argv.slice(2));
const program = (await createProgram(args)).hook('preAction', (_program, command) => {
  flags = command.opts();
});

try {
  await program.parseAsync(args, { from: 'user' });
} catch (error) {
  for (const line of describeFailure(error, { showStack: wantsStack(flags) })) process.stderr.write(`${line}\n`);
  process.exitCode = exitStatusOf(error);
}
