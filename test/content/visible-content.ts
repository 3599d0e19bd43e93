import { isDeepStrictEqual } from 'node:util';
import * as Y from 'yjs';

/**
 * All that users see of a document of {@link openDoc}, read by what Yjs offers. Equal for equal documents: neighbours with
 * the same attributes are one, as formats without effect cut texts in pieces.
 */
export function visibleContent(doc: Y.Doc): unknown {
  return {
    text: visible(doc.getText('text')),
    array: visible(doc.getArray('array')),
    map: visible(doc.getMap('map')),
    xml: visible(doc.getXmlFragment('xml')),
  };
}

/** A value or a type, deeply. */
export function visible(value: unknown): unknown {
  if (value instanceof Y.Doc) return { $: 'document', guid: value.guid, meta: value.meta, autoLoad: value.autoLoad };
  if (value instanceof Y.Text)
    return { $: kindOf(value), delta: joinedDelta(value), attributes: value.getAttributes() };
  if (value instanceof Y.XmlHook) return { $: 'hook', name: value.hookName, entries: entriesOf(value) };
  if (value instanceof Y.Map) return { $: 'map', entries: entriesOf(value) };
  if (value instanceof Y.Array) return { $: 'array', items: value.toArray().map(visible) };
  if (value instanceof Y.XmlElement) {
    return {
      $: 'element',
      name: value.nodeName,
      attributes: visible(value.getAttributes()),
      children: value.toArray().map(visible),
    };
  }
  if (value instanceof Y.XmlFragment) return { $: 'fragment', children: value.toArray().map(visible) };
  if (Array.isArray(value)) return value.map(visible);
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, visible(entry)]));
}

interface Insertion {
  readonly insert: unknown;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export function joinedDelta(text: Y.Text): readonly Insertion[] {
  const joined: Insertion[] = [];
  for (const { insert, attributes = {} } of text.toDelta() as {
    insert: unknown;
    attributes?: Insertion['attributes'];
  }[]) {
    const last = joined.at(-1);
    if (
      typeof insert === 'string' &&
      typeof last?.insert === 'string' &&
      isDeepStrictEqual(last.attributes, attributes)
    ) {
      joined[joined.length - 1] = { insert: last.insert + insert, attributes };
    } else joined.push({ insert: visible(insert), attributes });
  }
  return joined;
}

function entriesOf(map: Y.Map<unknown>): unknown {
  return Object.fromEntries([...map.entries()].map(([key, value]) => [key, visible(value)]));
}

function kindOf(text: Y.Text): string {
  return text instanceof Y.XmlText ? 'xml-text' : 'text';
}
