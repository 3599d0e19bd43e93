import type { AttributedRange } from '@headwater/persistence';

/** Numbers of a range. Clocks are below 2^53 and times are milliseconds, so all of them are exact as doubles. */
const COLUMNS = 5;

/** Ranges as numbers in one buffer: as objects, those of a keystroke each take half a second to be copied to a thread. */
export interface PackedAttribution {
  /** Client, clock, length, time and the number of the author, range by range. */
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly authors: readonly string[];
}

export function packAttribution(ranges: readonly AttributedRange[]): PackedAttribution {
  const numbers = new Float64Array(ranges.length * COLUMNS);
  const authors = new Map<string, number>();
  let at = 0;
  for (const { client, clock, length, timeMs, author } of ranges) {
    let number = authors.get(author);
    if (number === undefined) authors.set(author, (number = authors.size));
    numbers[at] = client;
    numbers[at + 1] = clock;
    numbers[at + 2] = length;
    numbers[at + 3] = timeMs;
    numbers[at + 4] = number;
    at += COLUMNS;
  }
  return { numbers, authors: [...authors.keys()] };
}

export function* unpackAttribution({ numbers, authors }: PackedAttribution): Generator<AttributedRange> {
  for (let at = 0; at < numbers.length; at += COLUMNS) {
    const [client = 0, clock = 0, length = 0, timeMs = 0, author = 0] = numbers.subarray(at, at + COLUMNS);
    yield { client, clock, length, timeMs, author: authors[author] ?? '' };
  }
}
