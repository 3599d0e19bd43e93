import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { REPOSITORY } from '../support/repository.ts';
import { cleanEnvironment } from '../support/run-command.ts';

const run = promisify(execFile);

/** An archive as it would be published. */
export interface Archive {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Packs what is built of a room into a directory. */
export async function pack(room: string, directory: string): Promise<Archive> {
  const flags = ['--json', '--silent', '--ignore-scripts', '--pack-destination', directory];
  const { stdout } = await run('npm', ['pack', ...flags], { cwd: `${REPOSITORY}/${room}`, env: cleanEnvironment() });
  const [{ filename }] = JSON.parse(stdout) as [{ readonly filename: string }];
  const path = `${directory}/${filename}`;
  return { path, bytes: new Uint8Array(await readFile(path)) };
}
