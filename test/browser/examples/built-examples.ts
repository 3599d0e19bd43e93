import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { build, preview } from 'vite';
import { REPOSITORY } from '../../support/repository.ts';

const root = path.join(REPOSITORY, 'examples');

/** The examples as an application's build makes them, on a free port of this machine. */
export class BuiltExamples implements AsyncDisposable {
  readonly url: string;
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  static async serve(): Promise<BuiltExamples> {
    const shared = { root, configFile: path.join(root, 'vite.config.ts'), logLevel: 'warn' } as const;
    await build({ ...shared, build: { minify: false } });
    const server = await preview({ ...shared, preview: { host: '127.0.0.1', port: 0 } });
    const { port } = server.httpServer.address() as AddressInfo;
    return new BuiltExamples(`http://127.0.0.1:${port}`, () => server.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}
