import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';
import { cleanEnvironment, headwater } from '../support/run-command.ts';
import { storeDocuments, updateOf } from '../support/stored-documents.ts';
import { TempDir } from '../support/temp-dir.ts';

const page = readFileSync(`${REPOSITORY}/docs/errors.md`, 'utf8');
const section = page.split(/^### /m).find((text) => text.startsWith('HW_STORE_CORRUPT\n')) ?? '';
const commands = /^```sh\n(.*?)^```/ms.exec(section)?.[1];

test('the commands of docs/errors.md give back what is left of a damaged store, and leave the damaged one alone', async () => {
  await using directory = await TempDir.create();
  const data = directory.join('data');
  await mkdir(data);
  await storeDocuments(data, { notes: { updates: [updateOf((doc) => doc.getText('text').insert(0, 'still here'))] } });
  await rm(`${data}/CURRENT`);

  const pasted = commands?.replaceAll('./data', data) ?? 'false';
  const { stdout } = await promisify(execFile)('sh', ['-ec', pasted], { cwd: REPOSITORY, env: cleanEnvironment() });
  const { stdout: text } = await headwater(['export', 'notes', '--format', 'text', '--data', `${data}-repaired`]);
  const { stderr } = await headwater(['documents', '--data', data]);

  expect(stdout).toMatch(/ notes\n$/);
  expect(text.toString()).toBe('still here');
  expect(stderr).toContain('[HW_STORE_CORRUPT]');
});
