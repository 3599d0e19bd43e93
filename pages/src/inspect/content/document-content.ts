import { rootKinds } from '@headwater/persistence/content';
import type * as Y from 'yjs';
import { type TreeNode, treeOf } from './tree.ts';
import { markupOf, type XmlLine } from './xml-lines.ts';

/** How the content of a document is looked at. */
export type View = 'text' | 'json' | 'xml';

/** A root type that is a text, or text out of XML. */
export interface TextRoot {
  readonly name: string;
  readonly text: string;
}

export interface XmlRoot {
  readonly name: string;
  readonly lines: readonly XmlLine[];
}

/** What is in a document, in one view; plain data, so that it can be sent from a worker. */
export type DocumentContent =
  | { readonly view: 'text'; readonly roots: readonly TextRoot[] }
  | { readonly view: 'json'; readonly root: TreeNode }
  | { readonly view: 'xml'; readonly roots: readonly XmlRoot[] };

/** The content of a document that was loaded from updates. */
export function contentOf(doc: Y.Doc, view: View): DocumentContent {
  const kinds = [...rootKinds(doc)].sort(([a], [b]) => (a < b ? -1 : 1));
  const namesOf = (wanted: string): string[] => kinds.filter(([, kind]) => kind === wanted).map(([name]) => name);
  switch (view) {
    case 'text':
      return { view, roots: namesOf('text').map((name) => ({ name, text: doc.getText(name).toString() })) };
    case 'xml':
      return { view, roots: namesOf('xml').map((name) => ({ name, lines: markupOf(doc.getXmlFragment(name)) })) };
    case 'json':
      return { view, root: treeOf(new Map(kinds.map(([name, kind]) => [name, rootOf(doc, name, kind)]))) };
  }
}

/** The view that shows most of a document. */
export function bestView(doc: Y.Doc): View {
  const kinds = new Set(rootKinds(doc).values());
  if (kinds.has('map') || kinds.has('array')) return 'json';
  return kinds.has('xml') ? 'xml' : 'text';
}

function rootOf(doc: Y.Doc, name: string, kind: string): unknown {
  if (kind === 'text') return doc.getText(name);
  if (kind === 'map') return doc.getMap(name);
  if (kind === 'array') return doc.getArray(name);
  return kind === 'xml' ? doc.getXmlFragment(name) : undefined;
}
