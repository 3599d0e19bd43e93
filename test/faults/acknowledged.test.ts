import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { RawClient } from '../support/raw-client.ts';
import { ServerProcess } from '../support/server-process.ts';
import { TempDir } from '../support/temp-dir.ts';
import { syncStep1, updateFrame } from '../support/wire.ts';
import { eventually, healthOf, parseServerMessage, updatesOf } from './support.ts';

const HAS_STRACE = canTrace();

function canTrace(): boolean {
  try {
    execFileSync('strace', ['-e', 'trace=none', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // not installed, or tracing is not permitted
  }
}

/** `write(1, "MARK …`, `fdatasync(21</…/000003.log>) = 0`: the calls in the order in which they returned; one that another thread interrupted counts where it resumed. */
function finishedCalls(output: string): string[] {
  const begun = new Map<string, string>();
  const calls: string[] = [];
  for (const line of output.split('\n')) {
    const [, pid = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest)?.[1];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    if (unfinished !== undefined) begun.set(pid, unfinished);
    else calls.push(resumed === undefined ? rest : (begun.get(pid) ?? '') + resumed);
  }
  return calls;
}

async function trace(rounds: number): Promise<string[]> {
  await using directory = await TempDir.create();
  const output = directory.join('trace');
  const script = fileURLToPath(new URL('sync-child.mjs', import.meta.url));
  const flags = ['-f', '-y', '-e', 'trace=fsync,fdatasync,write', '-o', output];
  const child = spawn('strace', [...flags, process.execPath, script, directory.join('data'), String(rounds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.resume();
  expect(await once(child, 'close')).toEqual([0, null]);
  return finishedCalls(await readFile(output, 'utf8'));
}

test.runIf(HAS_STRACE)('what is called durable was written to the log first, and then fsynced', async () => {
  const ROUNDS = 20;
  const calls = await trace(ROUNDS);

  for (let round = 0; round < ROUNDS; round++) {
    const mark = (moment: string): number => calls.findIndex((call) => call.includes(`MARK ${moment} ${round}\\n`));
    const write = calls.findIndex((call, index) => index > mark('appended') && /^write\(\d+<[^>]*\.log>/.test(call));
    const sync = calls.findIndex((call, index) => index > write && /^f(data)?sync\(\d+<[^>]*\.log>.*= 0$/.test(call));
    expect(mark('appended')).toBeGreaterThan(-1);
    expect(write).toBeGreaterThan(mark('appended'));
    expect(write).toBeLessThan(mark('written'));
    expect(sync).toBeGreaterThan(write);
    expect(sync).toBeLessThan(mark('durable'));
  }
});

test('whoever joins is called synced only once all that is stored is on its way', async () => {
  await using server = await ServerProcess.start();
  const doc = new Y.Doc();
  const updates = updatesOf(doc, () => {
    for (let i = 0; i < 200; i++) doc.getMap('map').set(`key ${i}`, 'x'.repeat(10_000));
  });
  const writer = await RawClient.connect(`${server.url}/doc`);
  for (const update of updates) writer.send(updateFrame(update));
  await eventually(async () => (await healthOf(server)).unsavedBytes === 0, 'the edits to be saved');
  const last = updatesOf(doc, () => doc.getMap('map').set('last', true));
  for (const update of last) writer.send(updateFrame(update));
  writer.socket.close();
  await writer.closed;
  await eventually(async () => (await healthOf(server)).connections === 0, 'the writer to be gone');
  await eventually(async () => (await healthOf(server)).unsavedBytes === 0, 'its last edit to be saved');
  await server.restart();

  await using joining = await RawClient.connect(`${server.url}/doc`);
  joining.send(syncStep1());
  await joining.next((message) => parseServerMessage(message).kind === 'sync-step-2');

  const kinds = joining.messages.map((message) => parseServerMessage(message).kind);
  expect(kinds[0]).toBe('sync-step-1');
  const end = kinds.indexOf('sync-step-2');
  const received = new Y.Doc();
  for (const message of joining.messages.slice(0, end + 1)) {
    const { kind, body } = parseServerMessage(message);
    if (kind === 'update' || kind === 'sync-step-2') Y.applyUpdate(received, body);
  }
  expect(received.getMap('map').size).toBe(201);
  expect(Buffer.concat(joining.messages.slice(0, end)).length).toBeGreaterThan(2_000_000);
  expect(Y.equalSnapshots(Y.snapshot(received), Y.snapshot(doc))).toBe(true);
});

test('an edit that is seen is on disk already, or at least with the kernel: nobody has to wait for the fsync', async () => {
  await using server = await ServerProcess.start();
  await using writer = await RawClient.connect(`${server.url}/doc`);
  await using reader = await RawClient.connect(`${server.url}/doc`);
  reader.send(syncStep1());
  await reader.next((message) => parseServerMessage(message).kind === 'sync-step-2');
  const doc = new Y.Doc();
  for (let i = 0; i < 20; i++) {
    const secret = `edit number ${i} of many`;
    for (const update of updatesOf(doc, () => doc.getArray('edits').push([secret]))) writer.send(updateFrame(update));
    await reader.next((message) => Buffer.from(message).includes(secret));
    expect(await isInLog(server.data, secret)).toBe(true);
  }
});

/** Whether the bytes are in a log of the store, as any other process sees it. */
async function isInLog(data: string, text: string): Promise<boolean> {
  const found = execFileSync('sh', ['-c', 'cat "$0"/*.log', data], { maxBuffer: 64 * 1024 * 1024 });
  return found.includes(text);
}
