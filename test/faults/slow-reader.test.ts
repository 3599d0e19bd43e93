import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { KEEP_ALIVE } from '@headwater/protocol';
import { expect, test } from 'vitest';
import { RawClient } from '../support/raw-client.ts';
import { ServerProcess } from '../support/server-process.ts';
import { IS_SOAK } from '../support/soak.ts';
import { StockClient } from '../support/stock-client.ts';
import { awarenessFrame, syncStep1 } from '../support/wire.ts';
import { clientFrame, Opcode, RawSocket } from './raw-socket.ts';
import { eventually, freshDocument, healthOf, residentBytes } from './support.ts';

const MIB = 1024 * 1024;
const EDIT = 'x'.repeat(50_000);
const EDITS = IS_SOAK ? 4_000 : 400;
const OVERWRITES = IS_SOAK ? 8_000 : 500;
const OVERWRITTEN = `${(OVERWRITES * 4 * EDIT.length) / 1e6} MB`;
/** Small queues; documents are compacted as they are by default. */
const FLAGS = ['--max-queued-bytes', '1MiB'];

/** Not a text: Yjs would join the edits and copy all of it with every one more. */
const editsOf = ({ doc }: StockClient) => doc.getArray<string>('edits');

/** Overwrites one value again and again: 100 MB pass through, and the document stays small. */
async function overwriteMuch(writer: StockClient, reader: StockClient): Promise<number> {
  let worstMs = 0;
  for (let i = 0; i < OVERWRITES; i++) {
    const start = performance.now();
    writer.doc.getMap('map').set('value', `${i} ${EDIT}${EDIT}${EDIT}${EDIT}`);
    const latest = writer.doc.getMap('map').get('value');
    await reader.until(() => reader.doc.getMap('map').get('value') === latest, 'an edit to be seen');
    worstMs = Math.max(worstMs, performance.now() - start);
  }
  return worstMs;
}

/** Writes 20 MB into the document in one go. */
async function writeAtOnce(writer: StockClient, reader: StockClient): Promise<void> {
  for (let i = 0; i < EDITS; i++) editsOf(writer).push([EDIT]);
  await reader.until(() => editsOf(reader).length === editsOf(writer).length, 'all edits to be seen');
}

/** A connection that was told all there is, and then stops reading. */
async function frozenClient(server: ServerProcess): Promise<RawSocket> {
  const raw = await RawSocket.upgraded(server.port, 'doc');
  raw.socket.write(clientFrame(Opcode.Binary, syncStep1()));
  await raw.until((received) => received.includes(EMPTY_STEP_2));
  raw.pause();
  return raw;
}

const EMPTY_STEP_2 = Buffer.of(0, 1, 2, 0, 0);

async function writerAndReader(server: ServerProcess): Promise<readonly [StockClient, StockClient]> {
  const writer = await new StockClient(server.url, 'doc').synced();
  const reader = await new StockClient(server.url, 'doc').synced();
  return [writer, reader];
}

/** What a server holds after the writing, with so many clients who have stopped reading. */
async function memoryWith(frozenClients: number): Promise<{ grownBytes: number; worstMs: number }> {
  await using server = await ServerProcess.start({ flags: FLAGS });
  const [writer, reader] = await writerAndReader(server);
  const frozen = await Promise.all(Array.from({ length: frozenClients }, () => frozenClient(server)));
  const before = await residentBytes(server.pid);
  const worstMs = await overwriteMuch(writer, reader);
  const grownBytes = (await residentBytes(server.pid)) - before;
  expect([...writer.closeCodes, ...reader.closeCodes]).toEqual([]);
  writer.close();
  reader.close();
  for (const raw of frozen) await raw[Symbol.asyncDispose]();
  return { grownBytes, worstMs };
}

test('clients that stopped reading cost the server a bounded amount of memory, and the others nothing', async () => {
  const alone = await memoryWith(0);
  const crowd = await memoryWith(20);

  const mib = (bytes: number): string => `${(bytes / MIB).toFixed(0)} MiB`;
  process.stdout.write(
    `${OVERWRITTEN} written: +${mib(alone.grownBytes)} alone, +${mib(crowd.grownBytes)} with 20 frozen clients; ` +
      `worst edit ${alone.worstMs.toFixed(0)} and ${crowd.worstMs.toFixed(0)} ms\n`,
  );
  // Without a bound all of the 100 MB would be kept for them (once: connections share what is sent to all).
  expect(crowd.grownBytes - alone.grownBytes).toBeLessThan(56 * MIB);
  expect(crowd.worstMs).toBeLessThan(5_000);
});

