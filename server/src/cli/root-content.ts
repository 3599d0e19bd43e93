import { type RootKind, toJson } from '@headwater/persistence';
import type * as Y from 'yjs';
import { UsageError } from './failure.ts';

/** A root type that was chosen to be shown. */
export interface ChosenRoot {
  readonly name: string;
  readonly kind: RootKind;
}

/**
 * The root type somebody means: the one they name, or the only one that is text or XML.
 *
 * @param flag - the one to name it with, for the message
 * @throws UsageError naming what there is
 */
export function chooseRoot(kinds: ReadonlyMap<string, RootKind>, asked: string | undefined, flag: string): ChosenRoot {
  if (asked !== undefined) {
    const kind = kinds.get(asked);
    if (kind !== undefined) return { name: asked, kind };
    throw new UsageError(`the document has no root type ${asked}; it has ${[...kinds.keys()].join(', ') || 'none'}`);
  }
  const texts = [...kinds].filter(([, kind]) => kind === 'text' || kind === 'xml');
  const [first, ...others] = texts;
  if (first !== undefined && others.length === 0) return { name: first[0], kind: first[1] };
  const found =
    first === undefined ? 'holds no text' : `holds several texts (${texts.map(([name]) => name).join(', ')})`;
  throw new UsageError(`the document ${found}: name a root type with ${flag}`);
}

/** What is in a root type: exactly the characters of a text, the markup of XML, JSON of anything else. */
export function renderRoot(doc: Y.Doc, { name, kind }: ChosenRoot): string {
  switch (kind) {
    case 'xml':
      return doc.getXmlFragment(name).toString();
    case 'map':
      return toJson(doc.getMap(name).toJSON());
    case 'array':
      return toJson(doc.getArray(name).toJSON());
    case 'text':
    case 'unknown':
      return doc.getText(name).toString();
  }
}
