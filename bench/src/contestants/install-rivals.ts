import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { RIVALS_FOLDER } from './rivals.ts';

const MODULES = join(RIVALS_FOLDER, 'node_modules');
const NODE_FOLDER = join(MODULES, 'node/bin');

/** Written last, with what was installed: an installation that was interrupted is done again. */
const DONE = join(MODULES, '.installed');

/** The Node all servers and the harness run on when rivals take part. */
export const RIVALS_NODE = join(NODE_FOLDER, 'node');

/**
 * Installs the rivals, once per lock file: a few seconds, or some minutes where SQLite has to be compiled.
 *
 * @throws when npm fails, with what it said
 */
export function installRivals(): void {
  const lock = readFileSync(join(RIVALS_FOLDER, 'package-lock.json'), 'utf8');
  if (existsSync(DONE) && readFileSync(DONE, 'utf8') === lock) return;
  console.log(`Installing the rivals in ${RIVALS_FOLDER} …`);
  npm(['ci', '--ignore-scripts'], process.env);
  npm(['rebuild', 'node'], process.env);
  // Native code is for one Node: the one that was just installed, whose headers lie in its package of this platform.
  const headers = join(MODULES, `node/node_modules/node-${process.platform}-${process.arch}`);
  const path = [NODE_FOLDER, process.env['PATH']].join(delimiter);
  npm(['rebuild', 'better-sqlite3', 'leveldown'], { ...process.env, PATH: path, npm_config_nodedir: headers });
  writeFileSync(DONE, lock);
}

function npm(args: readonly string[], env: NodeJS.ProcessEnv): void {
  // Named, because `npm run` tells every npm below it that the prefix is the project's own.
  const all = [...args, '--prefix', RIVALS_FOLDER];
  const { status, stdout, stderr, error } = spawnSync('npm', all, { env, encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`npm ${args.join(' ')} failed in ${RIVALS_FOLDER}: ${stderr || stdout}`, { cause: error });
}
