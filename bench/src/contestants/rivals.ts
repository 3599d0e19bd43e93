import { fileURLToPath } from 'node:url';
import { type Contestant, type RunningServer, startServer } from './contestant.ts';

/** The package with the other projects' servers. It is no workspace: see its README. */
export const RIVALS_FOLDER = fileURLToPath(new URL('../../rivals/', import.meta.url));

/** Another project's server, run as its own documentation recommends. */
export interface Rival extends Contestant {
  /** What `--against` calls it: with and without storage, it is one project. */
  readonly project: 'y-websocket' | 'hocuspocus';
}

function rival(project: Rival['project'], storage?: string): Rival {
  const name = storage === undefined ? project : `${project}+${storage}`;
  const isPersistent = storage !== undefined;
  return {
    name,
    project,
    isPersistent,
    start: (directory) =>
      startServer(name, `${RIVALS_FOLDER}${project}.js`, isPersistent ? ['--data', directory] : [], project),
  };
}

export const RIVALS: readonly Rival[] = [
  rival('y-websocket'),
  rival('y-websocket', 'leveldb'),
  rival('hocuspocus'),
  rival('hocuspocus', 'sqlite'),
];

/** Servers several of which can be one, through a Redis. */
export interface Cluster {
  readonly name: string;
  readonly project?: Rival['project'] | undefined;
  /** @param data - where they may keep data, the same for all of them */
  start(redisUrl: string, data: string): Promise<RunningServer>;
}

function rivalCluster(name: string, project: Rival['project']): Cluster {
  const script = `${RIVALS_FOLDER}${project}.js`;
  return { name, project, start: (redisUrl) => startServer(name, script, ['--redis', redisUrl], project) };
}

export const RIVAL_CLUSTERS: readonly Cluster[] = [
  rivalCluster('hocuspocus+redis', 'hocuspocus'),
  rivalCluster('y-websocket+redis', 'y-websocket'),
];
