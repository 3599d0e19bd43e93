/** `npm run soak`: the same tests, but longer, for a machine that has the evening off. */
export const IS_SOAK = process.env['HEADWATER_SOAK'] === '1';

const SOAK_FACTOR = 30;

/** How often a property is tried: few times in every run of the tests, as each run tries others, and many in a soak. */
export function runs(count: number): number {
  return IS_SOAK ? count * SOAK_FACTOR : count;
}
