import { describe, expect, test } from 'vitest';
import { headwater } from '../support/run-command.ts';
import { StockClient } from '../support/stock-client.ts';
import { DOCUMENT, MODES, recordedPast, servedPast, TEXT } from './recorded-past.ts';

async function textOf(documentName: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await headwater(['export', documentName, '--format', 'text', ...args]);
  return stdout.toString();
}

describe.each(MODES)('with the server %s', (mode) => {
  test('an export at a moment is what the document was', async () => {
    await using past = await recordedPast(mode);

    for (const moment of [2, 5, past.texts.length - 1]) {
      expect(await textOf(DOCUMENT, '--at', String(moment), ...past.data)).toBe(past.texts[moment]);
    }
    expect(await textOf(DOCUMENT, ...past.data)).toBe(past.texts.at(-1));
  });

  test('a restore makes the document what it was, and the next one takes it back', async () => {
    await using past = await recordedPast(mode);
    const last = past.texts.length - 1;

    const there = await headwater(['restore', DOCUMENT, '3', '--author', 'ada', ...past.data]);
    const restored = await textOf(DOCUMENT, '--at', 'latest', ...past.data);
    const again = await headwater(['restore', DOCUMENT, '3', ...past.data]);
    const back = await headwater(['restore', DOCUMENT, String(last), '--json', ...past.data]);

    expect(there).toMatchObject({
      status: 0,
      stderr: `${DOCUMENT} is what it was at moment 3; this is moment ${last + 1}, and ${last} the one before\n`,
    });
    expect(restored).toBe(past.texts[3]);
    expect(again.stderr).toBe(`${DOCUMENT} is what it was at moment 3 already\n`);
    expect(JSON.parse(back.stdout.toString())).toEqual({
      documentName: DOCUMENT,
      restored: last,
      sequence: last + 2,
      isChanged: true,
    });
    expect(await textOf(DOCUMENT, '--at', 'latest', ...past.data)).toBe(past.texts[last]);
    const { stdout } = await headwater(['history', DOCUMENT, '--after', String(last), '--json', ...past.data]);
    const authors = stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { authors: unknown }).authors);
    expect(authors).toEqual([['ada'], ['headwater restore']]);
  });

  test('a fork is a document of its own', async () => {
    await using past = await recordedPast(mode);

    const forked = await headwater(['fork', DOCUMENT, 'copy/of notes', '4', ...past.data]);
    const taken = await headwater(['fork', DOCUMENT, 'copy/of notes', ...past.data]);
    await headwater(['restore', DOCUMENT, '1', ...past.data]);

    expect(forked).toMatchObject({
      status: 0,
      stderr: `"copy/of notes" begins with what ${DOCUMENT} was at moment 4\n`,
    });
    expect(taken.status).toBe(1);
    expect(taken.stderr).toMatch(/^headwater: [^\n]* \[HW_DOCUMENT_EXISTS\]\n$/);
    expect(await textOf('copy/of notes', '--at', 'latest', ...past.data)).toBe(past.texts[4]);
  });

  test('a moment that never was changes nothing', async () => {
    await using past = await recordedPast(mode);

    const number = await headwater(['restore', DOCUMENT, '99', ...past.data]);
    const word = await headwater(['restore', DOCUMENT, 'yesterday', ...past.data]);

    expect(number.status).toBe(1);
    expect(number.stderr).toMatch(/^headwater: [^\n]*moments 0 to 8, and no 99 \[HW_MOMENT_UNKNOWN\]\n$/);
    expect(word.status).toBe(2);
    expect(word.stderr).toMatch(/^headwater: "yesterday" is no moment of notes; [^\n]*no version has a label yet\n$/);
    expect(await textOf(DOCUMENT, '--at', 'latest', ...past.data)).toBe(past.texts.at(-1));
  });
});

test('a restore reaches whoever has the document open, and what they type after it stays', async () => {
  await using past = await servedPast();
  await using ada = await new StockClient(past.server.url, DOCUMENT).synced();
  await using bob = await new StockClient(past.server.url, DOCUMENT).synced();
  const [mine, theirs] = [ada.doc.getText(TEXT), bob.doc.getText(TEXT)];
  mine.insert(mine.length, ' typed before');
  await bob.until(() => theirs.toString().endsWith(' typed before'), 'what was typed before');

  await headwater(['restore', DOCUMENT, '2', ...past.data]);
  await ada.until(() => mine.toString() === past.texts[2], 'the restore');
  mine.insert(mine.length, ' typed after');
  await bob.until(() => theirs.toString() === `${past.texts[2]} typed after`, 'what was typed after');

  expect(await textOf(DOCUMENT, ...past.data)).toBe(`${past.texts[2]} typed after`);
});
