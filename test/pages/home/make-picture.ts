import { chromium } from 'playwright-core';
import { serve } from '../../api/served.ts';
import { CHROMIUM_FLAGS } from '../../support/browser-page.ts';
import { REPOSITORY } from '../../support/repository.ts';
import { HomeWindow } from './page/home-window.ts';

/** `npm run docs:pictures`: makes the picture at the top of the README, of two people who write on the page at `/`. */
const PICTURE = `${REPOSITORY}/docs/pictures/together.png`;
/** What is shown of a window; below it are the documents. */
const WINDOW = { width: 620, height: 470 };

const ADAS = [
  '# Sailing on Saturday',
  'We meet at the north pier at eight. Bring a jacket: it is colder out there than it looks.',
  '## What is still open',
  '- Who brings the map?',
].join('\n');
const BARBARAS = ['Barbara does, and the radio', 'Lunch on the island, or on board'].join('\n');

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
await using server = await serve();
const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
try {
  const open = async (name: string): Promise<HomeWindow> => {
    const window = await HomeWindow.open(browser, server.port, { name });
    await window.page.setViewportSize({ ...WINDOW, height: 800 });
    return window;
  };
  const [ada, barbara] = [await open('Ada'), await open('Barbara')];
  await ada.text.pressSequentially(ADAS);
  await barbara.page.getByText('Who brings the map?').waitFor();
  await barbara.text.click();
  await barbara.page.keyboard.press('Control+End');
  await barbara.page.keyboard.type(`\n${BARBARAS}`);
  await ada.page.getByText('on board').waitFor();
  await ada.text.locator('h1').click();
  await ada.page.keyboard.press('End');
  for (const window of [ada, barbara]) {
    await window.saved.getByText('Saved', { exact: true }).waitFor();
    await window.page.locator('.caret-name').waitFor();
    await window.page.evaluate(() => scrollTo(0, 0));
  }

  const clip = { x: 0, y: 0, ...WINDOW };
  const shots = [await ada.page.screenshot({ clip }), await barbara.page.screenshot({ clip })];
  const desk = await browser.newPage({ viewport: { width: 1320, height: 560 } });
  await desk.setContent(`
    <style>
      body { display: flex; align-items: center; justify-content: center; gap: 24px; height: 100vh; margin: 0;
             background: linear-gradient(150deg, #cfe0ea, #e9e2d6); }
      img { display: block; width: ${WINDOW.width}px; border-radius: 10px;
            box-shadow: 0 0 0 1px rgb(20 40 60 / 0.12), 0 18px 44px rgb(20 40 60 / 0.22); }
    </style>
    ${shots.map((shot) => `<img src="data:image/png;base64,${shot.toString('base64')}" />`).join('')}`);
  await desk.screenshot({ path: PICTURE });
} finally {
  await browser.close();
}
process.stdout.write(`${PICTURE}\n`);
