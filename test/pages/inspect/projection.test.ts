import { DocumentHistory, MemoryStore } from '@headwater/persistence';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import type { HistorySource } from '../../../pages/src/inspect/past/history-source.ts';
import type { Frame, Report } from '../../../pages/src/inspect/past/messages.ts';
import { Projection } from '../../../pages/src/inspect/past/projection.ts';
import { compact } from '../../history/session.ts';
import { Random } from '../../support/random.ts';

const DOCUMENT = 'notes';
const HOUR_MS = 3_600_000;

/** A document of which retention has left every moment of the last days, and one in an hour before. */
interface ThinnedPast {
  readonly history: DocumentHistory;
  /** The moments that are left, in order; 0 is the empty document. */
  readonly kept: readonly number[];
  /** By moment, in a plain Y.Doc. */
  readonly texts: readonly string[];
}

async function thinnedPast(seed: number, records: number): Promise<ThinnedPast> {
  const random = new Random(seed);
  const store = new MemoryStore();
  const doc = new Y.Doc();
  const text = doc.getText('text');
  const texts = [''];
  const startMs = Date.UTC(2026, 0, 1);
  let timeMs = startMs;
  let update: Uint8Array = new Uint8Array();
  doc.on('update', (made: Uint8Array) => {
    update = made;
  });
  for (let record = 1; record <= records; record += 1) {
    if (text.length > 3 && random.chance(25)) text.delete(random.below(text.length - 2), 2);
    else text.insert(random.below(text.length + 1), random.pick(['ab', 'c\n', 'déjà ', '😀']));
    timeMs += random.below(HOUR_MS / 4);
    await store.append(DOCUMENT, { timeMs, entries: [{ update, author: 'ada' }] }).durable;
    texts.push(text.toString());
  }
  const history = new DocumentHistory(store, { now: () => timeMs });
  await history.setRetention(DOCUMENT, {
    keepAllMs: Math.floor((timeMs - startMs) / 2),
    tiers: [{ everyMs: HOUR_MS }],
    maxBytes: 10_000_000,
  });
  for (let upTo = 100; upTo <= records; upTo += 100) await compact(store, DOCUMENT, upTo);
  await history.maintain(DOCUMENT);
  const moments = await history.moments(DOCUMENT, { limit: records });
  return { history, texts, kept: [0, ...moments.map(({ sequence }) => sequence)] };
}

/** Orders a projection about, and waits for what it shows. */
class Screen {
  readonly projection: Projection;
  readonly #heard: Report[] = [];
  #wake = (): void => {};

  constructor(source: HistorySource) {
    this.projection = new Projection(source, DOCUMENT, (said) => {
      this.#heard.push(said);
      if (said.kind === 'frame') this.projection.obey({ kind: 'shown' });
      this.#wake();
    });
  }

  /** The first frame with its facts, for what was asked. */
  async seek(moment: number, isOnward = false): Promise<Frame> {
    this.#heard.length = 0;
    this.projection.obey({ kind: 'seek', moment, isOnward });
    return this.#first((said) => (said.kind === 'frame' && said.frame.facts !== undefined ? said.frame : undefined));
  }

  /** Every frame until the end. */
  async play(): Promise<readonly Frame[]> {
    this.#heard.length = 0;
    this.projection.obey({ kind: 'play', pace: { kind: 'times', factor: Number.POSITIVE_INFINITY } });
    await this.#first((said) => (said.kind === 'ended' ? true : undefined));
    return this.#heard.flatMap((said) => (said.kind === 'frame' ? [said.frame] : []));
  }

  async #first<T>(pick: (said: Report) => T | undefined): Promise<T> {
    for (;;) {
      for (const said of this.#heard) {
        if (said.kind === 'failed') throw new Error(said.message);
        const picked = pick(said);
        if (picked !== undefined) return picked;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function textOf({ content }: Frame): string {
  if (content.view !== 'text') throw new Error('it is no text');
  return content.roots.map(({ text }) => text).join('');
}

test.each([1, 2, 3])(
  'what is not kept any more shows as the nearest moment that is, and is stepped over (seed %i)',
  async (seed) => {
    const { history, kept, texts } = await thinnedPast(seed, 1_500);
    const screen = new Screen(history);
    const random = new Random(seed);
    expect(kept.length).toBeLessThan(texts.length); // there is something to step over

    for (let round = 0; round < 150; round += 1) {
      const wanted = random.below(texts.length);
      const isOnward = random.chance(40);
      const frame = await screen.seek(wanted, isOnward);

      const nearest = isOnward ? kept.find((moment) => moment >= wanted) : kept.findLast((moment) => moment <= wanted);
      expect({ wanted, isOnward, moment: frame.moment }).toEqual({ wanted, isOnward, moment: nearest });
      expect(textOf(frame)).toBe(texts[frame.moment]);
    }
  },
);

test('playing shows moments as they were, from where it is to the last', async () => {
  const { history, kept, texts } = await thinnedPast(4, 800);
  const screen = new Screen(history);
  await screen.seek(kept[5] ?? 0);

  const frames = await screen.play();

  const shown = frames.map(({ moment }) => moment);
  expect(shown).toEqual(shown.toSorted((a, b) => a - b));
  expect(shown.at(-1)).toBe(texts.length - 1);
  for (const frame of frames) expect(textOf(frame)).toBe(texts[frame.moment]);
});

test('of moments asked for at once the last is shown, and not all before it are loaded', async () => {
  const { history, texts } = await thinnedPast(5, 600);
  let loads = 0;
  const counting: HistorySource = {
    moments: (name, range) => history.moments(name, range),
    replay: (name, options) => history.replay(name, options),
    stateAt: (name, moment) => {
      loads += 1;
      return history.stateAt(name, moment ?? 0);
    },
  };
  const screen = new Screen(counting);

  for (let moment = 590; moment > 500; moment -= 1) screen.projection.obey({ kind: 'seek', moment, isOnward: false });
  const frame = await screen.seek(560);

  expect(frame.moment).toBe(560);
  expect(textOf(frame)).toBe(texts[560]);
  expect(loads).toBeLessThan(5);
});
