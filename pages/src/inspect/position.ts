/** Where the page is: at a moment, or at the document as it is now. */
export type Position = number | 'live';

/** What the address says, so that a moment can be linked to: `#at=42`. */
export function positionIn(hash: string): Position {
  const [, digits] = /^#at=(\d{1,15})$/.exec(hash) ?? [];
  return digits === undefined ? 'live' : Number(digits);
}

export function hashOf(position: Position): string {
  return position === 'live' ? '' : `#at=${position}`;
}