function spawnClient(server: ServerProcess, edits: number): { child: ChildProcess; line: () => Promise<string> } {
  const script = fileURLToPath(new URL('slow-client.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, server.url, 'doc', String(edits)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const line = async (): Promise<string> => {
    const [text] = (await once(lines, 'line', { signal: AbortSignal.timeout(30_000) })) as [string];
    return text;
  };
  return { child, line };
}

test('a client whose process was stopped converges when it goes on, without reconnecting', async () => {
  await using server = await ServerProcess.start({ flags: FLAGS });
  const [writer, reader] = await writerAndReader(server);
  const { child, line } = spawnClient(server, EDITS + 1);
  try {
    expect(await line()).toBe('synced');
    child.kill('SIGSTOP');
    await writeAtOnce(writer, reader);
    const done = line();
    child.kill('SIGCONT');
    // Edits go on while it catches up.
    editsOf(writer).push(['the last word']);
    expect(await done).toBe('done 0');
  } finally {
    child.kill('SIGKILL');
    writer.close();
    reader.close();
  }
});

test('a client that never reads again is closed once nothing moved for too long, and the document is whole', async () => {
  const flags = [...FLAGS, '--stalled-socket-timeout-ms', '1s', '--heartbeat-interval-ms', '2s'];
  await using server = await ServerProcess.start({ flags });
  const [writer, reader] = await writerAndReader(server);
  await using frozen = await frozenClient(server);

  await writeAtOnce(writer, reader);
  await eventually(async () => (await healthOf(server)).connections === 2, 'the frozen connection to be closed');

  expect(server.logs.map(({ msg }) => msg)).toContain('socket took nothing for too long');
  expect([...writer.closeCodes, ...reader.closeCodes]).toEqual([]);
  const fresh = await freshDocument(server.url, 'doc');
  expect(fresh.getArray('edits').length).toBe(EDITS);
  writer.close();
  reader.close();
  frozen.socket.resume();
  await frozen.closed;
});

test('a client that reads a little now and then is slow, not stalled', async () => {
  const flags = [...FLAGS, '--stalled-socket-timeout-ms', '2s', '--heartbeat-interval-ms', '1s'];
  await using server = await ServerProcess.start({ flags });
  const [writer, reader] = await writerAndReader(server);
  await using slow = await frozenClient(server);
  await writeAtOnce(writer, reader);

  // A chunk at a time, for longer than a stalled socket gets. It renews its awareness like every client: its pongs lie
  // behind megabytes in the kernel's buffers, and when the server has handed over all it had, silence would count as gone.
  const reading = setInterval(() => {
    slow.socket.read();
    slow.socket.write(clientFrame(Opcode.Binary, KEEP_ALIVE));
  }, 20);
  const start = performance.now();
  await eventually(() => performance.now() - start > 3_500, 'some seconds of slow reading');
  clearInterval(reading);
  expect((await healthOf(server)).connections).toBe(3);

  slow.socket.resume();
  await eventually(() => slow.received.length > EDIT.length * EDITS, 'the rest to arrive');
  writer.close();
  reader.close();
});

test('a client that is slow to read keeps its presence, whoever claims it', async () => {
  await using server = await ServerProcess.start({ flags: FLAGS });
  const [writer, observer] = await writerAndReader(server);
  await using owner = await RawSocket.upgraded(server.port, 'doc');
  owner.socket.write(clientFrame(Opcode.Binary, syncStep1()));
  owner.socket.write(clientFrame(Opcode.Binary, awarenessFrame([{ clientId: 77, clock: 1, state: { is: 'slow' } }])));
  const stateOfOwner = (): unknown => observer.awareness.getStates().get(77);
  await observer.until(() => stateOfOwner() !== undefined, 'the state');
  owner.pause();
  await writeAtOnce(writer, observer);

  await using claimant = await RawClient.connect(`${server.url}/doc`);
  claimant.send(awarenessFrame([{ clientId: 77, clock: 9, state: { is: 'stolen' } }]));
  // The owner is asked for a sign of life, which lies behind megabytes; one that is gone would have lost it after 3 s.
  await new Promise((resolve) => setTimeout(resolve, 5_000));

  expect(stateOfOwner()).toEqual({ is: 'slow' });
  for (const client of [writer, observer]) await client[Symbol.asyncDispose]();
});
