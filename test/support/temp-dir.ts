import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A directory of its own for one test: `await using directory = await TempDir.create()`. */
export class TempDir implements AsyncDisposable {
  readonly path: string;

  private constructor(directory: string) {
    this.path = directory;
  }

  /** Creates it below the system's temporary directory. */
  static async create(): Promise<TempDir> {
    return new TempDir(await mkdtemp(path.join(tmpdir(), 'headwater-')));
  }

  /** A path inside. */
  join(...parts: readonly string[]): string {
    return path.join(this.path, ...parts);
  }

  /** Removes it with everything in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 5 });
  }
}
