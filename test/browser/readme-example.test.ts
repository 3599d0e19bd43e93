import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { expect, inject, test } from 'vitest';
import { BrowserPage, bundle } from '../support/browser-page.ts';
import { REPOSITORY } from '../support/repository.ts';
import { pathOf } from '../support/requirements.ts';
import { ServerProcess } from '../support/server-process.ts';

/** The example as it stands; only the port is another one, since tests take a free one. */
function readmeExample(port: number): string {
  const readme = readFileSync(`${REPOSITORY}/README.md`, 'utf8');
  const [, example] = /```js\n([\s\S]*?)```/.exec(readme) ?? [];
  if (example === undefined) throw new Error('README.md has no js block');
  const address = 'ws://localhost:1234';
  expect(example).toContain(address);
  return example.replace(address, `ws://localhost:${port}`);
}

test('the README example is at most 15 lines', () => {
  expect(readmeExample(1234).trimEnd().split('\n').length).toBeLessThanOrEqual(15);
});

const PATIENCE = { timeout: 20_000 };

/** What a window shows, asked again as often as `expect.poll` likes. */
function textIn(window: Page): () => Promise<string> {
  return () => window.locator('input').inputValue();
}

test('the README example syncs two windows, and still shows the text after a restart of the server', async () => {
  await using server = await ServerProcess.start();
  await using page = await BrowserPage.serve(await bundle(readmeExample(server.port)), pathOf(inject('chromium')));
  const [first, second] = await Promise.all([page.open(), page.open()]);

  await first.locator('input').pressSequentially('typed in the first window');
  await expect.poll(textIn(second), PATIENCE).toBe('typed in the first window');

  await server.stop();
  await server.restart();
  await expect.poll(textIn(await page.open()), PATIENCE).toBe('typed in the first window');

  await second.locator('input').fill('and in the second, after the restart');
  await expect.poll(textIn(first), PATIENCE).toBe('and in the second, after the restart');
});
