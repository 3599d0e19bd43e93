import { type Dialect, DocumentAddress } from '../document-address.ts';
import { SyncClient } from '../sync-client.ts';

/** Opens connections and leaves them open, until the load process is closed. */
export interface HoldTask {
  readonly kind: 'hold';
  readonly port: number;
  readonly dialect?: Dialect | undefined;
  /** Each path gets one connection. */
  readonly paths: readonly string[];
}

export interface HoldResult {
  /** Connections now open, over all tasks of this process. */
  readonly open: number;
  readonly bytesReceived: number;
}

const OPEN_AT_ONCE = 50;
const held = new Set<SyncClient>();

export async function runHold(task: HoldTask): Promise<HoldResult> {
  for (let i = 0; i < task.paths.length; i += OPEN_AT_ONCE) {
    const opening = task.paths.slice(i, i + OPEN_AT_ONCE).map((path) => connect(task, path));
    await Promise.all(opening.map((client) => client.joined));
    for (const client of opening) held.add(client);
  }
  let bytesReceived = 0;
  for (const client of held) bytesReceived += client.bytesReceived;
  return { open: held.size, bytesReceived };
}

function connect({ port, dialect }: HoldTask, path: string): SyncClient {
  const address = new DocumentAddress(path, dialect);
  const client: SyncClient = new SyncClient({ port, address, onClose: () => held.delete(client) });
  return client;
}
