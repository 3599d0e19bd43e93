import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';

/** Something a component can show: the same value again until it changes. */
export interface Source<Value> {
  subscribe(listener: () => void): () => void;
  read(): Value;
  /** What a server renders, and the browser first, so that the two agree. */
  readOnServer(): Value;
}

/** When two selections count as the same, so that nothing renders again. */
export type IsEqual<Selection> = (one: Selection, other: Selection) => boolean;

interface Memo<Value, Selection> {
  readonly value: Value;
  readonly selection: Selection;
}

/** What a source says now; the component renders again when it says something else. */
export function useSource<Value>(source: Source<Value>): Value {
  const subscribe = useCallback((listener: () => void) => source.subscribe(listener), [source]);
  return useSyncExternalStore(
    subscribe,
    () => source.read(),
    () => source.readOnServer(),
  );
}

/** What `select` makes of it; the component renders again when that is no longer equal. */
export function useSelection<Value, Selection>(
  source: Source<Value>,
  select: (value: Value) => Selection,
  isEqual: IsEqual<Selection> = shallowEqual,
): Selection {
  const shown = useRef<{ readonly selection: Selection } | undefined>(undefined);
  const subscribe = useCallback((listener: () => void) => source.subscribe(listener), [source]);

  // A selector written in the component is a new one with every render, and may make a new object each time: what is
  // shown stays the same object while it is equal.
  const [read, readOnServer] = useMemo(() => {
    let memo: Memo<Value, Selection> | undefined;
    const selected = (value: Value): Selection => {
      if (memo !== undefined && Object.is(memo.value, value)) return memo.selection;
      const next = select(value);
      const last = memo ?? shown.current;
      const selection = last !== undefined && isEqual(last.selection, next) ? last.selection : next;
      memo = { value, selection };
      return selection;
    };
    return [() => selected(source.read()), () => selected(source.readOnServer())];
  }, [source, select, isEqual]);

  const selection = useSyncExternalStore(subscribe, read, readOnServer);
  useEffect(() => {
    shown.current = { selection };
  }, [selection]);
  return selection;
}

/** Whether two values, or all they hold one level down, are the same. */
export function shallowEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (!isPlain(one) || !isPlain(other) || Array.isArray(one) !== Array.isArray(other)) return false;
  const fields = Object.keys(one);
  if (fields.length !== Object.keys(other).length) return false;
  return fields.every((field) => Object.hasOwn(other, field) && Object.is(one[field], other[field]));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
