import type { JsonAttributes, TextOp } from '@headwater/persistence';

/** Lines of what did not change that are shown around a change; and characters, where lines are long. */
const CONTEXT_LINES = 2;
const CONTEXT_CHARACTERS = 120;

/** Stands for an embed among characters. */
const EMBED = '\u{fffc}';

/** A stretch of both texts, of one of them, or of both with other attributes; `cut`: the rest of a line is left out. */
export interface Segment {
  readonly kind: 'same' | 'insert' | 'delete' | 'format' | 'cut';
  readonly text: string;
  readonly attributes?: JsonAttributes | undefined;
}

/** Changes that lie near each other, with what is around them. */
export interface Hunk {
  /** Line of the second text it begins in, from 1. */
  readonly line: number;
  readonly segments: readonly Segment[];
}

/**
 * A delta with the characters it passes and deletes. In the place of what was replaced, the old comes before the new.
 *
 * @param before - the text it changes; U+FFFC for each embed
 */
export function segmentsOf(delta: readonly TextOp[], before: string): readonly Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  for (const op of delta) {
    if ('insert' in op) {
      segments.push({ kind: 'insert', text: typeof op.insert === 'string' ? op.insert : EMBED });
    } else if ('delete' in op) {
      const text = before.slice(at, at + op.delete);
      segments.splice(firstInsertAtEnd(segments), 0, { kind: 'delete', text });
      at += op.delete;
    } else {
      const text = before.slice(at, at + op.retain);
      const { attributes } = op;
      segments.push(attributes === undefined ? { kind: 'same', text } : { kind: 'format', text, attributes });
      at += op.retain;
    }
  }
  if (at < before.length) segments.push({ kind: 'same', text: before.slice(at) });
  return segments;
}

function firstInsertAtEnd(segments: readonly Segment[]): number {
  return segments.findLastIndex(({ kind }) => kind !== 'insert') + 1;
}

/** Leaves out what is far from any change. */
export function* hunksOf(segments: readonly Segment[]): Generator<Hunk> {
  let line = 1;
  let hunk: { line: number; segments: Segment[] } = { line, segments: [] };
  for (const [index, segment] of segments.entries()) {
    const { kind, text } = segment;
    if (kind !== 'same') hunk.segments.push(segment);
    else {
      const head = index === 0 ? '' : headOf(text);
      const tail = index === segments.length - 1 ? '' : tailOf(text);
      if (head.length + tail.length >= text.length && index > 0) hunk.segments.push(segment);
      else {
        const [behind, before] = [text[head.length], text[text.length - tail.length - 1]];
        if (head !== '') hunk.segments.push({ kind, text: head });
        if (head !== '' && behind !== '\n') hunk.segments.push(CUT);
        if (hunk.segments.length > 0) yield hunk;
        hunk = { line: line + countLines(text) - countLines(tail), segments: [] };
        if (tail !== '' && before !== undefined && before !== '\n') hunk.segments.push(CUT);
        if (tail !== '') hunk.segments.push({ kind, text: tail });
      }
    }
    if (kind !== 'delete') line += countLines(text);
  }
  if (hunk.segments.some(({ kind }) => CHANGES.has(kind))) yield hunk;
}

const CUT: Segment = { kind: 'cut', text: '…' };
const CHANGES: ReadonlySet<Segment['kind']> = new Set(['insert', 'delete', 'format']);

/** The end of the line it begins in, and the next ones. */
function headOf(text: string): string {
  let end = -1;
  for (let lines = 0; lines <= CONTEXT_LINES && end < text.length; lines += 1) {
    const next = text.indexOf('\n', end + 1);
    end = next === -1 ? text.length : next;
  }
  return text.slice(0, Math.min(end, CONTEXT_CHARACTERS));
}

/** The line it ends in, and those before it. */
function tailOf(text: string): string {
  let start = text.length;
  for (let lines = 0; lines <= CONTEXT_LINES && start > 0; lines += 1) start = text.lastIndexOf('\n', start - 1);
  return text.slice(Math.max(start + 1, text.length - CONTEXT_CHARACTERS, 0));
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
