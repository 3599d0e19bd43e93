import * as Y from 'yjs';

/** Any shared type. */
export type SharedType = Y.Doc['share'] extends Map<string, infer Type> ? Type : never;

type Path = readonly (string | number)[];

/**
 * The type that a path of a diff names, as it was in the first state: its path is of the second, so it is found by its id.
 * `undefined` where a root type was not there yet, or the type was written anew.
 */
export function typeInFirst(first: Y.Doc, second: Y.Doc, path: Path): SharedType | undefined {
  const [root, ...steps] = path;
  if (steps.length === 0) return first.share.get(String(root));
  let type = second.share.get(String(root));
  let item: Y.Item | undefined;
  for (const step of steps) {
    item = type === undefined ? undefined : itemAt(type, step);
    type = item?.content instanceof Y.ContentType ? item.content.type : undefined;
  }
  return item === undefined || type === undefined ? undefined : sameTypeIn(first, item.id);
}

function itemAt(type: SharedType, step: string | number): Y.Item | undefined {
  if (typeof step === 'string') return type._map.get(step);
  let index = 0;
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted || !item.countable) continue;
    if (step < index + item.length) return item;
    index += item.length;
  }
  return undefined;
}

function sameTypeIn(doc: Y.Doc, { client, clock }: Y.ID): SharedType | undefined {
  if (clock >= Y.getState(doc.store, client)) return undefined;
  const structs = doc.store.clients.get(client) ?? [];
  const struct = structs[Y.findIndexSS(structs, clock)];
  return struct instanceof Y.Item && struct.content instanceof Y.ContentType ? struct.content.type : undefined;
}
