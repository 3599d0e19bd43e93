import { fileURLToPath } from 'node:url';
import { type Contestant, startServer } from './contestant.ts';

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
    start: (directory) => startServer(name, `${RIVALS_FOLDER}${project}.js`, isPersistent ? [directory] : [], project),
  };
}

export const RIVALS: readonly Rival[] = [
  rival('y-websocket'),
  rival('y-websocket', 'leveldb'),
  rival('hocuspocus'),
  rival('hocuspocus', 'sqlite'),
];
