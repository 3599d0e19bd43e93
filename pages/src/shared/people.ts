/** Somebody who has the document open. */
export interface Person {
  readonly clientId: number;
  readonly name: string;
  /** As the application gave it, if it is a colour. */
  readonly color: string | undefined;
}

/**
 * Who is present, by the awareness states. What applications put there is their own affair; most give `user.name` and
 * `user.color`, or `name` and `color`.
 */
export function peopleIn(states: ReadonlyMap<number, unknown>): readonly Person[] {
  return [...states].map(([clientId, state]) => {
    const user = recordOf(recordOf(state)['user'] ?? state);
    const name = textOf(user['name']) ?? textOf(user['username']) ?? `Client ${clientId}`;
    const color = textOf(user['color']);
    return { clientId, name, color: color !== undefined && CSS.supports('color', color) ? color : undefined };
  });
}

/** One or two letters for a name. */
export function initialsOf(name: string): string {
  const [first = '', ...rest] = name.split(/[\s._-]+/).filter((word) => word !== '');
  const letters = [first, rest.at(-1) ?? ''].map((word) => Array.from(word)[0] ?? '');
  return letters.join('').toUpperCase();
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
