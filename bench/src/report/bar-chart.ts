import { formatNumber } from './table.ts';

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Drawn in the colour of whom it is all about. */
  readonly isSubject: boolean;
}

const WIDTH = 760;
const LABEL_WIDTH = 230;
const VALUE_WIDTH = 80;
const BAR_HEIGHT = 18;
const ROW_HEIGHT = 26;
const TITLE_HEIGHT = 34;

const STYLE = [
  'text { font: 13px system-ui, sans-serif; fill: #333 }',
  '.title { font-weight: 600 }',
  '.subject { fill: #1769aa }',
  '.other { fill: #b0b8bf }',
  '@media (prefers-color-scheme: dark) { text { fill: #ddd } .subject { fill: #64b5f6 } .other { fill: #68737d } }',
].join(' ');

/**
 * A picture of one column of a table, as text: bars side by side on one linear scale from 0, each with its number. A
 * plotting library would bring a DOM, and more code than is in this whole room, for rectangles.
 */
export function barChart(title: string, bars: readonly Bar[]): string {
  const longest = Math.max(...bars.map(({ value }) => value));
  const perUnit = longest > 0 ? (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / longest : 0;
  const height = TITLE_HEIGHT + bars.length * ROW_HEIGHT + 4;
  const rows = bars.flatMap(({ label, value, isSubject }, i) => {
    const top = TITLE_HEIGHT + i * ROW_HEIGHT;
    const length = Math.max(1, value * perUnit).toFixed(1);
    const baseline = top + BAR_HEIGHT - 4;
    return [
      `<text x="${LABEL_WIDTH - 8}" y="${baseline}" text-anchor="end">${escape(label)}</text>`,
      `<rect class="${isSubject ? 'subject' : 'other'}" x="${LABEL_WIDTH}" y="${top}" width="${length}" height="${BAR_HEIGHT}"/>`,
      `<text x="${(LABEL_WIDTH + Number(length) + 6).toFixed(1)}" y="${baseline}">${formatNumber(value)}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<text class="title" x="0" y="16">${escape(title)}</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
