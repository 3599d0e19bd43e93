import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OPTION_DESCRIPTIONS } from '../../server/src/cli/command-options.ts';
import { SAME_SIGNAL_MS } from '../../server/src/cli/stop-signals.ts';
import { REPOSITORY } from '../support/repository.ts';
import { headwater } from '../support/run-command.ts';

const words = (text: string): string => text.replace(/\s+/g, ' ');

test('--version is the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(`${REPOSITORY}/server/package.json`, 'utf8')) as { version: string };

  expect(await headwater(['--version'])).toMatchObject({ status: 0, stdout: Buffer.from(`${version}\n`) });
});

test('serve --help says flag, variable and default of every option', async () => {
  const { status, stdout } = await headwater(['serve', '--help']);

  expect(status).toBe(0);
  for (const { flag, description, defaultText, variable } of OPTION_DESCRIPTIONS) {
    expect(words(stdout.toString())).toContain(flag);
    expect(words(stdout.toString())).toContain(`${description} (default: ${defaultText}; env: ${variable})`);
  }
});

test('serve --help says how to force the end, which signals count as one, and what disk it needs', async () => {
  const help = words((await headwater(['serve', '--help'])).stdout.toString());

  expect(help).toContain('A second Ctrl-C forces');
  expect(help).toContain(`Within ${SAME_SIGNAL_MS} ms`);
  expect(help).toMatch(/NFS.* not supported/);
});

const COMMANDS = 'serve cluster doctor documents export import delete history replay restore fork diff blame'.split(
  ' ',
);

test.each(COMMANDS)('%s --help has examples and the variables', async (name) => {
  const { status, stdout } = await headwater([name, '--help']);

  expect(status).toBe(0);
  expect(stdout.toString()).toContain('Examples:\n  $ headwater ');
  expect(stdout.toString()).toContain('env: HEADWATER_DATA');
});

test('versions --help has examples, and each of its commands the variables', async () => {
  const { stdout } = await headwater(['versions', '--help']);

  expect(stdout.toString()).toContain('Examples:\n  $ headwater versions ');
  for (const name of ['list', 'create', 'rename', 'delete']) {
    const { stdout: help } = await headwater(['versions', name, '--help']);
    expect(help.toString()).toContain('env: HEADWATER_DATA');
  }
});

test('without a command it shows the commands, and status 2 says that one was missing', async () => {
  const { status, stderr } = await headwater([]);

  expect(status).toBe(2);
  expect(stderr).toContain('Usage: headwater');
});

test('an unknown command suggests the nearest one', async () => {
  const { status, stderr } = await headwater(['sevre']);

  expect(status).toBe(2);
  expect(stderr).toBe("headwater: unknown command 'sevre' (Did you mean serve?)\n");
});
