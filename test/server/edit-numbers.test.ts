import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EditNumbers } from '../../server/src/connection/edit-numbers.ts';

type Step = 'take up' | 'refuse' | 'drop' | 'settle';

test('an edit is never called saved before it is, and always is when all before it are done with', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom<Step>('take up', 'refuse', 'drop', 'settle')), (steps) => {
      const numbers = new EditNumbers();
      /** By number, from 1: whether the edit is done with. */
      const model: boolean[] = [];
      const apply: Record<Step, () => void> = {
        'take up': () => {
          numbers.receive();
          model.push(false);
        },
        refuse: () => {
          numbers.receive();
          model.push(true);
          expect(numbers.refuse()).toBe(model.length);
        },
        drop: () => {
          numbers.drop(1);
          model.push(true);
        },
        settle: () => {
          if (!model.includes(false)) return;
          numbers.settle(1);
          model[model.indexOf(false)] = true; // in the order in which they were taken up
        },
      };
      for (const step of steps) {
        apply[step]();

        const firstOpen = model.indexOf(false);
        expect(numbers.saved).toBe(firstOpen === -1 ? model.length : firstOpen);
      }
    }),
  );
});
