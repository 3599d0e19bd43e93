import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { REPOSITORY } from './repository.ts';

/** What keeps a test browser to itself: no sandbox in containers, no GPU, no traffic of its own. */
export const CHROMIUM_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser of a test's own. */
export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
}

/** Bundles a browser module as an application's build would, resolving packages from this repository. */
export async function bundle(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: REPOSITORY, loader: 'js' },
    bundle: true,
    format: 'esm',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}

/** A page with one script, served on a free port of this machine, and a browser to open it in. */
export class BrowserPage implements AsyncDisposable {
  readonly #url: string;
  readonly #browser: Browser;
  readonly #closeServer: () => Promise<void>;

  private constructor(url: string, browser: Browser, closeServer: () => Promise<void>) {
    this.#url = url;
    this.#browser = browser;
    this.#closeServer = closeServer;
  }

  static async serve(script: string, executablePath: string): Promise<BrowserPage> {
    const server = createServer((request, response) => {
      const isScript = request.url === '/script.js';
      response.setHeader('content-type', isScript ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8');
      response.end(isScript ? script : '<!doctype html><body><script type="module" src="/script.js"></script>');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const closeServer = async (): Promise<void> => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    };
    try {
      const browser = await launchBrowser(executablePath);
      return new BrowserPage(`http://127.0.0.1:${port}/`, browser, closeServer);
    } catch (error) {
      await closeServer();
      throw error;
    }
  }

  /** Opens the page in a window that shares nothing with the others: no storage, no BroadcastChannel. */
  async open(): Promise<Page> {
    const context = await this.#browser.newContext();
    const page = await context.newPage();
    await page.goto(this.#url);
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.#closeServer();
  }
}
