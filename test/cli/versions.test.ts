import { describe, expect, test } from 'vitest';
import { type CommandResult, headwater } from '../support/run-command.ts';
import { DOCUMENT, MODES, recordedPast, storedPast } from './recorded-past.ts';

const linesOf = ({ stdout }: CommandResult): readonly Record<string, unknown>[] =>
  stdout
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe.each(MODES)('with the server %s', (mode) => {
  test('versions are created, listed, renamed and deleted', async () => {
    await using past = await recordedPast(mode);
    const run = (...args: readonly string[]) => headwater(['versions', ...args, ...past.data]);

    const created = await run('create', DOCUMENT, 'sent to Ada', '--at', '3', '--author', 'bob');
    const latest = await run('create', DOCUMENT, 'now', '--json');
    const listed = linesOf(await run(DOCUMENT, '--json'));

    expect(created).toMatchObject({ status: 0, stderr: `"sent to Ada" is moment 3 of ${DOCUMENT}\n` });
    expect(listed).toEqual([
      {
        id: expect.any(String),
        label: 'sent to Ada',
        author: 'bob',
        sequence: 3,
        created: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
      linesOf(latest)[0],
    ]);
    expect(linesOf(latest)[0]).toMatchObject({ label: 'now', sequence: past.texts.length - 1 });

    const renamed = await run('rename', DOCUMENT, 'sent to Ada', 'first draft');
    const deleted = await run('delete', DOCUMENT, String(linesOf(latest)[0]?.['id']));
    const left = linesOf(await run('list', DOCUMENT, '--json'));

    expect(renamed.stderr).toBe(`"sent to Ada" of ${DOCUMENT} is now "first draft"\n`);
    expect(deleted).toMatchObject({ status: 0 });
    expect(deleted.stderr).toMatch(/^deleted the version "now" /);
    expect(left).toEqual([{ ...listed[0], label: 'first draft' }]);
  });

  test('labels that cannot be, and versions that are not there, are one line', async () => {
    await using past = await recordedPast(mode);
    const run = (...args: readonly string[]) => headwater(['versions', ...args, ...past.data]);
    await run('create', DOCUMENT, 'draft', '--at', '3');

    const tooLong = await run('create', DOCUMENT, 'x'.repeat(10_240));
    const noMoment = await run('create', DOCUMENT, 'later', '--at', '99');
    const unknown = await run('delete', DOCUMENT, 'final');
    const noDocument = await run('nodes');

    expect(tooLong.status).toBe(1);
    expect(tooLong.stderr).toMatch(/^headwater: [^\n]*10240 bytes[^\n]* \[HW_VERSION_INVALID\]\n$/);
    expect(noMoment.stderr).toMatch(/^headwater: [^\n]*0 to 8, and no 99[^\n]* \[HW_MOMENT_UNKNOWN\]\n$/);
    expect(unknown).toMatchObject({
      status: 2,
      stderr: `headwater: ${DOCUMENT} has the versions "draft", and no "final"\n`,
    });
    expect(noDocument.stderr).toMatch(/^headwater: [^\n]* \[HW_DOCUMENT_UNKNOWN\]\n$/);
    expect(linesOf(await run(DOCUMENT, '--json'))).toHaveLength(1);
  });
});

test('for people there are columns', async () => {
  await using past = await storedPast();
  await headwater(['versions', 'create', DOCUMENT, 'sent to Ada', '--at', '3', '--author', 'bob', ...past.data]);

  const { stdout } = await headwater(['versions', DOCUMENT, ...past.data]);
  const lines = stdout.toString().split('\n');

  expect(lines[0]).toMatch(/^ +MOMENT +NAMED +ID +LABEL +BY$/);
  expect(lines[1]).toMatch(/^ +3 {2}\d{4}-\d\d-\d\dT[\d:.]+Z {2}[\da-f-]{36} {2}"sent to Ada" {2}bob$/);
});
