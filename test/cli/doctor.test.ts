import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { describeFileSystem, describeSpace } from '../../server/src/cli/doctor/directory-checks.ts';
import { describeOpenFiles } from '../../server/src/cli/doctor/process-checks.ts';
import { headwater } from '../support/run-command.ts';
import { ServerProcess } from '../support/server-process.ts';
import { storeDocuments, updateOf } from '../support/stored-documents.ts';
import { TempDir } from '../support/temp-dir.ts';

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly found: string;
  readonly advice?: string;
}

async function doctor(...args: readonly string[]): Promise<{ status: number | null; findings: readonly Finding[] }> {
  const { status, stdout } = await headwater(['doctor', '--json', ...args]);
  const lines = stdout.toString().trimEnd().split('\n');
  return { status, findings: lines.map((line) => JSON.parse(line) as Finding) };
}

const named = (findings: readonly Finding[], check: string): Finding | undefined =>
  findings.find((finding) => finding.check === check);

test('a directory without a store is fine, and stays without one', async () => {
  await using directory = await TempDir.create();
  const data = directory.join('not', 'yet');

  const { status, findings } = await doctor('--data', data);

  expect(status).toBe(0);
  expect(findings.map(({ check }) => check)).toEqual([
    'data directory',
    'file system',
    'free space',
    'store',
    'open files',
  ]);
  expect(named(findings, 'store')).toEqual({ check: 'store', status: 'ok', found: 'none yet; the server makes it' });
  expect(named(findings, 'data directory')?.found).toBe(`${directory.path} can be written`);
});

test('for people each line begins with how it is, and says what was found', async () => {
  await using directory = await TempDir.create();
  await storeDocuments(directory.path, { doc: { updates: [updateOf((doc) => doc.getText('text').insert(0, 'x'))] } });

  const { status, stdout } = await headwater(['doctor', '--data', directory.path]);

  expect(status).toBe(0);
  expect(stdout.toString()).toMatch(/^ok {4}store {15}can be read; no server has it open$/m);
});

test('a store that a server has open is left to it, and the server is asked', async () => {
  await using server = await ServerProcess.start();

  expect(named((await doctor('--data', server.data)).findings, 'store')).toMatchObject({
    status: 'ok',
    found: `open in the server with pid ${server.pid}, http://127.0.0.1:${server.port}, which is well`,
  });

  server.signal('SIGSTOP');
  const { status, findings } = await doctor('--data', server.data);
  expect(status).toBe(1);
  expect(named(findings, 'store')).toMatchObject({
    status: 'fail',
    found: expect.stringContaining('does not answer'),
    advice: 'see its log, or restart it',
  });
});

test('a store that cannot be read is a failure with its code, and status 1', async () => {
  await using directory = await TempDir.create();
  await storeDocuments(directory.path, { doc: { updates: [updateOf((doc) => doc.getText('text').insert(0, 'x'))] } });
  await writeFile(directory.join('CURRENT'), 'MANIFEST-999999\n');

  const { status, findings } = await doctor('--data', directory.path);

  expect(status).toBe(1);
  expect(named(findings, 'store')).toMatchObject({
    status: 'fail',
    found: expect.stringContaining('[HW_STORE_UNUSABLE]'),
  });
});

test.each([
  [0x6969, 'fail', 'NFS'],
  [0xfe534d42, 'fail', 'SMB'],
  [0x01021994, 'warn', 'tmpfs'],
  [0x794c7630, 'warn', 'overlay'],
  [0x65735546, 'warn', 'FUSE'],
  [0xef53, 'ok', 'local'],
])('a file system of type %i is "%s" for data: %s', (type, status, found) => {
  expect(describeFileSystem(type, '/data', 'linux')).toMatchObject({ status, found: expect.stringContaining(found) });
});

test.each([
  [100 * 1024 ** 2, 'fail', '0.1 GiB'],
  [1024 ** 3, 'warn', '1.0 GiB'],
  [100 * 1024 ** 3, 'ok', '100.0 GiB'],
])('%i free bytes are "%s"', (bytes, status, found) => {
  expect(describeSpace(bytes)).toMatchObject({ status, found });
});

test.each([
  ['1024', 'warn', 'so about 0 clients'],
  ['65536', 'ok', 'so about 64336 clients'],
  ['unlimited', 'ok', 'no limit'],
])('a limit of %s open files is "%s"', (limit, status, found) => {
  expect(describeOpenFiles(limit)).toMatchObject({ status, found: expect.stringContaining(found) });
});
