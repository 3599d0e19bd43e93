/**
 * How many units two sequences share at their beginnings and, apart from those, at their ends.
 *
 * @param characterOf - The UTF-16 code unit that a unit is, if it is one: surrogate pairs are shared whole or not at all.
 */
export function commonEnds<T>(
  a: readonly T[],
  b: readonly T[],
  isSame: (a: T, b: T) => boolean,
  characterOf: (unit: T) => unknown,
): { prefix: number; suffix: number } {
  const most = Math.min(a.length, b.length);
  let prefix = 0;
  while (prefix < most && isSame(a[prefix] as T, b[prefix] as T)) prefix++;
  if (prefix > 0 && isHighSurrogate(characterOf(a[prefix - 1] as T))) prefix--;
  let suffix = 0;
  while (suffix < most - prefix && isSame(a[a.length - 1 - suffix] as T, b[b.length - 1 - suffix] as T)) suffix++;
  if (suffix > 0 && isLowSurrogate(characterOf(a[a.length - suffix] as T))) suffix--;
  return { prefix, suffix };
}

export function isHighSurrogate(unit: unknown): boolean {
  return typeof unit === 'string' && unit >= '\ud800' && unit < '\udc00';
}

function isLowSurrogate(unit: unknown): boolean {
  return typeof unit === 'string' && unit >= '\udc00' && unit < '\ue000';
}
