import { Command } from 'commander';
import { SERVER_VERSION } from '../version.ts';
import { clusterCommand } from './cluster/cluster.ts';
import { COMMON_OPTIONS } from './command-flags.ts';
import { deleteCommand } from './delete.ts';
import { doctorCommand } from './doctor/doctor.ts';
import { documentsCommand } from './documents.ts';
import { exportCommand } from './export.ts';
import { describeFailure, exitStatusOf } from './failure.ts';
import { blameCommand } from './history/blame.ts';
import { diffCommand } from './history/diff.ts';
import { forkCommand } from './history/fork.ts';
import { historyCommand } from './history/history.ts';
import { withoutDashes } from './history/moment-argument.ts';
import { restoreCommand } from './history/restore.ts';
import { versionsCommand } from './history/versions.ts';
import { importCommand } from './import.ts';
import { loadOptions } from './option-sources.ts';
import { replayCommand } from './replay/replay.ts';
import { serveCommand } from './serve.ts';

const NOTES = `
Every option can also be given by an environment variable (--max-message-bytes is HEADWATER_MAX_MESSAGE_BYTES) or in a
JSON file named by --config; "headwater <command> --help" lists them. Exit status: 0 done, 1 failed, 2 called wrongly.`;

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

function createProgram(): Command {
  const program = new Command('headwater')
    .description('A sync backend for Yjs.')
    .version(SERVER_VERSION, '--version', 'print the version')
    .addHelpText('after', NOTES);
  const commands = [
    serveCommand(),
    clusterCommand(),
    doctorCommand(),
    documentsCommand(),
    exportCommand(),
    importCommand(),
    deleteCommand(),
    historyCommand(),
    replayCommand(),
    versionsCommand(),
    restoreCommand(),
    forkCommand(),
    diffCommand(),
    blameCommand(),
  ];
  for (const command of commands) program.addCommand(command);
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
const program = createProgram().hook('preAction', (_program, command) => {
  flags = command.opts();
});

try {
  await program.parseAsync(withoutDashes(process.argv.slice(2)), { from: 'user' });
} catch (error) {
  for (const line of describeFailure(error, { showStack: wantsStack(flags) })) process.stderr.write(`${line}\n`);
  process.exitCode = exitStatusOf(error);
}
