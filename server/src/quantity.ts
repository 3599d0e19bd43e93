const KIB = 1024;
const SECOND = 1000;
const HOUR = 3600 * SECOND;

/** What a numeric option counts; decides which units its text form may carry. */
export type QuantityKind = 'number' | 'bytes' | 'milliseconds';

/** Factors by lower-cased unit. Sizes are binary (KiB) as everywhere in Headwater; `kB` and `MB` stay decimal. */
const UNITS: Record<QuantityKind, Readonly<Record<string, number>>> = {
  number: {},
  bytes: { b: 1, kb: 1e3, kib: KIB, k: KIB, mb: 1e6, mib: KIB ** 2, m: KIB ** 2, gb: 1e9, gib: KIB ** 3, g: KIB ** 3 },
  milliseconds: { ms: 1, s: SECOND, m: 60 * SECOND, min: 60 * SECOND, h: HOUR, d: 24 * HOUR },
};

/** How each kind of value may be written, for messages and for the manual. */
export const QUANTITY_FORMS: Record<QuantityKind, string> = {
  number: 'a whole number',
  bytes: 'bytes or a size like 64KiB, 16MiB',
  milliseconds: 'milliseconds or a duration like 500ms, 30s, 2m, 7d',
};

/**
 * Reads a whole number, a size or a duration as people write them: `4096`, `'4096'`, `'16MiB'`, `'30s'`.
 *
 * @returns the number of units (bytes, milliseconds), or `undefined` when it is none or no whole number of them
 */
export function parseQuantity(kind: QuantityKind, value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;

  const match = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(value.trim());
  if (match === null) return undefined;
  const [, digits = '', unit = ''] = match;
  const factor = unit === '' ? 1 : UNITS[kind][unit.toLowerCase()];
  if (factor === undefined) return undefined;
  const units = Number(digits) * factor;
  return Number.isSafeInteger(units) ? units : undefined;
}

/** The shortest exact text form: `16MiB`, `30s`, `1234`. {@link parseQuantity} reads it back. */
export function formatQuantity(kind: QuantityKind, units: number): string {
  const candidates: Record<QuantityKind, readonly (readonly [string, number])[]> = {
    number: [],
    bytes: [
      ['GiB', KIB ** 3],
      ['MiB', KIB ** 2],
      ['KiB', KIB],
    ],
    milliseconds: [
      ['d', 24 * HOUR],
      ['h', HOUR],
      ['m', 60 * SECOND],
      ['s', SECOND],
      ['ms', 1],
    ],
  };
  const fitting = candidates[kind].find(([, factor]) => units >= factor && units % factor === 0);
  return fitting === undefined ? String(units) : `${units / fitting[1]}${fitting[0]}`;
}
