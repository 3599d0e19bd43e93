import * as Y from 'yjs';
import { type Source, shallowEqual } from './source.ts';

type SharedType = Y.AbstractType<unknown>;

/** The shared types that have hooks. */
export type Readable = Y.Text | Y.Map<unknown> | Y.Array<unknown>;

/** What becomes of a value in a document when it is read: shared types turn into what they hold. */
export type PlainValue<Value> = Value extends Y.Text | Y.XmlFragment
  ? string
  : Value extends Y.Map<infer Inner>
    ? Readonly<Record<string, PlainValue<Inner>>>
    : Value extends Y.Array<infer Inner>
      ? readonly PlainValue<Inner>[]
      : Value;

/** One per shared type, so that all components that show it listen to it and read it once. */
const sources = new WeakMap<SharedType, SharedTypeSource>();

/** What a shared type holds, as plain values. */
export function sourceOf(readable: Readable): Source<unknown> {
  const type = readable as unknown as SharedType; // their events differ, which is nothing to us
  let source = sources.get(type);
  if (source === undefined) {
    source = new SharedTypeSource(type);
    sources.set(type, source);
  }
  return source;
}

/**
 * Plain values of a shared type in which what did not change stays the same object: an edit deep inside makes new only
 * what lies on the way to it. Reading after an edit costs as much.
 */
class SharedTypeSource implements Source<unknown> {
  readonly #type: SharedType;
  readonly #listeners = new Set<() => void>();
  /** What was read of each shared type at or below this one. */
  readonly #known = new WeakMap<SharedType, unknown>();
  /** Whether all of that still holds: nobody could have edited without this being told. */
  #isCurrent = false;

  constructor(type: SharedType) {
    this.#type = type;
  }

  subscribe(listener: () => void): () => void {
    if (this.#listeners.size === 0) this.#type.observeDeep(this.#forget);
    const own = (): void => listener(); // the same function may come twice
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size > 0) return;
      this.#type.unobserveDeep(this.#forget);
      this.#isCurrent = false;
    };
  }

  read(): unknown {
    const value = this.#valueOf(this.#type);
    this.#isCurrent = this.#listeners.size > 0;
    return value;
  }

  readOnServer(): unknown {
    return this.read();
  }

  #valueOf(type: SharedType): unknown {
    const known = this.#known.get(type);
    if (this.#isCurrent && known !== undefined) return known;
    const now = plainValue(type, (child) => (child instanceof Y.AbstractType ? this.#valueOf(child) : child));
    const value = shallowEqual(known, now) ? known : now;
    this.#known.set(type, value);
    return value;
  }

  /** What was edited, and all that it is part of. */
  readonly #forget = (events: readonly Y.YEvent<SharedType>[]): void => {
    for (const { target } of events) {
      for (let type: SharedType | null = target; type !== null; type = type === this.#type ? null : type.parent) {
        this.#known.delete(type);
      }
    }
    for (const listener of this.#listeners) listener();
  };
}

function plainValue(type: SharedType, valueOf: (child: unknown) => unknown): unknown {
  if (type instanceof Y.Map)
    return Object.fromEntries([...type.entries()].map(([key, child]) => [key, valueOf(child)]));
  if (type instanceof Y.Array) return type.toArray().map(valueOf);
  return type.toJSON(); // of texts and XML: a string
}
