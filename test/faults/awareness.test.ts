import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawClient } from '../support/raw-client.ts';
import { REPOSITORY } from '../support/repository.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { awarenessFrame, queryAwarenessFrame } from '../support/wire.ts';

let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start();
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const stateOf = (observer: StockClient, clientId: number): unknown => observer.awareness.getStates().get(clientId);

/** Awareness arrives in order, so once this marker is seen everything sent before it was handled. */
async function handled(client: RawClient, observer: StockClient, marker: number): Promise<void> {
  client.send(awarenessFrame([{ clientId: marker, clock: 1, state: { marker } }]));
  await observer.until(() => observer.awareness.getStates().has(marker), 'the marker');
}

describe('one connection with the states of several clients', () => {
  test('shows all of them, and takes all of them with it', async () => {
    await using observer = await new StockClient(server.url, 'tabs').synced();
    const tabs = await RawClient.connect(`${server.url}/tabs`);
    tabs.send(awarenessFrame([11, 12, 13].map((clientId) => ({ clientId, clock: 1, state: { tab: clientId } }))));
    await observer.until(() => [11, 12, 13].every((id) => stateOf(observer, id) !== undefined), 'three states');

    await tabs[Symbol.asyncDispose]();

    await observer.until(() => [11, 12, 13].every((id) => stateOf(observer, id) === undefined), 'none of them');
    expect(observer.closeCodes).toEqual([]);
  });

  test('keeps the others when one of them says that it goes', async () => {
    await using observer = await new StockClient(server.url, 'tabs').synced();
    await using tabs = await RawClient.connect(`${server.url}/tabs`);
    tabs.send(awarenessFrame([21, 22].map((clientId) => ({ clientId, clock: 1, state: { tab: clientId } }))));
    await observer.until(() => stateOf(observer, 22) !== undefined, 'the states');

    tabs.send(awarenessFrame([{ clientId: 21, clock: 2, state: null }]));

    await observer.until(() => stateOf(observer, 21) === undefined, 'one to go');
    expect(stateOf(observer, 22)).toEqual({ tab: 22 });
  });
});

