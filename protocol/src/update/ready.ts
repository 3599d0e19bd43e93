import type { ScannedUpdate } from './scan-update.ts';
import type { Reference, Section } from './section.ts';

/**
 * Decides how far each section is ready. Clients may need each other's structs from the same update in any order, so a section
 * that lacks something waits on a stack while the section it needs is taken further, as in Yjs' `integrateStructs`; unlike
 * there, structs that need each other in a circle are kept together as waiting.
 *
 * Every step passes a reference or finishes a section, so the time is proportional to the update, however it is knotted.
 */
export function resolveReadiness({ sections, byClient }: ScannedUpdate, known: ReadonlyMap<number, number>): void {
  const available = (clientId: number): number => byClient?.get(clientId)?.readyClock ?? known.get(clientId) ?? 0;
  for (const section of sections) {
    if (section.state === 'open') resolve(section, byClient, available);
  }
}

function resolve(
  section: Section,
  byClient: ReadonlyMap<number, Section> | undefined,
  available: (clientId: number) => number,
): void {
  const stack: Section[] = [section];
  /** What each section on the stack, but the top one, needs from the one above it. */
  const needs: Reference[] = [];
  section.state = 'onStack';
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const missing = top.advance(available);
    if (missing === undefined) {
      top.state = 'final';
      stack.pop();
      needs.pop();
      continue;
    }
    const need = needs.at(-1);
    if (need !== undefined && need.clock < top.readyClock) {
      // it came as far as the section below needs; the rest of it may in turn need that one
      top.state = 'open';
      stack.pop();
      needs.pop();
      continue;
    }
    const blocker = byClient?.get(missing.clientId);
    if (blocker?.state === 'open') {
      blocker.state = 'onStack';
      stack.push(blocker);
      needs.push(missing);
      continue;
    }
    // unknown, or a circle: nothing in this update brings it, and every section on the stack needs the one above it
    for (const blocked of stack) blocked.state = 'final';
    return;
  }
}
