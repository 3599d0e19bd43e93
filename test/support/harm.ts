import * as Y from 'yjs';
import { docOf } from './sessions.ts';

/** An update as it was admitted, and what the document must know afterwards. */
export interface Dose {
  readonly added: Uint8Array | undefined;
  readonly waiting: Uint8Array | undefined;
  readonly deletes: boolean;
  /** Encoded. */
  readonly stateVector: Uint8Array;
}

/** What an update does to a document, once it has been admitted. */
export interface Diagnosis {
  /** Everything that went wrong; empty when the update is harmless. */
  readonly harm: readonly string[];
  /** The document has a state that Yjs itself does not survive and no scanner can see coming: see {@link hasSplitValue}. */
  readonly isBeyondHelp: boolean;
}

/**
 * Gives an update to a document that knows `base`, and to somebody who loads that document afterwards.
 *
 * @param protectedIds - Items (`client:clock`) that must look the same to both; all items when absent.
 */
export function diagnose(
  base: readonly Uint8Array[],
  dose: Dose,
  gc: boolean,
  protectedIds?: ReadonlyMap<string, string>,
): Diagnosis {
  const doc = docOf(base, gc);
  const before = itemsOf(doc);
  const harm: string[] = [];
  try {
    if (dose.added !== undefined) Y.applyUpdate(doc, dose.added);
    if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) harm.push('part of what was added waits');
    if (!hasStateVector(doc, dose.stateVector)) harm.push('the document knows something else than we think');
    const after = itemsOf(doc);
    for (const [id, content] of before) {
      // a new item may take the place of a map's value and all in it; text and lists lose nothing without a deletion
      const mayGo = dose.deletes || content.startsWith('map ');
      const now = after.get(id);
      if (now !== content && !(now === undefined && mayGo)) harm.push(`${id} was ${content} and is ${now}`);
    }

    const reloaded = docOf([Y.encodeStateAsUpdate(doc)], gc);
    if (!hasStateVector(reloaded, dose.stateVector)) harm.push('it knows something else once it is loaded again');
    const afterReload = itemsOf(reloaded);
    for (const [id, content] of after) {
      const isCompared = protectedIds === undefined || (protectedIds.has(id) && content.startsWith('list '));
      const now = afterReload.get(id);
      if (isCompared && now !== content) harm.push(`${id} is ${content}, and ${now} once loaded again`);
    }

    // what waits is kept, and may reach somebody who already has what it waits for
    if (dose.waiting !== undefined) Y.applyUpdate(doc, dose.waiting);
    docOf([Y.encodeStateAsUpdate(doc)], gc);
  } catch (error) {
    harm.push(`Yjs throws: ${String(error)}`);
  }
  return { harm, isBeyondHelp: hasSplitValue(doc) };
}

/** Every clock that still shows something, and what. */
export function itemsOf(doc: Y.Doc): Map<string, string> {
  const items = new Map<string, string>();
  for (const item of visibleItems(doc)) {
    const content = item.content.getContent();
    const place = isUnderKey(item) ? 'map' : 'list';
    for (let i = 0; i < item.length; i++) {
      items.set(`${item.id.client}:${item.id.clock + i}`, `${place} ${show(content[i])}`);
    }
  }
  return items;
}

/**
 * Whether a key has a value of several clocks. Yjs writes one clock per value, but lets a forger write more; and when such a
 * value is split, deleting the type it lies in deletes only its last part, and garbage collection throws at the first.
 * Whether an item lies under a key is inherited from its neighbour, so the update alone does not tell.
 */
function hasSplitValue(doc: Y.Doc): boolean {
  return visibleItems(doc).some((item) => item.parentSub !== null && (item.length > 1 || item.right !== null));
}

function visibleItems(doc: Y.Doc): Y.Item[] {
  return [...doc.store.clients.values()]
    .flat()
    .filter((struct) => struct instanceof Y.Item)
    .filter((item) => !item.deleted && item.countable);
}

/** Whether the item, or a type it lies in, is the value of a key. */
function isUnderKey(item: Y.Item): boolean {
  for (let at: Y.Item | null = item; at !== null; at = Reflect.get(at.parent as object, '_item') as Y.Item | null) {
    if (at.parentSub !== null) return true;
  }
  return false;
}

function show(value: unknown): string {
  if (value instanceof Y.AbstractType || value instanceof Y.Doc) return value.constructor.name;
  // Yjs replaces both halves of a pair when anything comes between them, and whoever may edit can do that
  if (typeof value === 'string' && /^[\ud800-\udfff\ufffd]$/.test(value)) return 'half of a pair';
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)) ?? 'undefined';
}

function hasStateVector(doc: Y.Doc, encoded: Uint8Array): boolean {
  const expected = Y.decodeStateVector(encoded);
  const actual = Y.decodeStateVector(Y.encodeStateVector(doc));
  return actual.size === expected.size && [...actual].every(([clientId, clock]) => expected.get(clientId) === clock);
}
