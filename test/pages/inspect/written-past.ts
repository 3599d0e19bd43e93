import type { DocumentStore } from '@headwater/persistence';
import * as Y from 'yjs';
import { Random } from '../../support/random.ts';

const HOUR_MS = 3_600_000;

/** Characters typed between two records. */
const MAX_TYPED = 6;
/** Paragraphs written in one sitting. */
const PARAGRAPHS_A_SITTING = 5;

/** Who writes, and until when. */
export interface Writing {
  readonly seed: number;
  readonly authors: readonly string[];
  readonly endMs: number;
}

/**
 * A text as people would have written it: in sittings with hours between them, paragraph by paragraph, one taking over from
 * the other, with slips that are taken back and words put into what is there already.
 *
 * @returns the number of the last record
 */
export async function writePast(
  store: DocumentStore,
  documentName: string,
  text: string,
  { seed, authors, endMs }: Writing,
): Promise<number> {
  const random = new Random(seed);
  const paragraphs = text.split(/(?<=\n\n)/);
  const sittings = Math.ceil(paragraphs.length / PARAGRAPHS_A_SITTING);
  let timeMs = endMs - sittings * 9 * HOUR_MS;
  let sequence = 0;
  const doc = new Y.Doc();
  const body = doc.getText('text');

  const write = async (author: string, edit: () => void): Promise<void> => {
    const updates: Uint8Array[] = [];
    const collect = (update: Uint8Array): number => updates.push(update);
    doc.on('update', collect);
    doc.transact(edit);
    doc.off('update', collect);
    timeMs += 150 + random.below(900) + (random.chance(4) ? random.below(90_000) : 0);
    const entries = updates.map((update) => ({ update, author }));
    sequence = await store.append(documentName, { timeMs, entries }).written;
  };

  for (const [index, paragraph] of paragraphs.entries()) {
    if (index > 0 && index % PARAGRAPHS_A_SITTING === 0) timeMs += HOUR_MS * (3 + random.below(12));
    let author = random.pick(authors);
    for (let at = 0; at < paragraph.length; ) {
      if (at > 0 && paragraph[at - 1] === '.' && random.chance(60)) author = random.pick(authors);
      const typed = paragraph.slice(at, at + 1 + random.below(MAX_TYPED)).split(/(?<=\.)/)[0] ?? '';
      if (random.chance(4)) {
        await write(author, () => body.insert(body.length, 'teh '));
        await write(author, () => body.delete(body.length - 4, 4));
      }
      await write(author, () => body.insert(body.length, typed));
      at += typed.length;
    }
  }
  return sequence;
}
