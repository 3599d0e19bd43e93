import { isDeepStrictEqual } from 'node:util';
import type { Json, JsonAttributes } from './content-json.ts';

/** A step along a text or a list, as in the events of Yjs. Texts alone have attributes. */
export type DeltaOp<Insert> =
  | { readonly insert: Insert; readonly attributes?: JsonAttributes }
  | { readonly retain: number; readonly attributes?: JsonAttributes }
  | { readonly delete: number };

/** Characters, or one embed; lengths are in UTF-16 code units, an embed counts 1. */
export type TextOp = DeltaOp<Json>;

/** Values of an array, children of an XML element. */
export type ListOp = DeltaOp<readonly Json[]>;

/** Puts steps together: neighbours that say the same become one, and nothing is retained at the end. */
export class DeltaBuilder<Insert> {
  readonly #ops: DeltaOp<Insert>[] = [];
  readonly #join: (last: Insert, next: Insert) => Insert | undefined;

  /** @param join - Two insertions as one, where that can be. */
  constructor(join: (last: Insert, next: Insert) => Insert | undefined) {
    this.#join = join;
  }

  insert(insert: Insert, attributes: JsonAttributes): void {
    const last = this.#ops.at(-1);
    if (last !== undefined && 'insert' in last && hasAttributes(last, attributes)) {
      const joined = this.#join(last.insert, insert);
      if (joined !== undefined) {
        this.#replaceLast({ ...last, insert: joined });
        return;
      }
    }
    this.#ops.push({ insert, ...asProperty(attributes) });
  }

  retain(length: number, attributes: JsonAttributes): void {
    const last = this.#ops.at(-1);
    if (last !== undefined && 'retain' in last && hasAttributes(last, attributes)) {
      this.#replaceLast({ ...last, retain: last.retain + length });
    } else this.#ops.push({ retain: length, ...asProperty(attributes) });
  }

  delete(length: number): void {
    const last = this.#ops.at(-1);
    if (last !== undefined && 'delete' in last) this.#replaceLast({ delete: last.delete + length });
    else this.#ops.push({ delete: length });
  }

  finish(): readonly DeltaOp<Insert>[] {
    const last = this.#ops.at(-1);
    if (last !== undefined && 'retain' in last && last.attributes === undefined) this.#ops.pop();
    return this.#ops;
  }

  #replaceLast(op: DeltaOp<Insert>): void {
    this.#ops[this.#ops.length - 1] = op;
  }
}

export function textDelta(): DeltaBuilder<Json> {
  return new DeltaBuilder<Json>((last, next) =>
    typeof last === 'string' && typeof next === 'string' ? last + next : undefined,
  );
}

export function listDelta(): DeltaBuilder<readonly Json[]> {
  return new DeltaBuilder<readonly Json[]>((last, next) => [...last, ...next]);
}

function hasAttributes(op: { attributes?: JsonAttributes }, attributes: JsonAttributes): boolean {
  return isDeepStrictEqual(op.attributes ?? {}, attributes);
}

function asProperty(attributes: JsonAttributes): { attributes?: JsonAttributes } {
  return Object.keys(attributes).length === 0 ? {} : { attributes };
}
