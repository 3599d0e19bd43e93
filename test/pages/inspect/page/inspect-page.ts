import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { inject } from 'vitest';
import { accessibilityProblems } from '../../../support/accessibility.ts';
import { launchBrowser } from '../../../support/browser-page.ts';
import { pathOf } from '../../../support/requirements.ts';

/** A test's browser, with the pages it has open. */
export class InspectBrowser implements AsyncDisposable {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async launch(): Promise<InspectBrowser> {
    return new InspectBrowser(await launchBrowser(pathOf(inject('chromium'))));
  }

  /** Opens the page of a document, at a moment or live. */
  async open(
    port: number,
    documentName: string,
    { at, colorScheme = 'light' }: { at?: number; colorScheme?: 'light' | 'dark' } = {},
  ): Promise<InspectPage> {
    const context = await this.#browser.newContext({
      colorScheme,
      reducedMotion: 'reduce',
      viewport: { width: 1280, height: 800 },
    });
    const page = await context.newPage();
    const inspect = new InspectPage(context, page);
    const hash = at === undefined ? '' : `#at=${at}`;
    await page.goto(`http://127.0.0.1:${port}/inspect/${encodeURIComponent(documentName)}${hash}`);
    return inspect;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** The page as a person meets it: by its labels. */
export class InspectPage implements AsyncDisposable {
  readonly page: Page;
  /** What the browser complained of: errors, and what the page's policy forbade. */
  readonly complaints: string[] = [];
  readonly #context: BrowserContext;

  constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
  }

  get slider(): Locator {
    return this.page.getByRole('slider', { name: 'Moment of the document' });
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** The text that is shown. */
  async text(): Promise<string> {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('.lines > .line')].map((line) => line.textContent).join('\n'),
    );
  }

  async moment(): Promise<number> {
    return Number(await this.slider.getAttribute('aria-valuenow'));
  }

  /** The moment whose facts the page shows; nothing while it is still looking for them. */
  async shownMoment(): Promise<number | undefined> {
    const title = await this.page
      .getByRole('complementary', { name: 'About this moment' })
      .locator('h2')
      .first()
      .innerText();
    const by = await this.page.getByText('By', { exact: true }).locator('xpath=following-sibling::dd').innerText();
    return by === '–' ? undefined : Number(title.replace(/\D/g, ''));
  }

  /** Drags the slider from where it is to a place of the timeline (0 to 1), over many others. */
  async dragTo(part: number): Promise<void> {
    const box = await this.slider.boundingBox();
    if (box === null) throw new Error('there is no timeline');
    const y = box.y + box.height / 2;
    await this.page.mouse.move(box.x + box.width * 0.98, y);
    await this.page.mouse.down();
    await this.page.mouse.move(box.x + box.width * part, y, { steps: 12 });
    await this.page.mouse.up();
  }

  accessibilityProblems(): Promise<readonly string[]> {
    return accessibilityProblems(this.page);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}
