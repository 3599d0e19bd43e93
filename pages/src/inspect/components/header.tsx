import type { Signal } from '@preact/signals';
import { Faces } from '../../shared/faces.tsx';
import { Mark } from '../../shared/icons.tsx';
import type { Person } from '../../shared/people.ts';
import { ThemeButton } from '../../shared/theme-button.tsx';
import type { Inspector } from '../inspector.ts';
import { KeysIcon } from './icons.tsx';
import { ShortcutsDialog } from './shortcuts-dialog.tsx';

interface HeaderProps {
  readonly inspector: Inspector;
  readonly isHelpOpen: Signal<boolean>;
}

export function Header({ inspector, isHelpOpen }: HeaderProps) {
  return (
    <header class="header">
      <Mark />
      <h1 class="document-name">
        <span class="brand">Headwater</span> {inspector.documentName}
      </h1>
      <Presence people={inspector.live.people.value} isConnected={inspector.live.isConnected.value} />
      <button
        type="button"
        class="icon-button keys-button"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={() => {
          isHelpOpen.value = true;
        }}
      >
        <KeysIcon />
      </button>
      <ThemeButton />
      <ShortcutsDialog isOpen={isHelpOpen} />
    </header>
  );
}

function Presence({ people, isConnected }: { readonly people: readonly Person[]; readonly isConnected: boolean }) {
  const said = isConnected ? `${people.length || 'Nobody'} here` : 'Not connected';
  return (
    <div class="presence">
      <Faces people={people} />
      <span class="presence-said" data-connected={isConnected}>
        {said}
      </span>
    </div>
  );
}
