import type { DocumentDiff, Json, KeyChange, ListOp } from '@headwater/persistence';
import * as Y from 'yjs';

/** Does to a document of {@link openDoc} what a diff says, by what Yjs offers to applications. */
export function applyDiff(doc: Y.Doc, diff: DocumentDiff): void {
  for (const { path, kind, delta, keys } of diff) {
    const type = typeAt(doc, path);
    doc.transact(() => {
      for (const [key, change] of Object.entries(keys)) changeKey(type, key, change);
      if (kind === 'text') {
        const revived = delta.map((op) => ('insert' in op ? { ...op, insert: revive(op.insert) } : op));
        (type as Y.Text).applyDelta(revived);
      } else applyToList(type as Y.Array<unknown>, delta);
    });
  }
}

function typeAt(doc: Y.Doc, [root, ...steps]: readonly (string | number)[]): unknown {
  let type: unknown = doc.share.get(String(root));
  for (const step of steps) {
    if (type instanceof Y.Map) type = type.get(String(step));
    else if (type instanceof Y.Text) type = embedAt(type, Number(step));
    else if (type instanceof Y.Array || type instanceof Y.XmlFragment) type = type.get(Number(step));
    else throw new Error(`nothing at ${String(step)}`);
  }
  return type;
}

function embedAt(text: Y.Text, index: number): unknown {
  let at = 0;
  for (const { insert } of text.toDelta() as { insert: unknown }[]) {
    if (at === index) return insert;
    at += typeof insert === 'string' ? insert.length : 1;
  }
  throw new Error(`nothing at ${index}`);
}

function changeKey(type: unknown, key: string, change: KeyChange): void {
  const target = type as Y.Map<unknown> | Y.XmlElement<Record<string, object>>;
  if (change.action === 'delete') {
    if (target instanceof Y.Map) target.delete(key);
    else target.removeAttribute(key);
  } else if (target instanceof Y.Map) target.set(key, revive(change.newValue));
  else target.setAttribute(key, revive(change.newValue) as object);
}

function applyToList(list: Y.Array<unknown>, delta: readonly ListOp[]): void {
  let at = 0;
  for (const op of delta) {
    if ('retain' in op) at += op.retain;
    else if ('delete' in op) list.delete(at, op.delete);
    else {
      list.insert(at, op.insert.map(revive));
      at += op.insert.length;
    }
  }
}

type Tagged = { $yjs: string; [key: string]: unknown };

function revive(json: Json): unknown {
  if (Array.isArray(json)) return json.map(revive);
  if (json === null || typeof json !== 'object') return json;
  if ('$yjs' in json) return reviveTagged(json as unknown as Tagged);
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, revive(value)]));
}

function reviveTagged(tagged: Tagged): unknown {
  switch (tagged.$yjs) {
    case 'binary':
      return new Uint8Array(Buffer.from(tagged.base64 as string, 'base64'));
    case 'bigint':
      return BigInt(tagged.digits as string);
    case 'undefined':
      return undefined;
    case 'document':
      return new Y.Doc({ guid: tagged.guid as string });
    case 'text':
      return filledText(new Y.Text(), tagged);
    case 'xml-text':
      return filledText(new Y.XmlText(), tagged);
    case 'array':
      return Y.Array.from((tagged.items as Json[]).map(revive) as never[]);
    case 'map':
      return new Y.Map(entriesOf(tagged.entries));
    case 'xml-element':
      return filledElement(tagged);
    default:
      throw new Error(`what is ${tagged.$yjs}?`);
  }
}

function filledText(text: Y.Text, { delta, attributes = {} }: Tagged): Y.Text {
  text.applyDelta((delta as { insert: Json }[]).map((op) => ({ ...op, insert: revive(op.insert) })));
  for (const [key, value] of entriesOf(attributes)) text.setAttribute(key, value);
  return text;
}

function filledElement({ name, attributes, children }: Tagged): Y.XmlElement {
  const element = new Y.XmlElement(name as string);
  for (const [key, value] of entriesOf(attributes)) element.setAttribute(key, value as string);
  element.insert(0, (children as Json[]).map(revive) as Y.XmlElement[]);
  return element;
}

function entriesOf(entries: unknown): [string, unknown][] {
  return Object.entries(entries as Record<string, Json>).map(([key, value]) => [key, revive(value)]);
}
