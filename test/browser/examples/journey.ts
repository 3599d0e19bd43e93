import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { ServerProcess } from '../../support/server-process.ts';
import type { EditorWindow } from './editor-window.ts';

const PATIENCE = { timeout: 15_000 };
/** Editors and `Y.UndoManager` take what follows within half a second into the same step: this ends one, whatever they do. */
const UNDO_STEP_MS = 1_000;

/**
 * What two people do in one document, whatever the editor.
 *
 * @returns what the pages complained of
 */
export async function workTogether(
  open: (name: string) => Promise<EditorWindow>,
  server: ServerProcess,
): Promise<readonly string[]> {
  await using ada = await open('Ada');
  await using bob = await open('Bob');
  const both = [ada, bob];

  // One types, the other sees it, and where the one is.
  await ada.type('Ada began. ');
  await shows(bob, 'Ada began. ');
  await ada.goToEnd();
  await expect.poll(() => bob.cursors(), PATIENCE).toEqual(['Ada']);

  // Both type at the same place at the same time.
  await Promise.all([ada.type('111 '), bob.type('222 ')]);
  const together = await agree(both, 'Ada began. 111 222');
  await Promise.all(both.map(isSaved));

  // One goes offline; both go on.
  await ada.workOffline(true);
  await expect.poll(() => bob.cursors(), PATIENCE).toEqual([]);
  await ada.type('333 ');
  await bob.type('444 ');
  await shows(ada, `${together} 333`);
  await shows(bob, `${together} 444`);
  await ada.workOffline(false);
  await converge(both, `${together} 333 444`);

  // One takes back what they typed last, and the other's edits stay.
  await delay(UNDO_STEP_MS); // a pause of somebody who types: part of what is tried, not a wait for anything
  await ada.type('555 ');
  await converge(both, `${together} 333 444 555`);
  await bob.type('666 ');
  await converge(both, `${together} 333 444 555 666`);
  const bobs = only(await bob.text(), '246');
  await ada.goToEnd();
  await undoUntil(ada, (text) => !text.includes('5'));
  await expect.poll(async () => only(await bob.text(), '2456'), PATIENCE).toBe(bobs);
  const undone = await bob.text();
  await shows(ada, undone);

  // A window that is opened again shows what was there.
  await bob.reload();
  await shows(bob, undone);

  // The server dies; they go on, and it comes back.
  await Promise.all(both.map(isSaved));
  await server.kill9();
  await Promise.all(both.map((window) => window.isDisconnected()));
  await Promise.all([ada.type('777 '), bob.type('888 ')]);
  expect([await ada.saved(), await bob.saved()]).not.toContain('Saved');
  await server.restart();
  await converge(both, `${undone} 777 888`);
  await Promise.all(both.map(isSaved));

  // Who leaves takes their cursor along.
  await bob.goToEnd();
  await expect.poll(() => ada.cursors(), PATIENCE).toEqual(['Bob']);
  await bob.close();
  await expect.poll(() => ada.cursors(), PATIENCE).toEqual([]);
  return [...ada.complaints, ...bob.complaints];
}

async function shows(window: EditorWindow, text: string): Promise<void> {
  await expect.poll(async () => letters(await window.text()), PATIENCE).toBe(letters(text));
}

/**
 * All show the same, and nothing that was typed is missing. What is typed at one place at once may be interleaved, and
 * ProseMirror may read a key twice when the edit of another is drawn just then.
 *
 * @returns what they show
 */
async function agree(windows: readonly EditorWindow[], typed: string): Promise<string> {
  const shown = async (): Promise<readonly string[]> => Promise.all(windows.map((window) => window.text()));
  await expect
    .poll(async () => {
      const [first = '', ...others] = await shown();
      return { differ: others.filter((text) => text !== first), missing: missing(first, typed) };
    }, PATIENCE)
    .toEqual({ differ: [], missing: '' });
  return (await shown())[0] ?? '';
}

/** All show the same, with exactly these letters. */
async function converge(windows: readonly EditorWindow[], typed: string): Promise<void> {
  await expect
    .poll(async () => {
      const [first = '', ...others] = await Promise.all(windows.map((window) => window.text()));
      return { differ: others.filter((text) => text !== first), letters: letters(first) };
    }, PATIENCE)
    .toEqual({ differ: [], letters: letters(typed) });
}

/** Editors differ in how much they take back at once, and some go by the clock. */
async function undoUntil(window: EditorWindow, isEnough: (text: string) => boolean): Promise<void> {
  await expect
    .poll(async () => {
      await window.undo();
      return isEnough(await window.text());
    }, PATIENCE)
    .toBe(true);
}

/** The letters of a text that another does not have, or has less often. */
function missing(text: string, wanted: string): string {
  let left = letters(text);
  return Array.from(letters(wanted), (letter) => {
    const before = left;
    left = left.replace(letter, '');
    return left === before ? letter : '';
  }).join('');
}

function only(text: string, kept: string): string {
  return Array.from(letters(text))
    .filter((letter) => kept.includes(letter))
    .join('');
}

function letters(text: string): string {
  return Array.from(text.replaceAll(/\s/g, '')).sort().join('');
}

async function isSaved(window: EditorWindow): Promise<void> {
  await expect.poll(() => window.saved(), PATIENCE).toBe('Saved');
}
