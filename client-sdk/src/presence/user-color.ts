/**
 * Eight colours that name a person. White text on each is readable (4.5 : 1), so is each as a caret or a border on white,
 * and on a dark page it stands out (3 : 1 and better); that leaves a narrow band of brightness, so within it they are as
 * far apart as eight colours can be for people who see all hues and for those who confuse red and green or blue and yellow.
 */
export const USER_COLORS = [
  '#0078c8',
  '#e01000',
  '#187860',
  '#b800f8',
  '#687000',
  '#c83058',
  '#905898',
  '#d018c8',
] as const;

/**
 * The colour of a user who chose none: the same for the same id, on every machine. Two users may share one; their names
 * tell them apart.
 *
 * @param id - what stays the same of a user: an id of your accounts, or a name
 * @returns one of eight colours as `#rrggbb`, readable behind white text and on white and dark pages
 *
 * @example
 * ```ts
 * badge.style.background = userColor('ada@example.com');
 * ```
 */
export function userColor(id: string): string {
  return USER_COLORS[hashOf(id) % USER_COLORS.length] ?? USER_COLORS[0];
}

/** FNV-1a: the ids of one place often differ in their last character alone, and it spreads those too. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}
