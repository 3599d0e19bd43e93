import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, symlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';
import { cleanEnvironment } from '../support/run-command.ts';
import { TempDir } from '../support/temp-dir.ts';

const PACKAGES = ['protocol', 'persistence', 'client-sdk', 'server'];

function contentOf(file: string): string {
  return readFileSync(`${REPOSITORY}/${file}`, 'utf8');
}

/** The paths `npm pack` would put into a package's archive. */
async function packed(directory: string, ...flags: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--silent', ...flags], {
    cwd: directory,
    env: cleanEnvironment(),
    maxBuffer: 16 * 1024 * 1024,
  });
  const [content] = JSON.parse(stdout) as readonly { readonly files: readonly { readonly path: string }[] }[];
  return content?.files.map((file) => file.path) ?? [];
}

test.each(PACKAGES)('the archive of %s holds the build, its sources, the licence and a page about it', async (name) => {
  const paths = await packed(`${REPOSITORY}/${name}`, '--ignore-scripts');

  expect(paths).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts']));
  const expected = ['LICENSE', 'README.md', 'dist', 'package.json', 'src', ...(name === 'server' ? ['bin'] : [])];
  expect(new Set(paths.map((path) => path.split('/')[0]))).toEqual(new Set(expected));
});

test('the archive of the server holds what it starts by path, the command and the workers, and the licences of what is in the command', async () => {
  const paths = await packed(`${REPOSITORY}/server`, '--ignore-scripts');

  const command = ['bin/headwater.js', 'dist/command/main.js', 'dist/command/licenses.md'];
  const workers = ['dist/workers/worker.js', 'dist/workers/history-worker.js'];
  expect(paths).toEqual(expect.arrayContaining([...command, ...workers]));
});

test('packing builds first, so that a fresh clone makes no empty archive', async () => {
  await using clone = await TempDir.create();
  await cp(`${REPOSITORY}/protocol`, clone.join('protocol'), {
    recursive: true,
    filter: (source) => !/\/(dist|[^/]*\.tsbuildinfo)$/.test(source),
  });
  await cp(`${REPOSITORY}/tsconfig.base.json`, clone.join('tsconfig.base.json'));
  await symlink(`${REPOSITORY}/node_modules`, clone.join('node_modules'));

  expect(await packed(clone.join('protocol'))).toContain('dist/index.js');
});

test.each(PACKAGES)('%s is built before it is packed, and has the licence of the repository', (name) => {
  const prepack = name === 'server' ? 'tsc -b && npm run build' : 'tsc -b';
  expect(JSON.parse(contentOf(`${name}/package.json`))).toMatchObject({ scripts: { prepack } });
  expect(contentOf(`${name}/LICENSE`)).toBe(contentOf('LICENSE'));
});
