import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { accessibilityProblems } from '../../../support/accessibility.ts';
import { launchBrowser } from '../../../support/browser-page.ts';
import { pathOf } from '../../../support/requirements.ts';
import { ServerProcess } from '../../../support/server-process.ts';
import { HomeWindow } from './home-window.ts';

const PATIENCE = { timeout: 15_000 };

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser(pathOf(inject('chromium')));
});

afterAll(async () => {
  await browser?.close();
});

test('two windows write on one page, see each other, and see that it is saved', async () => {
  await using server = await ServerProcess.start();
  await using ada = await HomeWindow.open(browser, server.port, { name: 'Ada' });
  await using bob = await HomeWindow.open(browser, server.port, { name: 'Bob' });

  await ada.text.pressSequentially('# Together\nOne');
  await expect.poll(() => bob.text.locator('h1').allTextContents(), PATIENCE).toEqual(['Together']);
  await expect.poll(() => bob.carets(), PATIENCE).toEqual(['Ada']);
  await bob.text.press('Control+End');
  await bob.page.keyboard.type(' and two');

  await ada.page.getByText('and two').waitFor();
  await ada.saved.getByText('Saved', { exact: true }).waitFor();
  await bob.saved.getByText('Saved', { exact: true }).waitFor();
  await expect.poll(() => ada.carets(), PATIENCE).toEqual(['Bob']);
  const present = ada.page.getByRole('list', { name: 'Who is present' }).getByRole('listitem');
  expect((await present.allTextContents()).sort()).toEqual(['AAda', 'BBob']);
  expect([...ada.complaints, ...bob.complaints]).toEqual([]);
});

test('a second window is a second person', async () => {
  await using server = await ServerProcess.start();
  await using first = await HomeWindow.open(browser, server.port);

  const opening = first.page.waitForEvent('popup');
  await first.page.getByRole('link', { name: 'Open a second window' }).click();
  await opening;

  const present = first.page.getByRole('list', { name: 'Who is present' }).getByRole('listitem');
  await expect.poll(() => present.count(), PATIENCE).toBe(2);
});

test('the documents are listed, with the way to each and its past', async () => {
  await using server = await ServerProcess.start();
  await using window = await HomeWindow.open(browser, server.port);
  await window.documents.getByText('Nothing yet').waitFor();

  await window.text.pressSequentially('Hello');
  await window.documents.getByRole('link', { name: 'welcome' }).click();

  await window.page.waitForURL(/\/inspect\/welcome$/);
  await expect.poll(() => window.page.locator('main, .stage').first().innerText(), PATIENCE).toContain('Hello');
});

test('while the server is away it says so, keeps what is typed, and saves it afterwards', async () => {
  await using server = await ServerProcess.start();
  await using window = await HomeWindow.open(browser, server.port);
  await window.saved.getByText('Saved', { exact: true }).waitFor();

  await server.kill9();
  await window.text.pressSequentially('Hello');
  await window.saved.getByText('to save').waitFor();
  await window.page.evaluate(() => globalThis.dispatchEvent(new Event('focus')));
  await window.documents.getByRole('alert').waitFor();
  expect(await accessibilityProblems(window.page)).toEqual([]);

  await server.restart();
  await window.saved.getByText('Saved', { exact: true }).waitFor();
  await window.documents.getByRole('link', { name: 'welcome' }).waitFor();
});

test('a server with a token asks for it before it lists anything', async () => {
  await using server = await ServerProcess.start({ flags: ['--api-token', 'open-sesame'] });
  await using window = await HomeWindow.open(browser, server.port);

  await window.documents.getByLabel('API token').fill('open-sesame');
  await window.page.keyboard.press('Enter');

  await window.documents.getByText('Nothing yet').waitFor();
  expect(await window.documents.getByLabel('API token').count()).toBe(0);
});

test.each(['light', 'dark'] as const)('it has no findings of an accessibility checker in %s', async (colorScheme) => {
  await using server = await ServerProcess.start();
  await using window = await HomeWindow.open(browser, server.port, { name: 'Ada', colorScheme });
  await using other = await HomeWindow.open(browser, server.port, { name: 'Bob', colorScheme });

  await other.text.pressSequentially('# A title\n> and a quote');
  await window.page.locator('.caret-name').waitFor();

  expect(await accessibilityProblems(window.page)).toEqual([]);
});
