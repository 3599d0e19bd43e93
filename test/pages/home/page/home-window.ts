import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';

/** The page at `/` in a window of somebody's own, as they meet it: by its labels. */
export class HomeWindow implements AsyncDisposable {
  readonly page: Page;
  /** What the browser complained of: errors, and what the page's policy forbade. */
  readonly complaints: string[] = [];
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) this.complaints.push(message.text());
    });
  }

  static async open(
    browser: Browser,
    port: number,
    { name, colorScheme = 'light' }: { name?: string; colorScheme?: 'light' | 'dark' } = {},
  ): Promise<HomeWindow> {
    const context = await browser.newContext({
      colorScheme,
      reducedMotion: 'reduce',
      viewport: { width: 1200, height: 760 },
    });
    const window = new HomeWindow(context, await context.newPage());
    await window.page.goto(`http://127.0.0.1:${port}/`);
    if (name !== undefined) {
      await window.page.getByLabel('Your name').fill(name);
      await window.page.keyboard.press('Enter');
      await window.text.click();
    }
    return window;
  }

  get text(): Locator {
    return this.page.getByRole('textbox', { name: 'Shared text' });
  }

  /** What is said about what was typed. */
  get saved(): Locator {
    return this.page.locator('.saved');
  }

  get documents(): Locator {
    return this.page.getByRole('region', { name: 'Documents' });
  }

  /** Whose carets are in the text. */
  carets(): Promise<readonly string[]> {
    return this.page.locator('.caret-name').allTextContents();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}
