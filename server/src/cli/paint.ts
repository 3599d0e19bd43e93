import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Colours text where stdout is a terminal that shows colours; where it is not, `plain` may say the same with signs. */
export function paint(style: Style, text: string, plain: string = text): string {
  return hasColours() ? styleText(style, text) : plain;
}

let colours: boolean | undefined;

/** Follows NO_COLOR and FORCE_COLOR, as Node does. */
function hasColours(): boolean {
  return (colours ??= styleText('red', '.', { stream: process.stdout }) !== '.');
}