test('a state goes when the process of its client is killed', async () => {
  await using observer = await new StockClient(server.url, 'killed').synced();
  const script = `
    import { WebSocket } from 'ws';
    const socket = new WebSocket(process.argv[1]);
    socket.on('open', () => socket.send(Buffer.from('01070101' + '01' + '03' + '7b7d20', 'hex')));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, `${server.url}/killed`], {
    cwd: REPOSITORY,
    stdio: 'inherit',
  });
  await observer.until(() => stateOf(observer, 1) !== undefined, 'the state');

  child.kill('SIGKILL');

  await observer.until(() => stateOf(observer, 1) === undefined, 'the state to go', 2_000);
  expect(observer.closeCodes).toEqual([]);
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
});

test('a null is relayed at once, and a late echo of the state before does not bring it back', async () => {
  await using observer = await new StockClient(server.url, 'null').synced();
  await using client = await RawClient.connect(`${server.url}/null`);
  client.send(awarenessFrame([{ clientId: 31, clock: 5, state: { here: true } }]));
  await observer.until(() => stateOf(observer, 31) !== undefined, 'the state');

  const start = performance.now();
  client.send(awarenessFrame([{ clientId: 31, clock: 6, state: null }]));
  await observer.until(() => stateOf(observer, 31) === undefined, 'the state to go', 2_000);
  expect(performance.now() - start).toBeLessThan(1_000);

  client.send(awarenessFrame([{ clientId: 31, clock: 5, state: { here: true } }]));
  await handled(client, observer, 32);
  expect(stateOf(observer, 31)).toBeUndefined();
});

test('a clock that goes backwards is ignored', async () => {
  await using observer = await new StockClient(server.url, 'backwards').synced();
  await using client = await RawClient.connect(`${server.url}/backwards`);
  client.send(awarenessFrame([{ clientId: 41, clock: 9, state: { at: 9 } }]));
  for (const clock of [8, 9, 0]) client.send(awarenessFrame([{ clientId: 41, clock, state: { at: 'earlier' } }]));
  client.send(awarenessFrame([{ clientId: 41, clock: 8, state: null }]));
  await handled(client, observer, 42);
  expect(stateOf(observer, 41)).toEqual({ at: 9 });
});

describe('while a client is there nobody else', () => {
  const CLOCKS = [3, 50, 2 ** 32 - 1, 2 ** 40, 2 ** 41, Number.MAX_SAFE_INTEGER];

  test.each(CLOCKS)('can overwrite, remove or silence its state, with clock %d', async (clock) => {
    const name = `mine-${clock}`;
    await using observer = await new StockClient(server.url, name).synced();
    await using victim = await new StockClient(server.url, name).synced();
    const { clientID } = victim.doc;
    victim.awareness.setLocalState({ name: 'mine' });
    await observer.until(() => stateOf(observer, clientID) !== undefined, 'the state');
    const shown: unknown[] = [];
    observer.awareness.on('update', () => shown.push(stateOf(observer, clientID)));

    await using attacker = await RawClient.connect(`${server.url}/${name}`);
    attacker.send(awarenessFrame([{ clientId: clientID, clock, state: { name: 'stolen' } }]));
    attacker.send(awarenessFrame([{ clientId: clientID, clock: Math.min(clock + 1, 2 ** 53 - 1), state: null }]));
    await handled(attacker, observer, 51);

    victim.awareness.setLocalState({ name: 'still mine' });
    await observer.until(() => isNamed(stateOf(observer, clientID), 'still mine'), 'the next state of the victim');
    await attacker[Symbol.asyncDispose]();
    victim.awareness.setLocalState({ name: 'mine for ever' });
    await observer.until(() => isNamed(stateOf(observer, clientID), 'mine for ever'), 'the one after');

    expect(shown.filter((state) => isNamed(state, 'stolen') || state === undefined)).toEqual([]);
    expect(victim.closeCodes).toEqual([]);
  });
});

describe('a client whose id somebody else takes with the latest clock there is', () => {
  test('keeps it when it has announced it, though it has shown nothing yet', async () => {
    await using observer = await new StockClient(server.url, 'early').synced();
    await using victim = await new StockClient(server.url, 'early').synced();
    const { clientID } = victim.doc;
    await using attacker = await RawClient.connect(`${server.url}/early`);
    attacker.send(awarenessFrame([{ clientId: clientID, clock: Date.now(), state: { name: 'stolen' } }]));
    await handled(attacker, observer, 52);

    victim.awareness.setLocalState({ name: 'mine' });

    await observer.until(() => isNamed(stateOf(observer, clientID), 'mine'), 'the first state of the victim');
    expect(victim.awareness.meta.get(clientID)?.clock).toBeLessThan(10);
  });

  test('has it back as soon as the other one is gone, when that one was first', async () => {
    await using observer = await new StockClient(server.url, 'late').synced();
    await using victim = await new StockClient(server.url, 'late').synced();
    const { clientID } = victim.doc;
    victim.provider.disconnect();
    victim.awareness.setLocalState({ name: 'mine' });
    const attacker = await RawClient.connect(`${server.url}/late`);
    const clock = Date.now();
    attacker.send(awarenessFrame([{ clientId: clientID, clock, state: { name: 'stolen' } }]));
    await observer.until(() => isNamed(stateOf(observer, clientID), 'stolen'), 'the stolen id');
    victim.provider.connect();
    await victim.until(() => (victim.awareness.meta.get(clientID)?.clock ?? 0) >= clock, 'the clock of the thief');

    await attacker[Symbol.asyncDispose]();
    victim.awareness.setLocalState({ name: 'mine again' });

    await observer.until(() => isNamed(stateOf(observer, clientID), 'mine again'), 'the state of the victim');
    victim.awareness.setLocalState({ name: 'for ever' });
    await observer.until(() => isNamed(stateOf(observer, clientID), 'for ever'), 'the one after');
    expect(victim.awareness.meta.get(clientID)?.clock).toBeGreaterThan(clock);
  });
});

function isNamed(state: unknown, name: string): boolean {
  return (state as { name?: string } | undefined)?.name === name;
}

describe('a client that is back while its old connection is not known to be dead', () => {
  /** Its presence as others see it, a few seconds after it came back by another way. */
  const FEW_SECONDS = 6_000;

  test('shows its new state within a few seconds', async () => {
    await using proxy = await TcpProxy.start(server.port);
    await using observer = await new StockClient(server.url, 'back').synced();
    await using client = await new StockClient(proxy.url, 'back').synced();
    const { clientID } = client.doc;
    client.awareness.setLocalState({ name: 'before' });
    await observer.until(() => isNamed(stateOf(observer, clientID), 'before'), 'the state');

    proxy.fallSilent();
    client.provider.disconnect();
    client.provider.connect();
    await client.synced();
    client.awareness.setLocalState({ name: 'after' });

    await observer.until(() => isNamed(stateOf(observer, clientID), 'after'), 'the new state', FEW_SECONDS);
    expect(client.provider.synced).toBe(true);
  });

  test('keeps its presence when the old connection is found out', async () => {
    await using impatient = await ServerProcess.start({ flags: ['--heartbeat-interval-ms', '500'] });
    await using proxy = await TcpProxy.start(impatient.port);
    await using observer = await new StockClient(impatient.url, 'back').synced();
    await using client = await new StockClient(proxy.url, 'back').synced();
    const { clientID } = client.doc;
    client.awareness.setLocalState({ name: 'me' });
    await observer.until(() => isNamed(stateOf(observer, clientID), 'me'), 'the state');

    proxy.fallSilent();
    client.provider.disconnect();
    client.awareness.setLocalState({ name: 'me' });
    client.provider.connect();
    await client.synced();

    await observer.until(
      () => (observer.awareness.meta.get(clientID)?.clock ?? 0) >= 2,
      'the newer clock',
      FEW_SECONDS,
    );
    await observer.until(() => isNamed(stateOf(observer, clientID), 'me'), 'the presence', FEW_SECONDS);
    expect(client.provider.synced).toBe(true);
  });
});

test('a query is answered with everybody who is there', async () => {
  await using somebody = await RawClient.connect(`${server.url}/query`);
  somebody.send(awarenessFrame([{ clientId: 61, clock: 1, state: { name: 'somebody' } }]));
  await somebody.next((message) => message[0] === 1);
  await using asking = await RawClient.connect(`${server.url}/query`);
  await asking.next((message) => message[0] === 1);
  asking.send(queryAwarenessFrame());
  const answer = await asking.next((message) => message[0] === 1);
  expect(Buffer.from(answer).toString('latin1')).toContain('somebody');
});
