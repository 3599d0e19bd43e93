import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { HEADWATER_BIN } from './repository.ts';

/** How a command that ran to its end went. */
export interface CommandResult {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Bytes on stdin, which is closed after them; without any it is empty. */
  readonly input?: Uint8Array | string;
}

/** The environment of this process without what a developer may have set for Headwater. */
export function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(HEADWATER_|NODE_OPTIONS|VITEST|NO_COLOR)/.test(name),
  );
  return { ...Object.fromEntries(inherited), ...extra };
}

/** Runs `headwater` with these arguments as a process of its own and waits for its end. */
export async function headwater(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const child = spawn(HEADWATER_BIN, args, {
    env: cleanEnvironment(options.env),
    cwd: options.cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A command that fails early closes its stdin while we still write to it.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const [stdout, stderr] = await Promise.all([buffer(child.stdout), buffer(child.stderr), once(child, 'close')]);
  return { status: child.exitCode, stdout, stderr: stderr.toString('utf8') };
}

/** Runs a command as if typed into a terminal. From util-linux, so nearly every Linux has it and others do not. */
const SCRIPT = '/usr/bin/script';

/** Whether {@link runInTerminal} works on this machine. */
export const hasTerminal = existsSync(SCRIPT);

/**
 * Runs `headwater` on a terminal of its own, where stdin and stdout are one, until it ends or prints something awaited,
 * after which Ctrl-C is typed.
 */
export async function runInTerminal(
  args: readonly string[],
  until?: RegExp,
): Promise<{ status: number | null; text: string }> {
  // exec: a shell that waits beside the command would get the Ctrl-C too, and end with its own status.
  const quoted = [HEADWATER_BIN, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const child = spawn(SCRIPT, ['-qec', `exec ${quoted}`, '/dev/null'], {
    // What Node looks at when it is asked whether a terminal shows colours: one where tests run by themselves may not say.
    env: { ...cleanEnvironment(), TERM: 'xterm-256color', CI: undefined },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  let isCtrlCTyped = false;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (isCtrlCTyped || until?.test(text) !== true) return;
    isCtrlCTyped = true;
    child.stdin.write('\u0003');
  });
  await once(child, 'close');
  return { status: child.exitCode, text };
}
