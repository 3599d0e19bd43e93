import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import type { HostedDocument } from '../../server/src/documents/hosted-document.ts';
import { Random } from '../support/random.ts';
import { contentOf, docOf, openDoc, playSession, type SessionPlan, sessionPlans, settle } from '../support/sessions.ts';
import { runs } from '../support/soak.ts';
import { deferred } from './deferred.ts';
import { awarenessUpdate, FakeSession, openHouse, turn } from './support.ts';

/** Larger than what is diffed in this thread, so that the way over a worker is taken too. */
const LARGE_TEXT = 'x'.repeat(40_000);

const EMPTY = Uint8Array.of(0, 0);

/** A client that began with some document and has been sent what its session holds. */
interface Reader {
  readonly session: FakeSession;
  readonly doc: Y.Doc;
  hasAsked: boolean;
  taken: number;
}

/** The readers of one document. */
class Hall {
  /** Readers that were shown content before they asked for it. */
  shownBeforeAsking = 0;
  readonly readers: Reader[] = [];
  readonly #document: HostedDocument;
  readonly #random: Random;

  constructor(document: HostedDocument, random: Random) {
    this.#document = document;
    this.#random = random;
  }

  join(known: readonly Uint8Array[], gc: boolean): void {
    const reader = { session: new FakeSession(), doc: docOf(known, gc), hasAsked: false, taken: 0 };
    this.#document.join(reader.session);
    this.readers.push(reader);
    if (this.#random.chance(70)) this.ask(reader);
  }

  /** As a client does: with the state vector of what it has read so far, which may be less than what it was sent. */
  ask(reader: Reader): void {
    const messages = reader.session.messages();
    const wasShown = messages.some(({ kind }) => kind === 'update' || kind === 'sync-step-2');
    if (!reader.hasAsked && wasShown) this.shownBeforeAsking++;
    reader.hasAsked = true;
    if (this.#random.chance(50)) this.read(reader);
    this.#document.answer(reader.session, Y.encodeStateVector(reader.doc));
  }

  read(reader: Reader): void {
    const messages = reader.session.messages();
    for (const { kind, body } of messages.slice(reader.taken)) {
      if (kind === 'update' || kind === 'sync-step-2') Y.applyUpdate(reader.doc, body);
    }
    reader.taken = messages.length;
  }

  leave(reader: Reader): void {
    this.#document.leave(reader.session);
    this.readers.splice(this.readers.indexOf(reader), 1);
  }
}

/** The updates of a session; in a large one three pastes among them, the first in front. */
function updatesOf(plan: SessionPlan, isLarge: boolean, random: Random): Uint8Array[] {
  const updates = [...playSession(plan).updates];
  if (!isLarge) return updates;
  for (const clientId of [77, 78, 79]) {
    const doc = new Y.Doc();
    doc.clientID = clientId;
    doc.getArray('array').insert(0, [LARGE_TEXT, clientId]);
    // in two updates, so that somebody may have one of them
    const half = Y.encodeStateVector(doc);
    doc.getArray('array').insert(2, [clientId]);
    const at = clientId === 77 ? 0 : random.below(updates.length + 1);
    updates.splice(at, 0, Y.encodeStateAsUpdate(doc, Uint8Array.of(0)), Y.encodeStateAsUpdate(doc, half));
  }
  return updates;
}

test('whoever asked and drained has the document, whatever happened on the way', async () => {
  const taken = { diffs: 0, compactions: 0 };
  await fc.assert(
    fc.asyncProperty(sessionPlans({ steps: 40 }), fc.nat(), fc.boolean(), async (plan, seed, isLarge) => {
      const random = new Random(seed);
      const gc = plan.gc ?? true;
      const { store, workers, registry, logged } = openHouse({ compactAfterBytes: 200 + random.below(800) });
      const document = await registry.open('doc');
      const writer = new FakeSession('writer');
      document.join(writer);
      const updates = updatesOf(plan, isLarge, random);
      const pending = [...updates];
      const received: Uint8Array[] = [];
      const hall = new Hall(document, random);
      let gate = deferred();
      let awarenessClock = 0;

      const receive = (index: number): void => {
        const [update] = pending.splice(index, 1);
        if (update === undefined) return;
        received.push(update);
        document.receive(writer, update);
      };
      const withReader = (act: (reader: Reader) => void): void => {
        if (hall.readers.length > 0) act(random.pick(hall.readers));
      };
      const deeds: readonly (() => Promise<void> | void)[] = [
        () => receive(0),
        () => receive(random.below(3)), // out of order
        () => document.receive(writer, random.pick([EMPTY, ...updates.slice(0, received.length + 1)])), // a copy, or early
        () => document.receiveAwareness(writer, awarenessUpdate(1, ++awarenessClock, { at: awarenessClock })),
        () => document.flush(),
        () => turn(),
        () => turn(),
        () => hall.join(random.pick([[], received, received.slice(0, random.below(received.length + 1)), updates]), gc),
        () => withReader((reader) => hall.ask(reader)),
        () => withReader((reader) => hall.read(reader)),
        () => withReader((reader) => void (reader.session.isFull = true)),
        () => withReader((reader) => reader.session.drain(document)),
        () => withReader((reader) => random.chance(30) && hall.leave(reader)),
        () => {
          gate.resolve();
          gate = deferred();
          workers.gate = gate.promise;
        },
        () => gate.resolve(),
      ];
      for (let step = 0; step < 120; step++) await random.pick(deeds)();

      while (pending.length > 0) receive(0);
      gate.resolve();
      workers.gate = undefined;
      await document.save();
      for (const reader of hall.readers) if (!reader.hasAsked) hall.ask(reader);
      for (let round = 0; round < 3; round++) {
        await turn();
        for (const { session } of hall.readers) session.drain(document);
      }
      await turn();

      expect(logged.filter(({ level }) => level === 'error')).toEqual([]);
      expect((await store.load('doc')).waiting).toEqual([]);
      expect(hall.shownBeforeAsking).toBe(0);
      const expected = contentOf(settle(docOf(updates, gc)));
      for (const reader of hall.readers) {
        hall.read(reader);
        expect(reader.doc.store.pendingStructs).toBeNull();
        expect(contentOf(reader.doc)).toEqual(expected);
        expect(reader.session.kinds()).toContain('sync-step-2');
        expect(reader.session.sendsWhileFull).toBe(0);
        expect(reader.session.states().get(1)?.clock ?? 0).toBe(awarenessClock);
      }
      registry.close();
      const again = new FakeSession();
      const reopened = await openHouse({}, store).registry.open('doc');
      reopened.join(again);
      reopened.answer(again, Uint8Array.of(0));
      expect(contentOf(again.applyTo(openDoc(gc)))).toEqual(expected);
      taken.diffs += workers.diffs;
      taken.compactions += workers.compactions;
    }),
    { numRuns: runs(100) },
  );
  // The property is worth nothing when the paths it is about are not taken.
  expect(Math.min(taken.diffs, taken.compactions)).toBeGreaterThan(20);
});
