import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DocumentHistory, LevelStore } from '@headwater/persistence';
import { expect, onTestFinished, test } from 'vitest';
import { visibleContent } from '../content/visible-content.ts';
import { temporaryDirectory } from '../persistence/temporary-directory.ts';
import { Random } from '../support/random.ts';
import { recordSession } from './session.ts';

const CHILD = fileURLToPath(new URL('children/compacting-child.mjs', import.meta.url));

test.each([11, 12])('kill -9 during compactions costs no record and no moment (seed %i)', async (seed) => {
  const random = new Random(seed);
  const session = recordSession(seed, 120, { bulk: true });
  const directory = await temporaryDirectory();
  const file = join(await temporaryDirectory(), 'session.json');
  await writeFile(
    file,
    JSON.stringify(session.records.map(({ timeMs, entries }) => ({ timeMs, entries: entries.map(asText) }))),
  );

  let isDone = false;
  let kills = 0;
  for (let written = 0; !isDone; ) {
    const messages = await runUntilKilled(directory, file, 1 + random.below(4), random.below(3));
    isDone = messages.some(({ event }) => event === 'done');
    if (!isDone) kills += 1;

    await using store = await LevelStore.open(directory);
    const outline = await store.history('doc');
    const sequence = outline?.sequence ?? 0;
    expect(sequence).toBeGreaterThanOrEqual(written);
    // What was reported as compacted, is; what was not, either is, or the store is as it was before.
    const compacted = messages.findLast(({ event }) => event === 'compacted')?.sequence ?? 0;
    expect(outline?.snapshotSequence).toBeGreaterThanOrEqual(compacted);
    await expectStates(store, session.contents, written, sequence);
    written = sequence;
  }

  expect(kills).toBeGreaterThan(5);
  await using store = await LevelStore.open(directory);
  expect((await store.history('doc'))?.keyFrames.length).toBeGreaterThan(0);
  await expectStates(store, session.contents, 0, session.records.length);
});

/** Kills the child a moment after it began its nth compaction. */
async function runUntilKilled(
  directory: string,
  file: string,
  compactions: number,
  delayMs: number,
): Promise<readonly { event: string; sequence?: number }[]> {
  const child = fork(CHILD, [directory, file], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const messages: { event: string; sequence?: number }[] = [];
  const closed = once(child, 'close');
  child.on('message', (message: { event: string; sequence?: number }) => {
    messages.push(message);
    const begun = messages.filter(({ event }) => event === 'compacting').length;
    if (message.event === 'compacting' && begun === compactions) {
      setTimeout(() => child.kill('SIGKILL'), delayMs); // at whatever the compaction has come to by then
    }
  });
  await closed;
  return messages;
}

async function expectStates(store: LevelStore, contents: readonly unknown[], from: number, to: number): Promise<void> {
  const history = new DocumentHistory(store);
  for (let moment = from; moment <= to; moment += 1) {
    const doc = (await history.stateAt('doc', moment)).doc();
    expect(visibleContent(doc), `moment ${moment}`).toEqual(contents[moment]);
    doc.destroy();
  }
}

function asText({ update, author }: { readonly update: Uint8Array; readonly author: string }): object {
  return { update: Buffer.from(update).toString('base64'), author };
}
