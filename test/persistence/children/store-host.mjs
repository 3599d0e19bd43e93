// A store in a process of its own, driven over IPC, so that a test can kill it, starve it of disk or watch its calls.
import { ClusterStore, LevelStore, StoreHost } from '@headwater/persistence';

const TIME_MS = 1_700_000_000_000;

/** @type {import('@headwater/persistence').DocumentStore | undefined} */
let store;

/** Questions to the directory of owners, by id. */
const asked = new Map();

const owners = {
  howToForget: 'flush()',
  find: () => ask('find'),
  onReachable: () => () => {}, // it always is
  announce: (owner, leaseMs) => ask('announce', owner, leaseMs),
  renew: (announced, leaseMs) => ask('renew', announced, leaseMs),
  withdraw: (announced) => ask('withdraw', announced),
};

function ask(method, ...args) {
  const id = asked.size === 0 ? 1 : Math.max(...asked.keys()) + 1;
  send({ event: 'ask', id, method, args });
  return new Promise((resolve) => asked.set(id, resolve));
}

process.on('message', (message) => {
  handle(message).catch((error) => send({ event: 'failed', code: error.code, message: error.message }));
});
process.on('disconnect', () => process.exit());

async function handle({ command, name, from, count, bytes, directory, port, secret, times, options, id, result }) {
  switch (command) {
    case 'open':
      store = await LevelStore.open(directory, {
        retryMaxMs: 200,
        writeBufferBytes: 256 * 1024,
        onHealth: ({ status, error }) => send({ event: 'health', status, error: error?.message }),
      });
      send({ event: 'opened' });
      return;
    case 'join': {
      const cluster = await ClusterStore.open({
        ...options,
        data: directory,
        instanceId: String(process.pid),
        owners,
        onOwner: () => send({ event: 'owner' }),
      });
      store = cluster.store;
      send({ event: 'joined' });
      return;
    }
    // The parent has the directory of owners, and this is what it answered.
    case 'found':
      asked.get(id)?.(result);
      asked.delete(id);
      return;
    case 'serve': {
      const host = await StoreHost.start(store, { storeId: store.storeId, secret, port, ...times });
      send({ event: 'serving', port: host.address.port });
      return;
    }
    case 'append':
      for (let n = from; n < from + count; n += 1) append(name, n, bytes);
      return;
    // Appends until it is killed, and says only what was written.
    case 'pour':
      for (let n = 1; ; n += 1) {
        for (const document of name) append(document, n, bytes);
        await store.append('pace', record('pace', n, 1)).written;
      }
    case 'compact':
      await store.replaceSnapshot(name, {
        sequence: from,
        update: new Uint8Array(bytes),
        stateVector: new Uint8Array(1),
        deleteSet: new Uint8Array(1),
        timeMs: TIME_MS,
      });
      send({ event: 'compacted', name });
      return;
    case 'load': {
      const { tail } = await store.load(name);
      send({ event: 'loaded', name, records: tail.length });
      return;
    }
    case 'close':
      await store.close();
      send({ event: 'closed' });
      return;
    case 'exit':
      process.disconnect();
      process.exit();
      return;
    default:
      throw new Error(`no command ${command}`);
  }
}

function append(name, n, bytes) {
  const { written, durable } = store.append(name, record(name, n, bytes));
  written.then(
    (sequence) => send({ event: 'written', name, n, sequence }),
    (error) => send({ event: 'rejected', name, n, code: error.code }),
  );
  durable.then(
    (sequence) => send({ event: 'durable', name, n, sequence }),
    (error) => send({ event: 'lost', name, n, code: error.code }),
  );
}

/** The text `name:n:xxxx`, as long as asked for. */
function record(name, n, bytes) {
  const update = new TextEncoder().encode(`${name}:${n}:`.padEnd(bytes, 'x'));
  return { timeMs: TIME_MS, entries: [{ update, author: 'child' }] };
}

function send(message) {
  if (process.connected) process.send(message, () => {});
}

send({ event: 'ready' });
