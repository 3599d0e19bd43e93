import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ServerProcess } from '../../support/server-process.ts';

const SCENES = [
  'synced',
  'with presence',
  'unsaved',
  'while connecting',
  'while nobody answers',
  'while a token is awaited',
  'disconnected',
  'with its document',
  'several on a socket',
];

/** Runs a process that uses providers and destroys them. It is to end by itself, as it does when nothing is left behind. */
async function run(scene: string, url: string): Promise<{ scene: string; status: number | null; said: string }> {
  const script = fileURLToPath(new URL('leaving-child.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, scene, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 20_000,
  });
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { scene, status: child.exitCode, said };
}

test('a process whose providers are destroyed ends by itself', async () => {
  await using server = await ServerProcess.start();

  const ends = await Promise.all(SCENES.map((scene) => run(scene, server.url)));

  expect(ends).toEqual(SCENES.map((scene) => ({ scene, status: 0, said: 'destroyed\n' })));
});
