import * as Y from 'yjs';

/** Any shared type: what {@link Y.Doc.share} holds. */
export type SharedType = Y.Doc['share'] extends Map<string, infer Type> ? Type : never;

/** What a root type holds. `unknown`: everything in it was deleted, and an empty text looks like an empty array. */
export type RootKind = 'text' | 'map' | 'array' | 'xml' | 'unknown';

/**
 * Works out what the application uses a root type as. An update does not say: root types become a text, map, array or
 * XML fragment only when somebody asks for one, so the contents have to tell:
 *
 * - characters, formats or embeds: a text
 * - XML elements or XML texts: an XML fragment
 * - any other values in a row: an array
 * - only values under keys: a map
 *
 * Deleted items leave no trace of what they were. Shared types lie in texts and arrays as well as in XML, so they decide only
 * when there is nothing else.
 */
export function rootKindOf(type: SharedType): RootKind {
  let hint: RootKind | undefined;
  for (let item = type._start; item !== null; item = item.right) {
    const { content } = item;
    if (content instanceof Y.ContentDeleted) continue;
    if (content instanceof Y.ContentType) hint ??= isXml(content.type) ? 'xml' : 'array';
    else return isOfText(content) ? 'text' : 'array';
  }
  return hint ?? (type._map.size > 0 ? 'map' : 'unknown');
}

function isOfText(content: Y.Item['content']): boolean {
  return content instanceof Y.ContentString || content instanceof Y.ContentFormat || content instanceof Y.ContentEmbed;
}

/** Y.XmlText is a Y.Text and Y.XmlHook a Y.Map by class, but both only ever live in XML. */
function isXml(type: SharedType): boolean {
  return type instanceof Y.XmlFragment || type instanceof Y.XmlText || type instanceof Y.XmlHook;
}

/** What any type holds: one that lies in another says so itself. */
export function kindOf(type: SharedType): RootKind {
  if (type instanceof Y.Text) return 'text';
  if (type instanceof Y.Map) return 'map';
  if (type instanceof Y.Array) return 'array';
  return type instanceof Y.XmlFragment ? 'xml' : rootKindOf(type);
}

/** The root types of a document that was loaded from updates, by name. */
export function rootKinds(doc: Y.Doc): ReadonlyMap<string, RootKind> {
  return new Map([...doc.share].map(([name, type]) => [name, rootKindOf(type)]));
}
