import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';
import { cleanEnvironment } from '../support/run-command.ts';

test('whatever the doors of the client export is described, and nothing it speaks of is missing', async () => {
  const generating = promisify(execFile)(process.execPath, ['node_modules/typedoc/bin/typedoc', '--emit', 'none'], {
    cwd: `${REPOSITORY}/docs/reference`,
    env: cleanEnvironment({ NO_COLOR: '1' }),
  });

  expect(await generating.catch(({ stdout, stderr }) => ({ stdout, stderr }))).toEqual({ stdout: '', stderr: '' });
}, 120_000);
