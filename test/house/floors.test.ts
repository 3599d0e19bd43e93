import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { describe, expect, test } from 'vitest';
import { type Import, importsBelow, packageOf, targetOf } from '../support/imports.ts';
import { REPOSITORY } from '../support/repository.ts';

/** Reading this top to bottom is reading the building from the ground up: whom each room may import. */
const FLOORS: Record<string, readonly string[]> = {
  protocol: [],
  persistence: ['protocol'],
  'client-sdk': ['protocol'],
  server: ['protocol', 'persistence', 'client/history'],
  pages: ['client', 'client/history', 'persistence/content'],
};

/** The same inside the server. Files that lie in `server/src` itself are rooms too. */
const SERVER_FLOORS: Record<string, readonly string[]> = {
  'quantity.ts': [],
  'options.ts': ['quantity.ts'],
  logging: [],
  access: ['logging'],
  wire: [],
  workers: ['package-directory.ts'],
  relay: ['logging'],
  documents: ['logging', 'options.ts', 'relay', 'wire', 'workers'],
  'package-directory.ts': [],
  'version.ts': ['package-directory.ts'],
  connection: ['access', 'documents', 'logging', 'options.ts', 'version.ts', 'wire'],
  history: ['documents', 'wire', 'workers'],
  http: ['connection', 'documents', 'history', 'logging', 'options.ts'],
  local: ['documents', 'logging', 'wire'],
  lifecycle: [
    'access',
    'connection',
    'documents',
    'history',
    'http',
    'local',
    'logging',
    'options.ts',
    'relay',
    'workers',
  ],
  'create-server.ts': [
    'access',
    'connection',
    'documents',
    'history',
    'http',
    'lifecycle',
    'local',
    'logging',
    'options.ts',
    'relay',
    'wire',
    'workers',
  ],
  cli: [
    'create-server.ts',
    'documents',
    'http',
    'lifecycle',
    'logging',
    'options.ts',
    'package-directory.ts',
    'quantity.ts',
    'relay',
    'version.ts',
  ],
};

const isRelative = ({ specifier }: Import): boolean => specifier.startsWith('.');
const show = (found: Import): string => `${found.file} imports ${found.specifier}`;

describe.each(Object.entries(FLOORS))('%s', (room, below) => {
  const imports = importsBelow(`${room}/src`);

  test('imports only rooms below it, by their doors', () => {
    const allowed = below.map((name) => `@headwater/${name}`);
    const wrong = imports.filter(
      ({ specifier }) => specifier.startsWith('@headwater/') && !allowed.includes(specifier),
    );

    expect(wrong.map(show)).toEqual([]);
  });

  test('reaches no file of another room', () => {
    const outside = imports.filter((found) => isRelative(found) && !targetOf(found).startsWith(`${room}/src/`));

    expect(outside.map(show)).toEqual([]);
  });

  test('does not come in by its own door', () => {
    const own = imports.filter((found) => isRelative(found) && targetOf(found) === `${room}/src/index.ts`);

    expect(own.map(show)).toEqual([]);
  });
});

test('inside the server imports go down too', () => {
  const sideways = importsBelow('server/src').filter((found) => {
    const from = roomOf(found.file);
    if (!isRelative(found) || from === 'index.ts') return false;
    const to = roomOf(targetOf(found));
    return from !== to && !SERVER_FLOORS[from]?.includes(to);
  });

  expect(sideways.map(show)).toEqual([]);
});

test('the server has no folder outside its plan', () => {
  const rooms = new Set(importsBelow('server/src').map(({ file }) => roomOf(file)));

  expect([...rooms].filter((room) => room !== 'index.ts' && SERVER_FLOORS[room] === undefined)).toEqual([]);
});

test('a page knows nothing of the other pages: what they have in common is shared', () => {
  const sideways = importsBelow('pages/src').filter((found) => {
    if (!isRelative(found)) return false;
    const [from, to] = [roomOf(found.file), roomOf(targetOf(found))];
    return from !== to && to !== 'shared';
  });

  expect(sideways.map(show)).toEqual([]);
});

test('protocol and the client run in a browser: they import nothing of Node', () => {
  const builtin = [...importsBelow('protocol/src'), ...importsBelow('client-sdk/src')].filter((found) =>
    isBuiltin(found),
  );

  expect(builtin.map(show)).toEqual([]);
});

test('bench and tests are the roof: bench knows public doors only', () => {
  const inside = importsBelow('bench/src').filter(
    (found) =>
      (isRelative(found) && !targetOf(found).startsWith('bench/src/')) ||
      /^@headwater\/[^/]+\/(?!package\.json$)/.test(found.specifier),
  );

  expect(inside.map(show)).toEqual([]);
});

test('the examples use what an application can: the doors of the client, and a server to start', () => {
  const doors = ['@headwater/client', '@headwater/client/react', '@headwater/server'];
  const inside = importsBelow('examples').filter(
    (found) =>
      (isRelative(found) && !targetOf(found).startsWith('examples/')) ||
      (found.specifier.startsWith('@headwater/') && !doors.includes(found.specifier)),
  );

  expect(inside.map(show)).toEqual([]);
});

test.each([...Object.keys(FLOORS), 'bench'])('%s declares every package it imports', (room) => {
  const fields = room === 'pages' ? ['devDependencies'] : ['dependencies', 'peerDependencies']; // its build has them in it
  const declared = new Set(dependenciesOf(`${room}/package.json`, fields));
  const undeclared = importsBelow(`${room}/src`).filter(
    (found) => !isRelative(found) && !isBuiltin(found) && !declared.has(packageOf(found)),
  );

  expect(undeclared.map(show)).toEqual([]);
});

test('the root declares every package the tests import', () => {
  const declared = new Set(dependenciesOf('package.json', ['devDependencies']));
  const undeclared = importsBelow('test').filter(
    (found) =>
      !isRelative(found) &&
      !isBuiltin(found) &&
      !found.specifier.startsWith('@headwater/') &&
      !declared.has(packageOf(found)),
  );

  expect(undeclared.map(show)).toEqual([]);
});

/** The folder or file right below the `src` of a room. */
function roomOf(file: string): string {
  return file.split('/')[2] ?? '';
}

function isBuiltin({ specifier }: Import): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

function dependenciesOf(manifest: string, fields: readonly string[]): readonly string[] {
  const content: Record<string, Record<string, string> | undefined> = JSON.parse(
    readFileSync(`${REPOSITORY}/${manifest}`, 'utf8'),
  );
  return fields.flatMap((field) => Object.keys(content[field] ?? {}));
}
