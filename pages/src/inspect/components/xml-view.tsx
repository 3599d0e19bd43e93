import type { XmlRoot } from '../content/document-content.ts';

/** Markup, a line an element. */
export function XmlView({ root, isOnly }: { readonly root: XmlRoot; readonly isOnly: boolean }) {
  return (
    <section aria-label={`XML “${root.name}”`}>
      {!isOnly && <h3 class="root-name">{root.name}</h3>}
      <div class="markup" data-root={root.name}>
        {root.lines.map(({ depth, tokens }, index) => (
          <div class="markup-line" key={index} style={{ '--depth': depth }}>
            {tokens.map(({ kind, text }, at) => (
              <span key={at} class={`xml-${kind}`}>
                {text}
              </span>
            ))}
          </div>
        ))}
      </div>
    </section>
  );
}
