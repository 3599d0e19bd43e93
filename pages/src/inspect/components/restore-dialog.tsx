import { type Signal, useSignal } from '@preact/signals';
import { countText, whenText } from '../format.ts';
import type { Inspector } from '../inspector.ts';
import { Dialog } from './dialog.tsx';

/** Asks before everybody's document changes, and says what will happen. */
export function RestoreDialog({
  inspector,
  isOpen,
}: {
  readonly inspector: Inspector;
  readonly isOpen: Signal<boolean>;
}) {
  const isBusy = useSignal(false);
  const failure = useSignal('');
  const moment = inspector.moment.value;
  const since = inspector.lastMoment.value - moment;
  const timeMs = inspector.facts.value?.timeMs ?? inspector.scale.value?.timeOf(moment);
  const present = inspector.live.people.value.length;

  const restore = async (): Promise<void> => {
    isBusy.value = true;
    failure.value = '';
    try {
      await inspector.restore(moment);
      isOpen.value = false;
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
    } finally {
      isBusy.value = false;
    }
  };

  return (
    <Dialog isOpen={isOpen} title="Restore this moment?">
      <p>
        “{inspector.documentName}” becomes what it was at <strong>moment {countText(moment)}</strong>
        {timeMs !== undefined && <>, {whenText(timeMs)}</>}.
      </p>
      <ul class="consequences">
        <li>{presentText(present)}</li>
        <li>The {countText(since)} moments since then stay in the history; you can come back to any of them.</li>
        <li>What others write meanwhile is not lost.</li>
      </ul>
      {failure.value !== '' && (
        <p class="problem" role="alert">
          {failure.value}
        </p>
      )}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => (isOpen.value = false)}>
          Cancel
        </button>
        <button type="button" class="button is-primary" disabled={isBusy.value} onClick={() => void restore()}>
          {isBusy.value ? 'Restoring…' : 'Restore'}
        </button>
      </div>
    </Dialog>
  );
}

function presentText(present: number): string {
  if (present === 0) return 'Everybody who has it open sees the change at once.';
  return present === 1
    ? 'One person has it open and sees the change at once.'
    : `${present} people have it open and see the change at once.`;
}
