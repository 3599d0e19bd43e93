import { InvalidArgumentError } from 'commander';

/** The value of a flag that says how many. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Expected a whole number, at least 1.');
  return Number(text);
}
