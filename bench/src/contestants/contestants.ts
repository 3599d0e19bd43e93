import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { builtScript, type Contestant, type RunningServer, startServer } from './contestant.ts';

const ROOT = new URL('../../../', import.meta.url);
const HEADWATER = fileURLToPath(new URL('node_modules/.bin/headwater', ROOT));
const HEADWATER_MAIN = fileURLToPath(new URL('server/dist/command/main.js', ROOT));

const serveIn = (data: string): readonly string[] => ['serve', '--host', '127.0.0.1', '--port', '0', '--data', data];

const startedWith = (...nodeOptions: readonly string[]): Contestant => ({
  name: 'headwater',
  isPersistent: true,
  start: (directory) => {
    if (!existsSync(HEADWATER_MAIN)) throw new Error('headwater is not built: run "npm run build"');
    return startServer('headwater', HEADWATER, serveIn(directory), 'y-websocket', nodeOptions);
  },
});

/** The server this is all about, started as its users start it, with its defaults. */
export const headwater = startedWith();

/** The same; each of its threads leaves a CPU profile in the folder when it ends. Nothing it does is to be measured. */
export const profiledHeadwater = (profileFolder: string): Contestant =>
  startedWith('--cpu-prof', `--cpu-prof-dir=${profileFolder}`);

/**
 * One of several instances of Headwater: the first that starts has the store, the others reach it through that one.
 *
 * @param data - the same for all of them
 */
export const headwaterInstance = (redisUrl: string, data: string): Promise<RunningServer> =>
  startServer('headwater', HEADWATER, [
    ...serveIn(data),
    '--redis',
    redisUrl,
    '--cluster-secret',
    'a-secret-of-the-bench',
  ]);

const yardstick = (name: string): Contestant => ({
  name,
  isPersistent: false,
  start: () => startServer(name, builtScript(`yardsticks/${name}.js`), []),
});

export const wsRelay = yardstick('ws-relay');
export const batchingRelay = yardstick('batching-relay');
export const textbookServer = yardstick('textbook-server');

/** Sends the given update to whoever connects. */
export const byteServer = (file: string): Contestant => ({
  name: 'byte-server',
  isPersistent: false,
  start: () => startServer('byte-server', builtScript('yardsticks/byte-server.js'), [file]),
});

/** What `--subject` may name: who is measured against the yardsticks. */
export const SUBJECTS: readonly Contestant[] = [headwater, wsRelay, batchingRelay, textbookServer];
