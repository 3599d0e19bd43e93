import { Knowledge } from '@headwater/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { PendingBatch } from '../../server/src/documents/pending-batch.ts';
import { deletionFramesOf, framesOf, Tail, type TailBatch } from '../../server/src/documents/tail.ts';
import { yWebsocketFraming } from '../../server/src/wire/y-websocket-framing.ts';
import { contentOf, docOf, openDoc, playSession, type SessionPlan, sessionPlans, settle } from '../support/sessions.ts';
import { enter, openHouse, payloadsOf, readMessage, Typist } from './support.ts';

/** What a batch looks like when it is shown. */
function batchOf(updates: readonly Uint8Array[], knowledge: Knowledge, sequence: number | undefined): TailBatch {
  const batch = new PendingBatch(0);
  for (const update of updates) {
    const admission = knowledge.admit(update);
    if (admission.added !== undefined) batch.add(admission.added, 'ada', admission);
  }
  return { ...batch.toTailBatch(yWebsocketFraming), sequence };
}

function applyFrames(doc: Y.Doc, frames: Uint8Array): void {
  for (const payload of payloadsOf(frames)) Y.applyUpdate(doc, readMessage(payload).body);
}

/** With formats, plain documents do not agree on what this session's text looks like. */
const SHOWN_IN_TWO_WAYS: SessionPlan = { seed: 271_061_283, clients: 2, steps: 55, gc: false, formats: true };

describe('a tail that folds', () => {
  const step = fc.record({ size: fc.integer({ min: 1, max: 3 }), confirmed: fc.boolean(), compacts: fc.nat(9) });

  test('holds what was shown, from every position, whatever is folded, confirmed late or compacted', () => {
    fc.assert(
      fc.property(sessionPlans(), fc.array(step, { minLength: 1, maxLength: 12 }), (plan, steps) => {
        const { updates, oracle } = playSession(plan);
        const tail = new Tail(4);
        const knowledge = Knowledge.empty();
        const compacted = openDoc(plan.gc);
        /** What somebody has who followed up to each position. */
        const followers = [{ position: 0, doc: openDoc(plan.gc) }];
        let running: ReturnType<Tail['take']> | undefined;
        for (let at = 0, i = 0; at < updates.length; i++) {
          const { size, confirmed, compacts } = steps[i % steps.length] ?? { size: 1, confirmed: true, compacts: 9 };
          const batch = batchOf(updates.slice(at, at + size), knowledge, confirmed ? i + 1 : undefined);
          at += size;
          tail.push(batch);
          const last = followers.at(-1)?.doc ?? compacted;
          const next = docOf([Y.encodeStateAsUpdate(last)], plan.gc);
          applyFrames(next, framesOf(batch, yWebsocketFraming));
          followers.push({ position: tail.end, doc: next });
          batch.sequence = i + 1; // the store got over it
          if (compacts === 0) running ??= tail.take();
          if (compacts === 1 && running !== undefined) {
            for (const taken of running.batches) applyFrames(compacted, framesOf(taken, yWebsocketFraming));
            tail.trim(running.end);
            running = undefined;
          }
        }

        const newcomer = docOf([Y.encodeStateAsUpdate(compacted)], plan.gc);
        for (const batch of tail.since(0)) applyFrames(newcomer, framesOf(batch, yWebsocketFraming));
        expect(contentOf(settle(newcomer))).toEqual(contentOf(oracle));
        for (const { position, doc } of followers.filter((follower) => follower.position >= tail.start)) {
          for (const batch of tail.since(position)) applyFrames(doc, framesOf(batch, yWebsocketFraming));
          expect(contentOf(settle(doc))).toEqual(contentOf(oracle));
        }
      }),
      { examples: [[SHOWN_IN_TWO_WAYS, [{ size: 1, confirmed: false, compacts: 1 }]]] },
    );
  });

  test('tells whoever has the structs of a folded batch just its deletions', () => {
    const ada = new Typist(1);
    const knowledge = Knowledge.empty();
    const tail = new Tail(3);
    tail.push(batchOf([ada.type('some words')], knowledge, 1));
    const before = Y.encodeStateAsUpdate(ada.doc);
    for (const at of [0, 1]) {
      tail.push(batchOf([ada.edit(() => ada.doc.getText('text').delete(at, 2))], knowledge, at + 2));
    }
    const [folded, ...others] = tail.since(0);
    if (folded === undefined) throw new Error('nothing there');

    const frames = deletionFramesOf(folded, yWebsocketFraming);
    const doc = docOf([before]);
    applyFrames(doc, frames);

    expect(others).toEqual([]);
    expect(frames.length).toBeLessThan(framesOf(folded, yWebsocketFraming).length - 'some words'.length);
    expect(doc.getText('text').toString()).toBe(ada.doc.getText('text').toString());
  });

  test('what it folds takes fewer bytes, and it says how many', () => {
    const ada = new Typist(1);
    const knowledge = Knowledge.empty();
    const [folding, plain] = [new Tail(100), new Tail(Number.POSITIVE_INFINITY)];
    for (let i = 1; i <= 1_000; i++) {
      const batch = batchOf([ada.type('x')], knowledge, i);
      folding.push(batch);
      plain.push(batch);
    }

    expect(folding.updateCount).toBe(1_000);
    expect(folding.since(0).length).toBeLessThan(110);
    expect(folding.byteLength).toBe(
      folding.since(0).reduce((sum, batch) => sum + framesOf(batch, yWebsocketFraming).length, 0),
    );
    expect(folding.byteLength).toBeLessThan(plain.byteLength * 0.6);
  });
});

test('whoever joins after a thousand keystrokes applies a few updates, not a thousand', async () => {
  const { registry } = openHouse();
  const document = await registry.open('doc');
  const writer = enter(document);
  const ada = new Typist(1);
  for (let i = 0; i < 1_000; i++) {
    document.receive(writer, ada.type('x'));
    if (i % 10 === 0) await document.save();
  }
  await document.save();

  const reader = enter(document);
  const updates = reader.kinds().filter((kind) => kind === 'update').length;

  expect(updates).toBeLessThan(300);
  expect(reader.text()).toBe('x'.repeat(1_000));
});
