import * as Y from 'yjs';

type AnyType = Y.Doc['share'] extends Map<string, infer Type> ? Type : never;

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
 * Deleted items leave no trace of what they were, so the first that tells anything decides.
 */
export function rootKindOf(type: AnyType): RootKind {
  for (let item = type._start; item !== null; item = item.right) {
    const kind = kindOfContent(item.content);
    if (kind !== undefined) return kind;
  }
  return type._map.size > 0 ? 'map' : 'unknown';
}

function kindOfContent(content: Y.Item['content']): RootKind | undefined {
  if (content instanceof Y.ContentDeleted) return undefined;
  if (content instanceof Y.ContentString || content instanceof Y.ContentFormat || content instanceof Y.ContentEmbed) {
    return 'text';
  }
  if (content instanceof Y.ContentType && isXml(content.type)) return 'xml';
  return 'array';
}

/** Y.XmlText is a Y.Text and Y.XmlHook a Y.Map by class, but both only ever live in XML. */
function isXml(type: AnyType): boolean {
  return type instanceof Y.XmlFragment || type instanceof Y.XmlText || type instanceof Y.XmlHook;
}

/** The root types of a document that was loaded from updates, by name. */
export function rootKinds(doc: Y.Doc): ReadonlyMap<string, RootKind> {
  return new Map([...doc.share].map(([name, type]) => [name, rootKindOf(type)]));
}

/**
 * Every root type as plain values: texts as their characters (formatting and embeds left out), XML as its markup, maps
 * and arrays as they are; `null` where nothing is left that tells what it was.
 */
export function toPlainValues(doc: Y.Doc): Record<string, unknown> {
  return Object.fromEntries([...rootKinds(doc)].map(([name, kind]) => [name, plainValue(doc, name, kind)]));
}

function plainValue(doc: Y.Doc, name: string, kind: RootKind): unknown {
  switch (kind) {
    case 'text':
      return doc.getText(name).toString();
    case 'map':
      return doc.getMap(name).toJSON();
    case 'array':
      return doc.getArray(name).toJSON();
    case 'xml':
      return doc.getXmlFragment(name).toString();
    case 'unknown':
      return null;
  }
}

/** JSON for values Yjs keeps and JSON does not know: bytes as Base64, big integers as their digits. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, replaceForeign, 2);
}

function replaceForeign(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return typeof value === 'bigint' ? value.toString() : value;
}
