import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DocumentHistory, LevelStore, RETENTION_DEFAULTS } from '@headwater/persistence';
import { expect, onTestFinished, test } from 'vitest';
import { survivors } from '../../persistence/src/history/survivors.ts';
import { visibleContent } from '../content/visible-content.ts';
import { temporaryDirectory } from '../persistence/temporary-directory.ts';
import { Random } from '../support/random.ts';
import { IS_SOAK } from '../support/soak.ts';
import { recordSession, type Session } from './session.ts';

/** One session, or many in a soak: where the kills hit is another place each time. */
const seeds = (first: number): readonly number[] =>
  Array.from({ length: IS_SOAK ? 20 : 1 }, (_, index) => first + index);

const HOUR_MS = 3_600_000;
const CHILD = fileURLToPath(new URL('children/compacting-child.mjs', import.meta.url));

test.each(seeds(11))('kill -9 during compactions costs no record and no moment (seed %i)', async (seed) => {
  const random = new Random(seed);
  const session = recordSession(seed, 120, { bulk: true });
  const directory = await temporaryDirectory();
  const file = await writeSession(session);

  let isDone = false;
  let kills = 0;
  for (let written = 0; !isDone; ) {
    const when = { event: 'compacting', times: 1 + random.below(4), delayMs: random.below(3) };
    const messages = await runUntilKilled([directory, file], when);
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

test.each(seeds(13))('kill -9 while records are thinned costs no moment that is to be kept (seed %i)', async (seed) => {
  const random = new Random(seed);
  const session = recordSession(seed, 80, { bulk: true, stepMs: HOUR_MS / 2 });
  const directory = await temporaryDirectory();
  const file = await writeSession(session);
  const agedMs = 8 * 24 * HOUR_MS; // all of it is old as soon as it is compacted

  let isDone = false;
  let kills = 0;
  while (!isDone) {
    const when = { event: 'maintaining', times: 1 + random.below(3), delayMs: random.below(12) };
    const messages = await runUntilKilled([directory, file, String(agedMs)], when);
    isDone = messages.some(({ event }) => event === 'done');
    if (!isDone) kills += 1;

    await using store = await LevelStore.open(directory);
    const history = new DocumentHistory(store);
    const moments = await history.moments('doc', { limit: 1_000 });
    const { sequence = 0 } = (await store.history('doc')) ?? {};
    const written = session.records.slice(0, sequence);
    const kept = survivors(written, RETENTION_DEFAULTS, (written.at(-1)?.timeMs ?? 0) + agedMs);
    expect(moments.map((moment) => moment.sequence)).toEqual(expect.arrayContaining([...kept]));
    for (const moment of moments) await expectStates(store, session.contents, moment.sequence, moment.sequence);
  }

  expect(kills).toBeGreaterThan(3);
});

async function writeSession({ records }: Session): Promise<string> {
  const file = join(await temporaryDirectory(), 'session.json');
  await writeFile(
    file,
    JSON.stringify(records.map(({ timeMs, entries }) => ({ timeMs, entries: entries.map(asText) }))),
  );
  return file;
}

interface ChildMessage {
  readonly event: string;
  readonly sequence?: number;
}

/** Kills the child a moment after it said something for the nth time. */
async function runUntilKilled(
  args: readonly string[],
  when: { readonly event: string; readonly times: number; readonly delayMs: number },
): Promise<readonly ChildMessage[]> {
  const child = fork(CHILD, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const messages: ChildMessage[] = [];
  const closed = once(child, 'close');
  child.on('message', (message: ChildMessage) => {
    messages.push(message);
    const said = messages.filter(({ event }) => event === when.event).length;
    if (message.event === when.event && said === when.times) {
      setTimeout(() => child.kill('SIGKILL'), when.delayMs); // at whatever it has come to by then
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
