import { readFileSync } from 'node:fs';
import { HistoryClient } from '@headwater/client/history';
import { chromium } from 'playwright-core';
import { serve } from '../../api/served.ts';
import { CHROMIUM_FLAGS } from '../../support/browser-page.ts';
import { REPOSITORY } from '../../support/repository.ts';
import { StockClient } from '../../support/stock-client.ts';
import { writePast } from './written-past.ts';

/** `npm run docs:pictures`: makes the picture of the page at `/inspect/NAME` in the README, of a document as people write it. */
const DOCUMENT = 'architecture';
const PICTURE = `${REPOSITORY}/docs/pictures/inspect.png`;
/** Paragraphs of the page that are written. */
const PARAGRAPHS = 42;
/** The part of the past that has been gone through in the picture. */
const SHOWN = 0.61;

const prose = readFileSync(`${REPOSITORY}/docs/architecture.md`, 'utf8')
  .replaceAll(/```[\s\S]*?```|^\|.*\|$/gm, '')
  .replaceAll(/`/g, '')
  .split(/\n{2,}/)
  .map((paragraph) => paragraph.replaceAll('\n', ' '))
  .slice(0, PARAGRAPHS)
  .join('\n\n');

let last = 0;
await using server = await serve({ inspect: 'on' }, async (store) => {
  const endMs = Date.now() - 3_600_000;
  last = await writePast(store, DOCUMENT, prose, { seed: 3, authors: ['Ada', 'Grace', 'Edsger'], endMs });
});
const history = new HistoryClient(server.url);
for (const [label, part] of [
  ['Outline', 0.16],
  ['First draft', 0.44],
  ['Sent for review', 0.8],
] as const) {
  await history.versions.create(DOCUMENT, { label, moment: Math.round(last * part), author: 'Ada' });
}
await using ada = await new StockClient(server.socketUrl, DOCUMENT).synced();
await using grace = await new StockClient(server.socketUrl, DOCUMENT).synced();
ada.awareness.setLocalStateField('user', { name: 'Ada Lovelace', color: '#e8590c' });
grace.awareness.setLocalStateField('user', { name: 'Grace Hopper', color: '#1c7ed6' });

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 760 }, locale: 'en-GB' });
  const moment = Math.round(last * SHOWN);
  await page.goto(`${server.url}/inspect/${DOCUMENT}#at=${moment}`);
  await page.getByRole('button', { name: 'Step forward' }).click();
  await page.locator('.caret-name').waitFor();
  await page.getByRole('switch', { name: 'Authors' }).click();
  await page.waitForFunction(() => CSS.highlights.has('by-1'));
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await page.screenshot({ path: PICTURE });
} finally {
  await browser.close();
}
process.stdout.write(`${PICTURE}\n`);
