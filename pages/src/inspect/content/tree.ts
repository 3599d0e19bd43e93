import * as Y from 'yjs';

/** A value as a tree to unfold. */
export type TreeNode =
  | { readonly kind: 'branch'; readonly type: string; readonly isList: boolean; readonly entries: readonly TreeEntry[] }
  | { readonly kind: 'leaf'; readonly type: LeafType; readonly text: string };

export type LeafType = 'string' | 'number' | 'boolean' | 'null' | 'other';

export interface TreeEntry {
  readonly key: string;
  readonly node: TreeNode;
}

/** Shared types and plain values alike; what JSON does not know is named. */
export function treeOf(value: unknown): TreeNode {
  if (typeof value === 'string') return leaf('string', value);
  if (typeof value === 'number' || typeof value === 'bigint') return leaf('number', String(value));
  if (typeof value === 'boolean') return leaf('boolean', String(value));
  if (value === null) return leaf('null', 'null');
  return typeof value === 'object' ? treeOfObject(value) : leaf('other', 'empty');
}

function treeOfObject(value: object): TreeNode {
  if (value instanceof Uint8Array) return leaf('other', `${value.byteLength} bytes`);
  if (value instanceof Y.Doc) return leaf('other', `document ${value.guid}`);
  if (value instanceof Y.XmlText) return leaf('string', value.toString());
  if (value instanceof Y.Text) return treeOfText(value);
  if (value instanceof Y.Map) return branch('map', [...value.entries()]);
  if (value instanceof Y.Array) return list('array', value.toArray());
  if (value instanceof Y.XmlElement) return treeOfElement(value);
  if (value instanceof Y.XmlFragment) return list('xml', value.toArray());
  if (value instanceof Map) return branch('document', [...value.entries()]);
  return Array.isArray(value) ? list('', value) : branch('', Object.entries(value));
}

/** Plain text is its characters; a formatted one is the list of its stretches. */
function treeOfText(text: Y.Text): TreeNode {
  const delta: readonly { insert?: unknown; attributes?: object }[] = text.toDelta();
  const isPlain = delta.every(({ insert, attributes }) => typeof insert === 'string' && attributes === undefined);
  return isPlain ? leaf('string', text.toString()) : list('rich text', delta);
}

function treeOfElement(element: Y.XmlElement): TreeNode {
  const attributes: readonly (readonly [string, unknown])[] = Object.entries(element.getAttributes());
  const children = element.toArray().map((child, index) => [String(index), child] as const);
  return branch(`<${element.nodeName}>`, [...attributes, ...children]);
}

function branch(type: string, entries: readonly (readonly [string, unknown])[]): TreeNode {
  return {
    kind: 'branch',
    type,
    isList: false,
    entries: entries.map(([key, value]) => ({ key, node: treeOf(value) })),
  };
}

function list(type: string, values: readonly unknown[]): TreeNode {
  const entries = values.map((value, index) => ({ key: String(index), node: treeOf(value) }));
  return { kind: 'branch', type, isList: true, entries };
}

function leaf(type: LeafType, text: string): TreeNode {
  return { kind: 'leaf', type, text };
}
