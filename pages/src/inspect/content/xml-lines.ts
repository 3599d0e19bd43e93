import * as Y from 'yjs';

/** One line of indented markup. */
export interface XmlLine {
  readonly depth: number;
  readonly tokens: readonly XmlToken[];
}

export interface XmlToken {
  readonly kind: 'tag' | 'attribute' | 'value' | 'text';
  readonly text: string;
}

/** An XML fragment as indented lines. Texts stand on lines of their own; formats in them are shown as tags, as Yjs does. */
export function markupOf(fragment: Y.XmlFragment): readonly XmlLine[] {
  const lines: XmlLine[] = [];
  addChildren(lines, fragment, 0);
  return lines;
}

function addChildren(lines: XmlLine[], parent: Y.XmlFragment, depth: number): void {
  for (const child of parent.toArray()) {
    if (child instanceof Y.XmlElement) addElement(lines, child, depth);
    else lines.push({ depth, tokens: textTokens(child) });
  }
}

function addElement(lines: XmlLine[], element: Y.XmlElement, depth: number): void {
  const name = element.nodeName;
  const open: XmlToken[] = [{ kind: 'tag', text: `<${name}` }];
  for (const [key, value] of Object.entries(element.getAttributes())) {
    open.push({ kind: 'attribute', text: ` ${key}=` }, { kind: 'value', text: quoted(value) });
  }
  const children = element.toArray();
  const [only] = children;
  if (only === undefined) {
    lines.push({ depth, tokens: [...open, { kind: 'tag', text: ' />' }] });
  } else if (children.length === 1 && only instanceof Y.XmlText) {
    const tokens: XmlToken[] = [
      ...open,
      { kind: 'tag', text: '>' },
      ...textTokens(only),
      { kind: 'tag', text: `</${name}>` },
    ];
    lines.push({ depth, tokens });
  } else {
    lines.push({ depth, tokens: [...open, { kind: 'tag', text: '>' }] });
    addChildren(lines, element, depth + 1);
    lines.push({ depth, tokens: [{ kind: 'tag', text: `</${name}>` }] });
  }
}

/** Attributes are texts in XML, and may be any value in Yjs. */
function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return `"${text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`;
}

/** The characters of a text, and its formats as the tags around them. */
function textTokens(text: Y.XmlText | Y.XmlHook): XmlToken[] {
  if (!(text instanceof Y.XmlText)) return [{ kind: 'tag', text: `<${text.hookName} />` }];
  const delta: readonly { insert?: unknown; attributes?: Readonly<Record<string, unknown>> }[] = text.toDelta();
  return delta.flatMap(({ insert, attributes = {} }): XmlToken[] => {
    const names = Object.keys(attributes).sort();
    const shown = typeof insert === 'string' ? insert : JSON.stringify(insert);
    return [
      ...names.map((name): XmlToken => ({ kind: 'tag', text: `<${name}>` })),
      { kind: 'text', text: shown },
      ...names.reverse().map((name): XmlToken => ({ kind: 'tag', text: `</${name}>` })),
    ];
  });
}
