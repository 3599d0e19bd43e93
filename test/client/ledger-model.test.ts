import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EditLedger, type SentEdit } from '../../client-sdk/src/session/edit-ledger.ts';

/** What happens to a session. Numbers choose among what there is. */
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('change' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('end' as const, 'reopen' as const) }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('send' as const), share: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse-unsent' as const), share: fc.nat(4) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('save' as const), which: fc.nat(12) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('refuse' as const), which: fc.nat(12) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('undo' as const), which: fc.nat(12) }) },
  ),
  { maxLength: 80 },
);

/**
 * A server that keeps what it is told to, and the set of changes that would be lost if it lost everything it did not call saved and the
 * client were gone: what the ledger must never call less than unsaved.
 */
class Model {
  /** In order of their making. */
  readonly made: number[] = [];
  readonly onDisk = new Set<number>();
  readonly undone = new Set<number>();
  /** Messages of this session, by number: what they contain, and whether they were refused. */
  messages: { changes: readonly number[]; isRefused: boolean; isSettled: boolean }[] = [];

  get loose(): readonly number[] {
    return this.made.filter(
      (change) => !this.onDisk.has(change) && !this.undone.has(change) && !this.isInSession(change),
    );
  }

  /** A change that would be lost. */
  get unsaved(): number {
    return this.made.filter((change) => !this.onDisk.has(change) && !this.undone.has(change)).length;
  }

  readonly refusedUnsent = new Set<number>();

  isInSession(change: number): boolean {
    return this.refusedUnsent.has(change) || this.messages.some(({ changes }) => changes.includes(change));
  }

  save(number: number): void {
    for (const message of this.messages.slice(0, number)) {
      if (message.isRefused) continue;
      message.isSettled = true;
      for (const change of message.changes) this.onDisk.add(change);
    }
  }

  /** What was refused may be sent again. */
  reopen(): void {
    for (const message of this.messages) if (message.isRefused) message.changes = [];
    this.refusedUnsent.clear();
  }

  end(): void {
    this.messages = [];
    this.refusedUnsent.clear();
  }
}

test('the ledger says exactly how many changes would be lost, whatever is sent, saved, refused, undone and cut off', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const ledger = new EditLedger<number>();
      const model = new Model();
      let refused: SentEdit<number>[] = [];
      const said: unknown[] = [];
      const expected: unknown[] = [];
      for (const step of script) {
        switch (step.kind) {
          case 'change':
            ledger.note(model.made.length);
            model.made.push(model.made.length);
            break;
          case 'send': {
            const loose = model.loose.slice(0, step.share);
            ledger.send(new Uint8Array(), step.share);
            model.messages.push({ changes: loose, isRefused: false, isSettled: false });
            break;
          }
          case 'refuse-unsent': {
            const loose = model.loose.slice(0, step.share);
            refused.push(ledger.refuseUnsent(new Uint8Array(), step.share));
            for (const change of loose) model.refusedUnsent.add(change);
            break;
          }
          case 'save':
            ledger.save(step.which);
            model.save(step.which);
            break;
          case 'refuse': {
            const message = model.messages[step.which - 1];
            const edit = ledger.refuse(step.which);
            const isPossible = message !== undefined && !message.isSettled && !message.isRefused;
            said.push(edit?.changes);
            expected.push(isPossible ? message.changes : undefined);
            if (isPossible) message.isRefused = true;
            if (edit !== undefined) refused.push(edit);
            break;
          }
          case 'undo': {
            const edit = refused[step.which];
            if (edit !== undefined && ledger.undo(edit)) for (const change of edit.changes) model.undone.add(change);
            break;
          }
          case 'reopen':
            ledger.reopen();
            model.reopen();
            refused = [];
            break;
          case 'end':
            ledger.end();
            model.end();
            refused = [];
            break;
        }

        expect(ledger.unsavedChanges).toBe(model.unsaved);
        expect(ledger.looseChanges).toBe(model.loose.length);
      }
      expect(said).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

test('a message of an old session is not saved by a number of the next one', () => {
  const ledger = new EditLedger<string>();
  ledger.note('a');
  ledger.send(new Uint8Array(), 1);

  ledger.end();
  ledger.save(1);

  expect(ledger.unsavedChanges).toBe(1);
});

test('an edit that was refused in an old session cannot be undone in the next one, where it is loose', () => {
  const ledger = new EditLedger<string>();
  ledger.note('a');
  ledger.send(new Uint8Array(), 1);
  const refused = ledger.refuse(1);

  ledger.end();

  expect(refused?.changes).toEqual(['a']);
  expect(refused !== undefined && ledger.undo(refused)).toBe(false);
  expect([ledger.looseChanges, ledger.unsavedChanges]).toEqual([1, 1]);
});
