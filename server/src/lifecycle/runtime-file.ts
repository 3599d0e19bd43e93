import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { Logger } from '../logging/logger.ts';
import { reachableAddress } from './reachable-address.ts';

const FILE_NAME = 'headwater-server.json';

const contentSchema = z.object({
  url: z.url({ protocol: /^https?$/ }),
  pid: z.int().positive(),
  /** What lets the commands in. */
  secret: z.string().optional(),
});

/** What a server says of itself in its data directory. */
export type RunningServer = z.output<typeof contentSchema>;

/**
 * The file by which commands find the server that has a data directory open: LevelDB tells them only that somebody has. It
 * is for the owner's eyes alone, as the documents are.
 */
export class RuntimeFile {
  readonly #path: string;
  readonly #logger: Logger;
  #writing: Promise<void> | undefined;
  #written: string | undefined;

  constructor(dataDirectory: string, logger: Logger) {
    this.#path = path.join(dataDirectory, FILE_NAME);
    this.#logger = logger;
  }

  /** In one step: whoever looks finds all of it or what was there before. Never rejects: a server without it serves. */
  async write(address: { readonly host: string; readonly port: number }, secret?: string): Promise<void> {
    this.#writing = this.#replace({ url: `http://${reachableAddress(address)}`, pid: process.pid, secret }).catch(
      (error: unknown) => {
        this.#logger.warn({ err: error, file: this.#path }, 'commands will not find this server');
      },
    );
    await this.#writing;
  }

  /** Never rejects; a file this server did not write, such as that of the next owner of a cluster's store, stays. */
  async remove(): Promise<void> {
    if (this.#writing === undefined) return;
    await this.#writing;
    const content = await readFile(this.#path, 'utf8').catch(() => undefined);
    if (content !== this.#written) return;
    await rm(this.#path, { force: true }).catch(() => {}); // whoever finds it sees that its process is gone
  }

  async #replace(content: RunningServer): Promise<void> {
    const partial = `${this.#path}.partial-${process.pid}`;
    this.#written = `${JSON.stringify(content)}\n`;
    await writeFile(partial, this.#written, { mode: 0o600 });
    await rename(partial, this.#path);
  }
}

/**
 * The server that has a data directory open; `undefined` when none says so, or the one that did was killed before it could
 * take that back.
 */
export async function findRunningServer(dataDirectory: string): Promise<RunningServer | undefined> {
  let server: RunningServer;
  try {
    server = contentSchema.parse(JSON.parse(await readFile(path.join(dataDirectory, FILE_NAME), 'utf8')));
  } catch {
    return undefined; // none there, or not one of ours
  }
  return isAlive(server.pid) ? server : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's
  }
}
