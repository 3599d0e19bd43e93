import { styleText } from 'node:util';
import { printableName } from '../output.ts';
import { bar } from './bar.ts';
import { windowOf } from './text-window.ts';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_TO_END = '\u001b[J';
const CLEAR_LINE = '\u001b[K';
/** A terminal that knows these shows nothing half drawn; others ignore them. */
const BEGIN_PICTURE = '\u001b[?2026h';
const END_PICTURE = '\u001b[?2026l';

const AUTHOR_COLOURS = ['cyan', 'magenta', 'yellow', 'green', 'blue', 'red'] as const;

/** What one picture of a replay shows. */
export interface Picture {
  readonly text: string;
  /** Where in the text the last change was. */
  readonly focus: number;
  /** 0 to 1 */
  readonly progress: number;
  /** Below the bar; the author comes in a colour of their own. */
  readonly label: string;
  readonly author: string | undefined;
}

/** The lower part of a terminal, drawn over and over; what is above stays, and so does the last picture. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  #drawnRows = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    out.on('resize', this.#onResize);
    process.once('exit', this.#showCursor);
    out.write(HIDE_CURSOR);
  }

  draw({ text, focus, progress, label, author }: Picture): void {
    const columns = Math.max(10, (this.#out.columns || 80) - 1);
    const rows = Math.max(1, (this.#out.rows || 24) - 3);
    const body = windowOf(text, focus, { columns, rows });
    while (body.length < rows) body.push('');
    const lines = [...body, bar(progress, columns), statusLine(label, author, columns)];
    const up = this.#drawnRows === 0 ? '' : `\u001b[${this.#drawnRows}A`;
    const drawn = lines.map((line) => `${line}${CLEAR_LINE}\n`).join('');
    this.#out.write(`${BEGIN_PICTURE}\r${up}${drawn}${CLEAR_TO_END}${END_PICTURE}`);
    this.#drawnRows = lines.length;
  }

  close(): void {
    this.#out.off('resize', this.#onResize);
    process.off('exit', this.#showCursor);
    this.#showCursor();
  }

  /** Lines are broken anew by the terminal, and nobody can say where the old picture begins. */
  readonly #onResize = (): void => {
    this.#out.write(`\u001b[2J\u001b[H`);
    this.#drawnRows = 0;
  };

  readonly #showCursor = (): void => void this.#out.write(SHOW_CURSOR);
}

function statusLine(label: string, author: string | undefined, columns: number): string {
  const room = columns - label.length - 3;
  if (author === undefined || room < 1) return label.slice(0, columns);
  const name = printableName(author);
  const shown = name.length > room ? `${name.slice(0, room - 1)}…` : name;
  return `${label} · ${styleText(colourOf(author), shown)}`;
}

/** The same for the same author, in every replay. */
function colourOf(author: string): (typeof AUTHOR_COLOURS)[number] {
  let hash = 0;
  for (const character of author) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return AUTHOR_COLOURS[hash % AUTHOR_COLOURS.length] ?? 'cyan';
}
