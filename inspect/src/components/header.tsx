import type { Signal } from '@preact/signals';
import type { Inspector } from '../inspector.ts';
import { initialsOf, type Person } from '../live/people.ts';
import { nextTheme, theme } from '../theme.ts';
import { KeysIcon, Mark, ThemeIcon } from './icons.tsx';
import { ShortcutsDialog } from './shortcuts-dialog.tsx';

/** Faces shown; the rest is a number. */
const MAX_FACES = 5;

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
      <button
        type="button"
        class="icon-button"
        aria-label={`Theme: ${theme.value}`}
        title={`Theme: ${theme.value}`}
        onClick={nextTheme}
      >
        <ThemeIcon />
      </button>
      <ShortcutsDialog isOpen={isHelpOpen} />
    </header>
  );
}

function Presence({ people, isConnected }: { readonly people: readonly Person[]; readonly isConnected: boolean }) {
  const hidden = people.length - MAX_FACES;
  const said = isConnected ? `${people.length || 'Nobody'} here` : 'Not connected';
  return (
    <div class="presence">
      <ul class="faces" aria-label="Who is present">
        {people.slice(0, MAX_FACES).map(({ clientId, name, color }) => (
          <li key={clientId} class="face" title={name} style={color === undefined ? {} : { '--face': color }}>
            <span aria-hidden="true">{initialsOf(name)}</span>
            <span class="visually-hidden">{name}</span>
          </li>
        ))}
        {hidden > 0 && <li class="face is-more">+{hidden}</li>}
      </ul>
      <span class="presence-said" data-connected={isConnected}>
        {said}
      </span>
    </div>
  );
}
