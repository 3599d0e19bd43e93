import type { Inspector } from './inspector.ts';

/** As the dialog lists them. */
export const SHORTCUTS = [
  { keys: ['Space'], what: 'Play or pause' },
  { keys: ['←', '→'], what: 'One moment back or on' },
  { keys: ['Shift ←', 'Shift →'], what: 'A hundredth of the document back or on' },
  { keys: ['Page Up', 'Page Down'], what: 'On the timeline: further on or back' },
  { keys: ['Home', 'End'], what: 'On the timeline: the beginning, and now' },
  { keys: ['[', ']'], what: 'The named version before or after' },
  { keys: ['L'], what: 'The document as it is now' },
  { keys: ['1', '2', '3'], what: 'Text, JSON, XML' },
  { keys: ['A'], what: 'Colour the text by author' },
  { keys: ['R'], what: 'Restore this moment' },
  { keys: ['?'], what: 'This list' },
] as const;

/** What a page above the inspector opens. */
export interface ShortcutActions {
  readonly restore: () => void;
  readonly help: () => void;
  readonly toggleAuthors: () => void;
}

/** Keys that work wherever the focus is, except where they mean something of their own. */
export function listenForShortcuts(inspector: Inspector, actions: ShortcutActions): () => void {
  const far = (): number => Math.max(Math.round(inspector.lastMoment.value / 100), 1);
  const byKey: Readonly<Record<string, (event: KeyboardEvent) => void>> = {
    ' ': () => inspector.togglePlay(),
    ArrowLeft: ({ shiftKey }) => inspector.step(shiftKey ? -far() : -1),
    ArrowRight: ({ shiftKey }) => inspector.step(shiftKey ? far() : 1),
    '[': () => inspector.stepToVersion(-1),
    ']': () => inspector.stepToVersion(1),
    l: () => inspector.goLive(),
    1: () => inspector.look('text'),
    2: () => inspector.look('json'),
    3: () => inspector.look('xml'),
    a: actions.toggleAuthors,
    r: actions.restore,
    '?': actions.help,
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTaken(event)) return;
    const action = byKey[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (action === undefined) return;
    event.preventDefault();
    action(event);
  };
  document.addEventListener('keydown', onKeyDown);
  return () => document.removeEventListener('keydown', onKeyDown);
}

/** Whether what has the focus uses the key itself: dialogs, fields, and space on buttons. */
function isTaken({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof Element) || document.querySelector('dialog[open]') !== null) return true;
  if (target.closest('input, select, textarea') !== null) return true;
  const presses = key === ' ' && target.closest('button, summary') !== null;
  const movesRadio = key.startsWith('Arrow') && target.closest('[role=radiogroup]') !== null;
  return presses || movesRadio;
}
