import type { Signal } from '@preact/signals';
import { SHORTCUTS } from '../shortcuts.ts';
import { Dialog } from './dialog.tsx';

export function ShortcutsDialog({ isOpen }: { readonly isOpen: Signal<boolean> }) {
  return (
    <Dialog isOpen={isOpen} title="Keyboard">
      <dl class="shortcuts">
        {SHORTCUTS.map(({ keys, what }) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => (isOpen.value = false)}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
