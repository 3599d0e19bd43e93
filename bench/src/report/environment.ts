import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

/** What a number depends on besides the code. */
export interface Environment {
  readonly atUtc: string;
  readonly commit: string;
  readonly hasUncommittedChanges: boolean;
  readonly node: string;
  readonly packages: Readonly<Record<string, string>>;
  /** What the rivals' package consists of, when they took part. */
  readonly rivals?: Readonly<Record<string, string>> | undefined;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Runnable processes over the last minute before the run: above 0.2 somebody else is using the machine. */
  readonly loadAverage: number;
}

const require = createRequire(import.meta.url);

/** @param rivalsFolder - the rivals' package, when they take part */
export function readEnvironment(rivalsFolder?: string): Environment {
  return {
    atUtc: new Date().toISOString(),
    commit: git('rev-parse', 'HEAD'),
    hasUncommittedChanges: git('status', '--porcelain', '--untracked-files=no') !== '',
    node: process.version,
    packages: Object.fromEntries(
      ['ws', 'yjs', 'y-websocket', 'level', 'classic-level'].map((name) => [name, version(name)]),
    ),
    rivals: rivalsFolder === undefined ? undefined : installedIn(rivalsFolder),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    loadAverage: loadavg()[0] ?? Number.NaN,
  };
}

/** Found from its entry point upwards: not every package lets its manifest be imported. */
function version(name: string): string {
  try {
    let folder = dirname(require.resolve(name));
    while (folder !== dirname(folder)) {
      const manifest = readManifest(join(folder, 'package.json'));
      if (manifest?.name === name) return manifest.version ?? 'unknown';
      folder = dirname(folder);
    }
  } catch {
    // not installed by that name
  }
  return 'unknown';
}

/** The dependencies of a package in the versions that lie in its `node_modules`. */
function installedIn(folder: string): Record<string, string> {
  const { dependencies = {} } = readManifest(join(folder, 'package.json')) ?? {};
  const versionOf = (name: string) => readManifest(join(folder, 'node_modules', name, 'package.json'))?.version;
  return Object.fromEntries(Object.keys(dependencies).map((name) => [name, versionOf(name) ?? 'unknown']));
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function readManifest(file: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown'; // an unpacked archive
  }
}
