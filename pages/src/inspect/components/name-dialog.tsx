import { type Signal, useSignal } from '@preact/signals';
import { countText } from '../format.ts';
import type { Inspector } from '../inspector.ts';
import { Dialog } from './dialog.tsx';

/** The longest label the server takes, in bytes; characters are at least one each. */
const MAX_LABEL = 1_024;

/** Gives a moment a name. */
export function NameDialog({ inspector, isOpen }: { readonly inspector: Inspector; readonly isOpen: Signal<boolean> }) {
  const label = useSignal('');
  const failure = useSignal('');
  const moment = inspector.moment.value;

  const save = async (): Promise<void> => {
    failure.value = '';
    try {
      await inspector.nameMoment(moment, label.value.trim());
      label.value = '';
      isOpen.value = false;
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
    }
  };

  return (
    <Dialog isOpen={isOpen} title="Name this moment">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <label class="field">
          Name of moment {countText(moment)}
          <input
            type="text"
            required
            maxLength={MAX_LABEL}
            value={label.value}
            onInput={({ currentTarget }) => {
              label.value = currentTarget.value;
            }}
          />
        </label>
        <p class="hint">A named version is kept for ever, whatever else the history drops.</p>
        {failure.value !== '' && (
          <p class="problem" role="alert">
            {failure.value}
          </p>
        )}
        <div class="dialog-actions">
          <button type="button" class="button" onClick={() => (isOpen.value = false)}>
            Cancel
          </button>
          <button type="submit" class="button is-primary" disabled={label.value.trim() === ''}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}
