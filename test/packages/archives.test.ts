import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Problem } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';
import { TempDir } from '../support/temp-dir.ts';
import { CLIENT_ENTRIES } from './client-bundle.ts';
import { type Archive, pack } from './packed.ts';

const run = promisify(execFile);
// By its path: its own exports lead to sources that Node cannot load, in development, which is where tests run.
const attw = `${REPOSITORY}/node_modules/@arethetypeswrong/core/dist/index.js`;
const { checkPackage, createPackageFromTarballData } = (await import(attw)) as typeof import('@arethetypeswrong/core');
const ROOMS = ['protocol', 'client-sdk'] as const;
/** What npm would fetch beside the archives, their dependencies and peers. */
const FETCHED = [
  'lib0',
  'isomorphic.js',
  'y-protocols',
  'yjs',
  'react',
  '@types/react',
  'csstype',
  'ws',
  '@types/node',
  'undici-types',
];

let directory: TempDir;
let archives: Readonly<Record<(typeof ROOMS)[number], Archive>>;
beforeAll(async () => {
  directory = await TempDir.create();
  const [protocol, client] = await Promise.all(ROOMS.map((room) => pack(room, directory.path)));
  archives = { protocol, 'client-sdk': client } as typeof archives;
});
afterAll(() => directory[Symbol.asyncDispose]());

describe.each(ROOMS)('the archive of %s', (room) => {
  test('is as bundlers and Node expect packages to be (publint)', async () => {
    const { messages, pkg } = await publint({ pack: { tarball: archives[room].bytes.buffer }, strict: true });

    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  test('has types for every door, in every way of resolving that knows ES modules and exports (attw)', async () => {
    const result = await checkPackage(createPackageFromTarballData(archives[room].bytes));

    expect(result).toMatchObject({ types: { kind: 'included' } });
    const problems = 'problems' in result ? result.problems : [];
    expect(problems.filter((problem) => !isOfTheOldWorld(problem))).toEqual([]);
  });
});

describe('a project that installed the archives', () => {
  let project: string;
  beforeAll(async () => {
    project = directory.join('project');
    for (const [name, { path: archive }] of [
      ['protocol', archives.protocol],
      ['client', archives['client-sdk']],
    ] as const) {
      const target = `${project}/node_modules/@headwater/${name}`;
      await mkdir(target, { recursive: true });
      await run('tar', ['-xzf', archive, '-C', target, '--strip-components=1']);
    }
    for (const name of FETCHED) {
      await mkdir(path.dirname(`${project}/node_modules/${name}`), { recursive: true });
      await symlink(`${REPOSITORY}/node_modules/${name}`, `${project}/node_modules/${name}`);
    }
    await writeFile(`${project}/package.json`, JSON.stringify({ type: 'module' }));
  });

  test.each(CLIENT_ENTRIES)('imports %s in Node', async (entry) => {
    const source = `import * as door from '${entry}'; console.log(JSON.stringify(Object.keys(door)));`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', source], { cwd: project });

    expect(JSON.parse(stdout)).not.toEqual([]);
  });

  test.each(['nodenext', 'bundler'])('compiles with its types, which are resolved as %s says', async (resolution) => {
    const lines = CLIENT_ENTRIES.map((entry, index) => `export * as door${index} from '${entry}';`);
    const use = [
      "import { userColor } from '@headwater/client';",
      "export const color: string = userColor('ada');",
      '// @ts-expect-error only a text has a colour: so the types are there, and are not any',
      'userColor(1);',
    ];
    await writeFile(`${project}/main.ts`, [...lines, ...use].join('\n'));
    const module = resolution === 'bundler' ? 'esnext' : resolution;
    const flags = [
      '--types',
      'node',
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--module',
      module,
      '--moduleResolution',
      resolution,
    ];

    const result = await run(`${REPOSITORY}/node_modules/.bin/tsc`, [...flags, 'main.ts'], { cwd: project }).catch(
      ({ stdout }: { readonly stdout: string }) => ({ stdout }),
    );

    expect(result).toMatchObject({ stdout: '' });
  });
});

/** Without exports (Node 10), or in files that `require` ES modules: neither is anything to publish for in this century. */
function isOfTheOldWorld(problem: Problem): boolean {
  return (
    problem.kind === 'CJSResolvesToESM' || (problem.kind === 'NoResolution' && problem.resolutionKind === 'node10')
  );
}
