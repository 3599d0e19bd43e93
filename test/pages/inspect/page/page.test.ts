import { afterAll, beforeAll, expect, test } from 'vitest';
import { DOCUMENT, type ServedPast, servedPast, TEXT } from '../../../cli/recorded-past.ts';
import { ServerProcess } from '../../../support/server-process.ts';
import { StockClient } from '../../../support/stock-client.ts';
import { InspectBrowser, type InspectPage } from './inspect-page.ts';

const PATIENCE = { timeout: 15_000 };

let browser: InspectBrowser;
let past: ServedPast;

beforeAll(async () => {
  browser = await InspectBrowser.launch();
  past = await servedPast();
});

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await past?.[Symbol.asyncDispose]();
});

/** Opens the recorded document; its text is shown once this returns. */
async function open(options: { at?: number; colorScheme?: 'light' | 'dark' } = {}): Promise<InspectPage> {
  const page = await browser.open(past.server.port, DOCUMENT, options);
  await shows(page, past.texts[options.at ?? past.texts.length - 1]);
  return page;
}

async function shows(page: InspectPage, text: string | undefined): Promise<void> {
  await expect.poll(() => page.text(), PATIENCE).toBe(text);
}

/** Whether the page is drawn dark. */
function isDark({ page }: InspectPage): Promise<boolean> {
  return page.evaluate(() => {
    const context = document.createElement('canvas').getContext('2d');
    if (context === null) throw new Error('there is no canvas');
    context.fillStyle = getComputedStyle(document.body).backgroundColor;
    context.fillRect(0, 0, 1, 1);
    return (context.getImageData(0, 0, 1, 1).data[0] ?? 0) < 128;
  });
}

function textOf({ doc }: StockClient): string {
  return doc.getText(TEXT).toString();
}

const last = (): number => past.texts.length - 1;

test('stepping back and on again shows every moment as it was', async () => {
  await using page = await open();

  for (let moment = last() - 1; moment >= 1; moment -= 1) {
    await page.button('Step back').click();
    await shows(page, past.texts[moment]);
  }
  for (let moment = 2; moment <= last(); moment += 1) {
    await page.button('Step forward').click();
    await shows(page, past.texts[moment]);
  }

  expect(page.complaints).toEqual([]);
});

test('the slider is worked by its keys, and says where it is', async () => {
  await using page = await open();
  await page.slider.focus();

  await page.page.keyboard.press('Home');
  await expect.poll(() => page.moment()).toBe(0);
  await page.page.keyboard.press('ArrowUp');
  await page.page.keyboard.press('ArrowRight');
  await shows(page, past.texts[2]);
  expect(await page.slider.getAttribute('aria-valuetext')).toMatch(/^Moment 2 of 8, /);
  await page.page.keyboard.press('ArrowLeft');
  await shows(page, past.texts[1]);
  await page.page.keyboard.press('PageUp');
  await shows(page, past.texts[2]);

  await page.page.keyboard.press('End');
  await shows(page, past.texts[last()]);
  expect(await page.slider.getAttribute('aria-valuetext')).toBe('Live: the document as it is now');
});

test('a moment can be linked to, and the address follows the slider', async () => {
  await using page = await open({ at: 3 });

  await page.page.keyboard.press('ArrowRight');
  await shows(page, past.texts[4]);
  expect(new URL(page.page.url()).hash).toBe('#at=4');
  await page.page.keyboard.press('l');
  await expect.poll(() => new URL(page.page.url()).hash).toBe('');

  await page.page.evaluate(() => {
    location.hash = '#at=2';
  });
  await shows(page, past.texts[2]);
});

test('playing goes through the moments in their order, and ends in the present', async () => {
  await using page = await open({ at: 1 });
  await page.page.getByLabel('Speed').selectOption('1×');
  await page.page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(globalThis, { seen });
    const lines = document.querySelector('.lines');
    if (lines === null) throw new Error('there is no text');
    const look = (): number => seen.push([...lines.children].map((line) => line.textContent).join('\n'));
    new MutationObserver(look).observe(lines, { childList: true });
  });

  await page.button('Play').click();
  await expect.poll(() => page.slider.getAttribute('aria-valuetext'), PATIENCE).toMatch(/^Live/);

  const seen = await page.page.evaluate(() => (globalThis as unknown as { seen: readonly string[] }).seen);
  const order = seen.map((text) => past.texts.indexOf(text));
  expect(order).not.toContain(-1);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(order.at(-1)).toBe(last());
  await expect(page.button('Play').isVisible()).resolves.toBe(true);
});

test('space pauses, and what is shown stays', async () => {
  await using page = await open({ at: 1 });

  await page.page.keyboard.press(' '); // all in 30 s: some seconds for each of these few moments
  await expect.poll(() => page.button('Pause').isVisible()).toBe(true);
  await shows(page, past.texts[2]);
  await page.page.keyboard.press(' ');

  await expect.poll(() => page.button('Play').isVisible()).toBe(true);
  expect(await page.moment()).toBe(2);
  expect(await page.text()).toBe(past.texts[2]);
});

