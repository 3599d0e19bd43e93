import { expect, test } from 'vitest';
import { type CommandResult, headwater } from '../support/run-command.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { storeDocuments, updateOf } from '../support/stored-documents.ts';
import { TempDir } from '../support/temp-dir.ts';

const update = updateOf((doc) => doc.getText('text').insert(0, 'hello'));

async function storeTwo(directory: TempDir): Promise<void> {
  await storeDocuments(directory.path, { keep: { updates: [update] }, remove: { updates: [update] } });
}

test('deletes one document and leaves the others', async () => {
  await using directory = await TempDir.create();
  await storeTwo(directory);

  const result = await headwater(['delete', 'remove', '--yes', '--data', directory.path]);
  const { stdout } = await headwater(['documents', '--json', '--data', directory.path]);

  expect(result).toMatchObject({ status: 0, stderr: 'deleted remove\n' });
  expect(JSON.parse(stdout.toString())).toMatchObject({ documentName: 'keep' });
});

test('without --yes it says what it would delete, and does not', async () => {
  await using directory = await TempDir.create();
  await storeTwo(directory);

  const result = await headwater(['delete', 'remove', '--data', directory.path]);
  const { stdout } = await headwater(['documents', '--json', '--prefix', 'remove', '--data', directory.path]);

  expect(result.status).toBe(2);
  expect(result.stderr).toMatch(/^headwater: remove \(last changed [^)]+\) was not deleted: add --yes/);
  expect(JSON.parse(stdout.toString())).toMatchObject({ documentName: 'remove' });
});

test.each([[['--yes']], [[]]])('a document nobody stored is one line, and status 1 (%j)', async (flags) => {
  await using directory = await TempDir.create();
  await storeTwo(directory);

  const result = await headwater(['delete', 'nobody', ...flags, '--data', directory.path]);

  expect(result).toMatchObject({
    status: 1,
    stderr: 'headwater: there is no document "nobody" [HW_DOCUMENT_UNKNOWN]\n',
  });
});

test('a deleted name cannot be imported into until its reuse is allowed', async () => {
  await using directory = await TempDir.create();
  await storeTwo(directory);
  const data = ['--data', directory.path];
  await headwater(['delete', 'remove', '--yes', ...data]);

  const { stdout } = await headwater(['documents', '--deleted', '--json', ...data]);
  const refused = await headwater(['import', 'remove', ...data], { input: update });
  const freed = await headwater(['delete', 'remove', '--yes', '--allow-reuse', ...data]);
  const imported = await headwater(['import', 'remove', ...data], { input: update });

  const isoTime: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(JSON.parse(stdout.toString())).toEqual({ documentName: 'remove', deleted: isoTime });
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(
    /^headwater: "remove" was deleted at [\d-]+T[^ ]+, and its name is not free; to make it free: headwater delete remove --yes --allow-reuse \[HW_DOCUMENT_DELETED\]\n$/,
  );
  expect(freed).toMatchObject({ status: 0, stderr: 'there was no remove, and its name is free\n' });
  expect(imported).toMatchObject({ status: 0, stderr: expect.stringMatching(/^imported/) });
});

test('while a server runs it is asked, and its clients are told', async () => {
  await using directory = await TempDir.create();
  await using server = await ServerProcess.start({ data: directory.path });
  await using ada = await new StockClient(server.url, 'notes').synced();
  ada.doc.getText('text').insert(0, 'hello');
  const deleting = (): Promise<CommandResult> => headwater(['delete', 'notes', '--yes', '--data', directory.path]);
  const result = await deleting();
  await ada.until(() => ada.closeCodes.length > 0, 'the close');
  const again = await deleting();

  expect(result).toMatchObject({ status: 0, stderr: 'deleted notes\n' });
  expect(ada.closeCodes).toEqual([4410]);
  expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining('HW_DOCUMENT_UNKNOWN') });
});
