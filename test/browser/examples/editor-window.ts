import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { EditorUnderTest } from './editors.ts';

/** What a window is opened with. */
export interface WindowOptions {
  /** Of the page, without the query. */
  readonly url: string;
  readonly serverUrl: string;
  readonly documentName: string;
  /** Who sits at it. */
  readonly name: string;
}

/** A window of one person, which shares nothing with the others: no storage, no BroadcastChannel. */
export class EditorWindow implements AsyncDisposable {
  readonly page: Page;
  /** Errors of the page, and what it says of two copies of one library. */
  readonly complaints: string[] = [];
  readonly #context: BrowserContext;
  readonly #editor: EditorUnderTest;

  private constructor(context: BrowserContext, page: Page, editor: EditorUnderTest) {
    this.#context = context;
    this.page = page;
    this.#editor = editor;
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message));
    page.on('console', (message) => {
      // Editors that got hold of two copies work, until they do not.
      if (/already imported|more than one instance|multiple versions/i.test(message.text()))
        this.complaints.push(message.text());
    });
  }

  static async open(browser: Browser, editor: EditorUnderTest, options: WindowOptions): Promise<EditorWindow> {
    const { url, serverUrl: server, documentName: document, name } = options;
    const context = await browser.newContext({ viewport: { width: 900, height: 640 } });
    const page = await context.newPage();
    const window = new EditorWindow(context, page, editor);
    await page.goto(`${url}?${new URLSearchParams({ server, document, name })}`);
    await window.isConnected();
    return window;
  }

  /** Waits until it is connected. */
  async isConnected(): Promise<void> {
    await this.page.locator('.connection[data-status="connected"]').waitFor();
  }

  async isDisconnected(): Promise<void> {
    await this.page.locator('.connection:not([data-status="connected"])').waitFor();
  }

  /** Types at the end of the text. */
  async type(text: string): Promise<void> {
    if (this.#editor.type !== undefined) return this.#editor.type(this.page, text);
    await this.goToEnd();
    await this.page.keyboard.type(text);
  }

  async goToEnd(): Promise<void> {
    if (this.#editor.goToEnd !== undefined) return this.#editor.goToEnd(this.page);
    await this.page.locator(this.#editor.field).first().click();
    await this.page.keyboard.press('Control+End');
  }

  async undo(): Promise<void> {
    await this.page.keyboard.press('Control+z');
  }

  /** The text as it is read, one line a paragraph. */
  async text(): Promise<string> {
    if (this.#editor.text !== undefined) return this.#editor.text(this.page);
    return this.page.evaluate(
      ([content, cursor]) => {
        const copy = document.querySelector(content)?.cloneNode(true) as HTMLElement | undefined;
        if (copy === undefined) return '';
        for (const label of copy.querySelectorAll(cursor)) label.remove();
        return [...copy.querySelectorAll<HTMLElement>('p, .cm-line')]
          .map((line) => line.textContent.replaceAll(/[\u2060\ufeff\u200b]/g, '').replaceAll('\u00a0', ' '))
          .join('\n');
      },
      [this.#editor.content, this.#editor.cursor] as const,
    );
  }

  /** Who else has a cursor in the text. */
  async cursors(): Promise<readonly string[]> {
    if (this.#editor.cursors !== undefined) return this.#editor.cursors(this.page);
    return this.page.locator(this.#editor.cursor).allTextContents();
  }

  /** Flips the switch of the page. */
  async workOffline(isOffline: boolean): Promise<void> {
    await this.page.getByRole('button', { name: 'Work offline', pressed: !isOffline }).click();
    await (isOffline ? this.isDisconnected() : this.isConnected());
  }

  /** What the page says about what was typed. */
  async saved(): Promise<string> {
    return this.page.locator('.saved').innerText();
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.isConnected();
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
