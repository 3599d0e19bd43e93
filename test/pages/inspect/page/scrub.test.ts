import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HistoryClient } from '@headwater/client/history';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { awaitEnd, replay, TRACE_TEXT } from '../../../stories/replay.ts';
import { generateTrace } from '../../../support/generated-trace.ts';
import { ServerProcess } from '../../../support/server-process.ts';
import { StockClient } from '../../../support/stock-client.ts';
import { findTrace, readTrace, type Trace } from '../../../support/traces.ts';
import { InspectBrowser, type InspectPage } from './inspect-page.ts';

const DOCUMENT = 'session';
const TIMEOUT_MS = 240_000;
const PATIENCE = { timeout: 30_000 };

/** Presses of an arrow key that may bring the slider from where a drag left it to a moment. */
const MAX_STEPS = 500;

/** What the text was at a moment, in a plain Y.Doc of a stock client. */
interface Milestone {
  readonly moment: number;
  readonly text: string;
}

/**
 * Two stock clients type a session. At three places of it they stop until both have the same, and note what that is: it was
 * stored before the other could see it, so the last moment there is is that of this text.
 */
async function record(trace: Trace, server: ServerProcess): Promise<readonly Milestone[]> {
  await using first = await new StockClient(server.url, DOCUMENT).synced();
  await using second = await new StockClient(server.url, DOCUMENT).synced();
  const history = new HistoryClient(`http://127.0.0.1:${server.port}`);
  const milestones: Milestone[] = [];
  await replay(trace, [first, second], {
    onTurn: async (done) => {
      if (milestones.length === 3 || done < ((milestones.length + 1) * trace.transactions.length) / 4) return;
      await first.until(() => hasSame(first.doc, second.doc), 'both to have the same');
      const { lastSequence } = await history.timeline(DOCUMENT, { buckets: 1 });
      milestones.push({ moment: lastSequence, text: first.doc.getText(TRACE_TEXT).toString() });
    },
  });
  await awaitEnd(trace, [first, second]);
  return milestones;
}

function hasSame(a: Y.Doc, b: Y.Doc): boolean {
  return Buffer.compare(Y.encodeStateVector(a), Y.encodeStateVector(b)) === 0 && textOf(a) === textOf(b);
}

function textOf(doc: Y.Doc): string {
  return doc.getText(TRACE_TEXT).toString();
}

/** Drags to about where a moment is, then steps to it, as somebody does who looks for it. */
async function scrubTo(page: InspectPage, moment: number, lastMoment: number): Promise<void> {
  await page.dragTo(moment / lastMoment);
  const farStep = Math.max(Math.round(lastMoment / 100), 1);
  for (let steps = 0; steps < MAX_STEPS; steps += 1) {
    const distance = moment - (await page.moment());
    if (distance === 0) return;
    const far = Math.abs(distance) >= farStep ? 'Shift+' : '';
    await page.page.keyboard.press(`${far}${distance > 0 ? 'ArrowRight' : 'ArrowLeft'}`);
  }
  throw new Error(`the slider does not come to moment ${moment}`);
}

/** What the page showed at the places of a session, and what it complained of. */
interface Scrubbed {
  readonly milestones: readonly Milestone[];
  readonly shown: readonly Milestone[];
  readonly complaints: readonly string[];
}

async function scrubThrough(trace: Trace): Promise<Scrubbed> {
  const pictures = await mkdtemp(path.join(tmpdir(), 'headwater-inspect-'));
  await using server = await ServerProcess.start();
  const milestones = await record(trace, server);
  await using browser = await InspectBrowser.launch();
  await using page = await browser.open(server.port, DOCUMENT);
  await expect.poll(() => page.text(), PATIENCE).toBe(trace.endContent);
  const lastMoment = await page.moment();

  const shown: Milestone[] = [];
  for (const { moment } of milestones) {
    await scrubTo(page, moment, lastMoment);
    await expect.poll(() => page.shownMoment(), PATIENCE).toBe(moment);
    shown.push({ moment, text: await page.text() });
    await page.page.screenshot({ path: path.join(pictures, `${moment}.png`) });
  }
  return { milestones, shown, complaints: page.complaints };
}

test(
  'a generated session of two people is scrubbed to three places, with the text each had then',
  async () => {
    const { milestones, shown, complaints } = await scrubThrough(generateTrace(7, { agents: 2, transactions: 800 }));

    expect(shown).toEqual(milestones);
    expect(shown).toHaveLength(3);
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'friendsforever, two people typing at the same time, is scrubbed to three places, with the text each had then',
  async ({ skip }) => {
    const file = findTrace('friendsforever');
    if (file === undefined) return skip('the recorded trace is not here');
    const { milestones, shown, complaints } = await scrubThrough(readTrace(file));

    expect(shown).toEqual(milestones);
    expect(shown).toHaveLength(3);
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);
