import type * as Y from 'yjs';
import { loadState } from './loaded-state.ts';
import { rootKinds } from './root-kinds.ts';

/** A root type as people read it. */
export type RootContent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'xml'; readonly xml: string }
  | { readonly kind: 'map' | 'array'; readonly json: unknown }
  | { readonly kind: 'unknown' };

/**
 * What is in a state, by root type: texts as their characters (formatting and embeds left out), XML as its markup, maps and
 * arrays as plain values (see {@link toJson} for those JSON does not know).
 *
 * @param state - An encoded Yjs state (update v1).
 * @example
 * ```ts
 * contentOf(Y.encodeStateAsUpdate(doc)); // { notes: { kind: 'text', text: 'Hello' } }
 * ```
 */
export function contentOf(state: Uint8Array): Readonly<Record<string, RootContent>> {
  return rootContents(loadState(state));
}

/** Every root type as plain values; `null` where nothing is left that tells what it was. */
export function toPlainValues(doc: Y.Doc): Record<string, unknown> {
  return Object.fromEntries(Object.entries(rootContents(doc)).map(([name, content]) => [name, plainValue(content)]));
}

function rootContents(doc: Y.Doc): Record<string, RootContent> {
  return Object.fromEntries([...rootKinds(doc)].map(([name, kind]) => [name, rootContent(doc, name, kind)]));
}

function rootContent(doc: Y.Doc, name: string, kind: RootContent['kind']): RootContent {
  switch (kind) {
    case 'text':
      return { kind, text: doc.getText(name).toString() };
    case 'map':
      return { kind, json: doc.getMap(name).toJSON() };
    case 'array':
      return { kind, json: doc.getArray(name).toJSON() };
    case 'xml':
      return { kind, xml: doc.getXmlFragment(name).toString() };
    case 'unknown':
      return { kind };
  }
}

function plainValue(content: RootContent): unknown {
  switch (content.kind) {
    case 'text':
      return content.text;
    case 'xml':
      return content.xml;
    case 'map':
    case 'array':
      return content.json;
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
