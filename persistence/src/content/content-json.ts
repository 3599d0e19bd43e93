import * as Y from 'yjs';
import { type Attributes, passFormat } from './formats.ts';
import type { SharedType } from './root-kinds.ts';
import { aliveKeys } from './units.ts';

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Attributes of a stretch of text. */
export type JsonAttributes = Readonly<Record<string, Json>>;

/**
 * A value of a document as JSON. Plain values are themselves. What JSON does not know is an object with the key `$yjs`:
 *
 * - `{ $yjs: 'binary', base64 }`, `{ $yjs: 'bigint', digits }`, `{ $yjs: 'undefined' }`, `{ $yjs: 'number', value: 'NaN' }`
 * - `{ $yjs: 'document', guid }`: a subdocument
 * - `{ $yjs: 'text', delta }`, `{ $yjs: 'array', items }`, `{ $yjs: 'map', entries }`: shared types, deeply
 * - `{ $yjs: 'xml-element', name, attributes, children }`, `{ $yjs: 'xml-fragment', children }`,
 *   `{ $yjs: 'xml-text', delta, attributes }`, `{ $yjs: 'xml-hook', name, entries }`
 */
export function jsonOf(value: unknown): Json {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $yjs: 'number', value: String(value) };
  if (typeof value === 'bigint') return { $yjs: 'bigint', digits: value.toString() };
  return typeof value === 'object' ? jsonOfObject(value) : { $yjs: 'undefined' };
}

function jsonOfObject(value: object): Json {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (value instanceof Uint8Array) return { $yjs: 'binary', base64: Buffer.from(value).toString('base64') };
  if (value instanceof Y.Doc) return { $yjs: 'document', guid: value.guid };
  if (value instanceof Y.AbstractType) return jsonOfType(value);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, jsonOf(entry)]));
}

function jsonOfType(type: SharedType): Json {
  const entries = (): Json => entriesOf(type);
  const items = (): Json => itemsOf(type);
  const delta = (): Json => deltaOf(type);
  if (type instanceof Y.XmlText) return { $yjs: 'xml-text', delta: delta(), attributes: entries() };
  if (type instanceof Y.Text) return { $yjs: 'text', delta: delta() };
  if (type instanceof Y.XmlHook) return { $yjs: 'xml-hook', name: type.hookName, entries: entries() };
  if (type instanceof Y.Map) return { $yjs: 'map', entries: entries() };
  if (type instanceof Y.XmlElement) {
    return { $yjs: 'xml-element', name: type.nodeName, attributes: entries(), children: items() };
  }
  if (type instanceof Y.XmlFragment) return { $yjs: 'xml-fragment', children: items() };
  return { $yjs: 'array', items: items() };
}

/** The value under a key. */
export function jsonOfItem(item: Y.Item): Json {
  return jsonOf(item.content.getContent()[item.length - 1]);
}

export function jsonOfAttributes(attributes: Attributes): JsonAttributes {
  return Object.fromEntries([...attributes].map(([key, value]) => [key, jsonOf(value)]));
}

function entriesOf(type: SharedType): Json {
  return Object.fromEntries([...aliveKeys(type)].map(([key, item]) => [key, jsonOfItem(item)]));
}

function itemsOf(type: SharedType): Json[] {
  const items: Json[] = [];
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted || !item.countable) continue;
    for (const value of item.content.getContent()) items.push(jsonOf(value));
  }
  return items;
}

function deltaOf(type: SharedType): Json[] {
  const delta: Json[] = [];
  const inForce = new Map<string, unknown>();
  for (let item = type._start; item !== null; item = item.right) {
    const { content } = item;
    if (item.deleted) continue;
    if (content instanceof Y.ContentFormat) passFormat(inForce, content);
    else if (isVisibleInText(content)) {
      const insert = content instanceof Y.ContentString ? content.str : jsonOf(content.getContent()[0]);
      delta.push(inForce.size === 0 ? { insert } : { insert, attributes: jsonOfAttributes(inForce) });
    }
  }
  return delta;
}

/** A text may be made to hold other values too, but Yjs shows none of them. */
export function isVisibleInText(content: Y.Item['content']): boolean {
  return content instanceof Y.ContentString || content instanceof Y.ContentEmbed || content instanceof Y.ContentType;
}
