import wrapAnsi from 'wrap-ansi';
import { printableText } from '../output.ts';
import { paint } from '../paint.ts';

/** Where the cursor is on the window's height. */
const FOCUS_AT = 0.7;

/**
 * The lines of a text that a window of this size shows: those around the focus, which is marked. Only as much of the text
 * is looked at as could be seen, so that a book takes no longer than a note.
 */
export function windowOf(text: string, focus: number, { columns, rows }: { columns: number; rows: number }): string[] {
  const reach = columns * rows;
  const start = startOfView(text, focus, reach);
  const under = text.codePointAt(focus);
  const cursor = under === undefined || under === 0x0a ? '' : String.fromCodePoint(under);
  const before = wrap(text.slice(start, focus), columns);
  const rest = text.slice(focus + cursor.length, focus + reach);
  const marked = paint('inverse', cursor === '' ? ' ' : printableText(cursor));
  const lines = wrap(`${before.join('\n')}${marked}${printableText(rest)}`, columns, (shown) => shown);
  const top = Math.min(Math.max(0, before.length - Math.ceil(rows * FOCUS_AT)), Math.max(0, lines.length - 1));
  return lines.slice(top, top + rows);
}

/** The beginning of a line, so that lines break at the same places from one picture to the next. */
function startOfView(text: string, focus: number, reach: number): number {
  const earliest = Math.max(0, focus - reach);
  if (earliest === 0) return 0;
  const line = text.lastIndexOf('\n', focus - reach) + 1;
  // One line as long as several windows: cut it at places that stay for a while.
  return focus - line <= 4 * reach ? line : earliest - (earliest % reach);
}

function wrap(text: string, columns: number, show: (text: string) => string = printableText): string[] {
  return wrapAnsi(show(text).replaceAll('\t', '    '), columns, { hard: true, trim: false }).split('\n');
}
