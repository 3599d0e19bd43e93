import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchBrowser } from '../../support/browser-page.ts';
import { pathOf } from '../../support/requirements.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { BuiltExamples } from './built-examples.ts';
import { EditorWindow } from './editor-window.ts';
import { EDITORS } from './editors.ts';
import { workTogether } from './journey.ts';

/** All editors are built at once. */
const BUILD_TIMEOUT_MS = 180_000;

let browser: Browser;
let examples: BuiltExamples;
let server: ServerProcess;

beforeAll(async () => {
  examples = await BuiltExamples.serve(); // alone: it takes all the machine has
  [browser, server] = await Promise.all([launchBrowser(pathOf(inject('chromium'))), ServerProcess.start()]);
}, BUILD_TIMEOUT_MS);

afterAll(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
  await examples?.[Symbol.asyncDispose]();
});

test.each(EDITORS)('two people work together in the $folder example', async (editor) => {
  const complaints = await workTogether(
    (name) =>
      EditorWindow.open(browser, editor, {
        url: `${examples.url}/${editor.folder}/`,
        serverUrl: server.url,
        documentName: `journey-${editor.folder}`,
        name,
      }),
    server,
  );

  expect(complaints).toEqual([]);
});