test('the authors have names, colours and shares', async () => {
  await using page = await open();

  const authors = page.page.getByRole('region', { name: 'Authors' }).getByRole('listitem');

  expect(await authors.count()).toBe(2);
  expect((await authors.allInnerTexts()).join(' ')).toMatch(/50 %[\s\S]*50 %/);
  await page.page.keyboard.press('a');
  await expect
    .poll(() => page.page.evaluate(() => [...CSS.highlights.keys()].sort()), PATIENCE)
    .toEqual(['by-1', 'by-2']);
});

test('it has no findings of an accessibility checker, in light and in dark', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await using page = await open({ at: 5, colorScheme });
    await page.page.keyboard.press('ArrowRight'); // so that there is an edit to point out
    await page.page.locator('.caret-name').waitFor();
    expect(await page.accessibilityProblems()).toEqual([]);
    await page.page.keyboard.press('r');
    await page.page.getByRole('dialog').waitFor();
    expect(await page.accessibilityProblems()).toEqual([]);
  }
});

test('light and dark follow the system, until somebody chooses', async () => {
  await using light = await open({ colorScheme: 'light' });
  await using dark = await open({ colorScheme: 'dark' });

  expect([await isDark(light), await isDark(dark)]).toEqual([false, true]);
  await dark.button('Theme: auto').click();
  await expect.poll(() => isDark(dark)).toBe(false);
  await dark.page.reload();
  await expect.poll(() => isDark(dark)).toBe(false);
});

test('a document that is not there is not made by looking at it', async () => {
  await using page = await browser.open(past.server.port, 'nothing here/at all');

  await page.page.getByRole('heading', { name: 'There is no document “nothing here/at all”' }).waitFor();

  const answer = await fetch(`http://127.0.0.1:${past.server.port}/v1/documents`);
  expect(JSON.stringify(await answer.json())).not.toContain('nothing here');
});

test('where the API has a token the page asks for it, again when it is wrong', async () => {
  await using server = await ServerProcess.start({ flags: ['--api-token', 'open-sesame'] });
  await using writer = await new StockClient(server.url, DOCUMENT).synced();
  await using reader = await new StockClient(server.url, DOCUMENT).synced();
  writer.doc.getText(TEXT).insert(0, 'behind a token');
  await reader.until(() => reader.doc.getText(TEXT).length > 0, 'the edit to be stored');
  await using page = await browser.open(server.port, DOCUMENT);
  const enter = async (token: string): Promise<void> => {
    await page.page.getByLabel('API token').fill(token);
    await page.page.keyboard.press('Enter');
  };

  await enter('open');
  await page.page.getByText('That was not the token').waitFor();
  await enter('open-sesame');

  await shows(page, 'behind a token');
  expect(await page.page.getByLabel('API token').count()).toBe(0);
});

test('a moment can be named, and gone to by its name', async () => {
  await using page = await open({ at: 4 });

  await page.button('Name…').click();
  await page.page.getByLabel('Name of moment 4').fill('Sent to Ada');
  await page.page.keyboard.press('Enter');
  await page.page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.button('Live').click();
  await shows(page, past.texts[last()]);
  await page.page.getByRole('region', { name: 'Versions' }).getByRole('button', { name: 'Sent to Ada' }).click();

  await shows(page, past.texts[4]);
  expect(await page.moment()).toBe(4);
});

test('a restore asks first, then changes the document of everybody who has it open', async () => {
  await using own = await servedPast();
  await using ada = await new StockClient(own.server.url, DOCUMENT).synced();
  await using bob = await new StockClient(own.server.url, DOCUMENT).synced();
  ada.awareness.setLocalStateField('user', { name: 'Ada', color: '#ff0000' });
  bob.awareness.setLocalStateField('user', { name: 'Bob', color: 'no colour' });
  const before = textOf(ada);
  await using page = await browser.open(own.server.port, DOCUMENT, { at: 3 });
  await shows(page, own.texts[3]);
  const present = page.page.getByRole('list', { name: 'Who is present' }).getByRole('listitem');
  await expect.poll(async () => (await present.allTextContents()).sort(), PATIENCE).toEqual(['AAda', 'BBob']);

  await page.button('Restore…').click();
  const dialog = page.page.getByRole('dialog', { name: 'Restore this moment?' });
  expect(await dialog.innerText()).toContain('2 people have it open');
  await page.page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  expect(textOf(ada)).toBe(before);

  await page.page.keyboard.press('r');
  await dialog.getByRole('button', { name: 'Restore', exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
  await Promise.all(
    [ada, bob].map((client) => client.until(() => textOf(client) === own.texts[3], 'the restored text')),
  );
  await shows(page, own.texts[3]);
  expect(await page.page.getByRole('status').innerText()).toContain('What was there before is moment 8');

  bob.doc.getText(TEXT).insert(0, 'and on it goes: ');
  await shows(page, `and on it goes: ${own.texts[3]}`);
  await page.slider.focus();
  await expect.poll(() => page.moment(), PATIENCE).toBe(10);
  await page.page.keyboard.press('ArrowLeft');
  await page.page.keyboard.press('ArrowLeft');
  await shows(page, before);
  expect(page.complaints).toEqual([]);
});
