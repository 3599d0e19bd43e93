import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { generateTrace } from '../support/generated-trace.ts';
import { headwater } from '../support/run-command.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { findTrace, readTrace, type Trace } from '../support/traces.ts';
import { awaitEnd, replay, TRACE_TEXT } from './replay.ts';

const DOCUMENT = 'trace';
const TIMEOUT_MS = 180_000;

interface StepLine {
  readonly sequence: number;
  readonly update: string;
}

interface RangeLine {
  readonly text: string;
  readonly author: string;
}

async function run(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await headwater(args);
  expect({ status, command: args[0], stderr: status === 0 ? '' : stderr }).toEqual({
    status: 0,
    command: args[0],
    stderr: '',
  });
  return stdout.toString();
}

function linesOf(text: string): readonly unknown[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
}

/** By a plain `Y.Doc`: what the accepted updates make. */
function textAfter(steps: readonly StepLine[]): string {
  const doc = new Y.Doc();
  doc.transact(() => {
    for (const { update } of steps) Y.applyUpdate(doc, Buffer.from(update, 'base64'));
  });
  return doc.getText(TRACE_TEXT).toString();
}

/** By Yjs itself: which client wrote each character that is left. */
function writersOf(text: Y.Text): readonly number[] {
  const writers: number[] = [];
  for (let item = text._start; item !== null; item = item.right) {
    if (!item.deleted && item.countable) writers.push(...Array<number>(item.length).fill(item.id.client));
  }
  return writers;
}

/** Verdicts instead of texts: a diff of a whole session helps nobody. */
async function relive(trace: Trace): Promise<Record<string, boolean>> {
  await using server = await ServerProcess.start();
  await using other = await ServerProcess.start();
  await using first = await new StockClient(server.url, DOCUMENT).synced();
  await using second = await new StockClient(server.url, DOCUMENT).synced();
  const clients = [first, second] as const;
  await replay(trace, clients);
  await awaitEnd(trace, clients);
  const data = ['--data', server.data];
  const everybodyShows = async (text: string): Promise<boolean> => {
    for (const client of clients) {
      await client.until(() => client.doc.getText(TRACE_TEXT).toString() === text, 'a restored text');
    }
    return true;
  };

  const steps = linesOf(await run('replay', DOCUMENT, '--json', ...data)) as readonly StepLine[];
  const last = steps.at(-1)?.sequence ?? 0;
  const middle = Math.floor(last / 2);
  const textOfMiddle = textAfter(steps.filter(({ sequence }) => sequence <= middle));

  await run('replay', DOCUMENT, '--into', `${other.url}/again`, ...data);
  await using reader = await new StockClient(other.url, 'again').synced();

  const blamed = linesOf(await run('blame', DOCUMENT, '--json', ...data)) as readonly RangeLine[];
  const authors = blamed.flatMap(({ text, author }) => Array<string>(text.length).fill(author));
  const writers = writersOf(first.doc.getText(TRACE_TEXT));
  const pairs = new Set(authors.map((author, index) => `${author} ${writers[index]}`));

  await run('restore', DOCUMENT, String(middle), ...data);
  const isRestored = await everybodyShows(textOfMiddle);
  await run('restore', DOCUMENT, String(last), ...data);
  const isTakenBack = await everybodyShows(trace.endContent);
  for (const client of clients) client.close();
  await server.stop();

  return {
    replayed: textAfter(steps) === trace.endContent,
    playedInto: reader.doc.getText(TRACE_TEXT).toString() === trace.endContent,
    // each client is one author, and the other way round
    blamed: blamed.map(({ text }) => text).join('') === trace.endContent && pairs.size === new Set(writers).size,
    twoAuthors: new Set(authors).size === 2,
    isRestored,
    isTakenBack,
    stoppedMiddle: (await run('replay', DOCUMENT, '--to', String(middle), ...data)) === textOfMiddle,
    stoppedRestored: (await run('replay', DOCUMENT, '--to', String(last + 1), ...data)) === textOfMiddle,
    stoppedEnd: (await run('replay', DOCUMENT, ...data)) === trace.endContent,
  };
}

const ALL_OF_IT = {
  replayed: true,
  playedInto: true,
  blamed: true,
  twoAuthors: true,
  isRestored: true,
  isTakenBack: true,
  stoppedMiddle: true,
  stoppedRestored: true,
  stoppedEnd: true,
};

test(
  'a generated session of two people (seed 5) is played into another document, blamed, and restored to its middle',
  async () => {
    expect(await relive(generateTrace(5, { agents: 2, transactions: 1_500 }))).toEqual(ALL_OF_IT);
  },
  TIMEOUT_MS,
);

test(
  'friendsforever, two people typing at the same time, is played into another document, blamed, and restored to its middle',
  async ({ skip }) => {
    const file = findTrace('friendsforever');
    if (file === undefined) return skip('no recorded traces on this machine; the generated session stands in for it');

    expect(await relive(readTrace(file))).toEqual(ALL_OF_IT);
  },
  TIMEOUT_MS,
);
