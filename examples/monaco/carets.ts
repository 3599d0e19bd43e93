import type { Awareness } from 'y-protocols/awareness';

/** y-monaco gives every caret the class names of its client and leaves it to the page what they look like. */
export function colourCarets(awareness: Awareness): void {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  const colour = (): void => {
    const rules = [...awareness.getStates()].map(([clientId, { user }]) => {
      const { name, color } = user as { name: string; color: string };
      return `
        .yRemoteSelection-${clientId} { background: color-mix(in srgb, ${color} 25%, transparent); }
        .yRemoteSelectionHead-${clientId} { --color: ${color}; }
        .yRemoteSelectionHead-${clientId}::after { content: ${JSON.stringify(name)}; }`;
    });
    sheet.replaceSync(rules.join('\n'));
  };
  awareness.on('change', colour);
  colour();
}
