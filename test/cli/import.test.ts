import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { hasTerminal, headwater, runInTerminal } from '../support/run-command.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { storeDocuments, updateOf, updatesOf } from '../support/stored-documents.ts';
import { TempDir } from '../support/temp-dir.ts';

const abc = updatesOf(
  (doc) => doc.getText('text').insert(0, 'a'),
  (doc) => doc.getText('text').insert(1, 'b'),
  (doc) => doc.getText('text').insert(2, 'c'),
) as [Uint8Array, Uint8Array, Uint8Array];

async function textOf(data: string): Promise<string> {
  const { stdout } = await headwater(['export', 'doc', '--format', 'text', '--type', 'text', '--data', data]);
  return stdout.toString();
}

function clientOf(update: Uint8Array): number | undefined {
  return Y.decodeUpdate(update).structs[0]?.id.client;
}

test('an update is merged with what the document holds', async () => {
  await using directory = await TempDir.create();
  const mine = updateOf((doc) => doc.getText('text').insert(0, 'mine'));
  const yours = updateOf((doc) => doc.getText('text').insert(0, 'yours'));
  await storeDocuments(directory.path, { doc: { updates: [mine] } });
  await writeFile(directory.join('yours.yjs'), yours);

  const result = await headwater(['import', 'doc', directory.join('yours.yjs'), '--data', directory.path]);

  expect(result).toMatchObject({ status: 0, stderr: `imported ${yours.length} of ${yours.length} bytes into doc\n` });
  expect(await textOf(directory.path)).toBe(merged(mine, yours));
});

test('importing the same again changes nothing', async () => {
  await using directory = await TempDir.create();
  await headwater(['import', 'doc', '--data', directory.path], { input: abc[0] });

  const again = await headwater(['import', 'doc', '-', '--data', directory.path], { input: abc[0] });
  const { stdout } = await headwater(['documents', '--json', '--data', directory.path]);

  expect(again).toMatchObject({ status: 0, stderr: 'nothing new for doc\n' });
  expect(JSON.parse(stdout.toString())).toMatchObject({ documentName: 'doc', sequence: 1 });
});

test('a client sees what was imported', async () => {
  await using directory = await TempDir.create();
  await headwater(['import', 'doc', '--data', directory.path], { input: abc[0] });

  await using server = await ServerProcess.start({ data: directory.path });
  await using client = await new StockClient(server.url, 'doc').synced();

  expect(client.doc.getText('text').toString()).toBe('a');
});

test('an update that waits for something missing is kept, says for what, and shows once that is there', async () => {
  await using directory = await TempDir.create();
  await headwater(['import', 'doc', '--data', directory.path], { input: abc[0] });

  const early = await headwater(['import', 'doc', '--data', directory.path], { input: abc[2] });
  const again = await headwater(['import', 'doc', '--data', directory.path], { input: abc[2] });
  const before = await textOf(directory.path);
  const rest = await headwater(['import', 'doc', '--data', directory.path], { input: abc[1] });

  const forWhat = `for edits that are missing: client ${clientOf(abc[0])}, clock 1`;
  expect(early).toMatchObject({
    status: 0,
    stderr: `nothing of it shows in doc yet: ${abc[2].length} bytes are kept and wait ${forWhat}\n`,
  });
  expect(again.stderr).toBe(`nothing new for doc: ${abc[2].length} bytes were kept before and still wait ${forWhat}\n`);
  expect(rest.stderr).toBe(
    `imported ${abc[1].length} of ${abc[1].length} bytes into doc; ${abc[2].length} bytes kept before show now, too\n`,
  );
  expect(before).toBe('a');
  expect(await textOf(directory.path)).toBe('abc');
});

test('of an update that waits in part both parts are told', async () => {
  await using directory = await TempDir.create();
  const other = updateOf((doc) => doc.getText('text').insert(0, 'other'));
  const update = Y.mergeUpdates([other, abc[2]]);

  const { stderr } = await headwater(['import', 'doc', '--data', directory.path], { input: update });

  expect(stderr).toBe(
    `imported ${other.length} of ${update.length} bytes into doc; ${abc[2].length} bytes are kept and wait for edits ` +
      `that are missing: client ${clientOf(abc[0])}, clocks 0 to 1\n`,
  );
});

test.each([
  ['text', 'Hello, Yjs'],
  ['a cut-off update', abc[0].subarray(0, abc[0].length - 1)],
  ['an update with bytes after it', Buffer.concat([abc[0], Buffer.from([1])])],
  ['a struct of length zero', Uint8Array.of(1, 1, 0, 0, 0, 0, 0)],
  ['nothing', ''],
])('%s is refused with one line, and nothing is stored', async (_what, input) => {
  await using directory = await TempDir.create();

  const result = await headwater(['import', 'doc', '--data', directory.path], { input });
  const listed = await headwater(['documents', '--json', '--data', directory.path]);

  expect(result.status).toBe(1);
  expect(result.stderr).toMatch(
    /^headwater: stdin holds no valid Yjs update \(v1\): [^\n]+ \[HW_UPDATE_MALFORMED\]\n$/,
  );
  expect(listed.stdout.toString()).toBe('');
});

test('a file that is not there is one line, and status 1', async () => {
  await using directory = await TempDir.create();

  const result = await headwater(['import', 'doc', directory.join('no.yjs'), '--data', directory.path]);

  expect(result.status).toBe(1);
  expect(result.stderr).toMatch(/^headwater: ENOENT: [^\n]+no\.yjs'\n$/);
});

test.skipIf(!hasTerminal)('with a terminal for stdin it asks for a file', async () => {
  const { status, text } = await runInTerminal(['import', 'doc']);

  expect(status).toBe(2);
  expect(text).toContain('name a file');
});

function merged(...updates: readonly Uint8Array[]): string {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc.getText('text').toString();
}
