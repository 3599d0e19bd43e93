import { mkdir, readdir, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { HeadwaterError } from '@headwater/protocol';
import { Level } from 'level';
import type { ResolvedLevelStoreOptions } from './level-options.ts';

/** LevelDB with bytes for keys and values. */
export type LevelDatabase = Level<Uint8Array, Uint8Array>;

/** One step of a batch. */
export type Operation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

type OpenOptions = Pick<ResolvedLevelStoreOptions, 'blockCacheBytes' | 'writeBufferBytes'>;

/**
 * Makes the directory when there is none, and gives its real path.
 *
 * @throws HW_STORE_UNUSABLE when it cannot be one, HW_STORE_CORRUPT for a LevelDB without its `CURRENT` file
 */
export async function prepareDirectory(directory: string): Promise<string> {
  let names: string[];
  let path: string;
  try {
    await mkdir(directory, { recursive: true });
    path = await realpath(directory);
    names = await readdir(path);
  } catch (cause) {
    const problem = `cannot use "${resolve(directory)}" as data directory: ${reasonOf(cause)}`;
    throw new HeadwaterError('HW_STORE_UNUSABLE', problem, { cause });
  }
  // LevelDB takes a directory without CURRENT for a new one, and deletes the tables it then knows nothing about.
  if (!names.includes('CURRENT') && names.some((name) => /^\d+\.(log|ldb|sst)$/.test(name))) {
    throw corrupt(directory, new Error('it has data files but no file CURRENT'));
  }
  return path;
}

/**
 * Opens LevelDB.
 *
 * @throws HW_STORE_LOCKED, HW_STORE_CORRUPT, HW_STORE_UNUSABLE
 */
export async function openLevel(
  directory: string,
  options: OpenOptions,
  mode: 'create' | 'existing',
): Promise<LevelDatabase> {
  const db: LevelDatabase = new Level<Uint8Array, Uint8Array>(directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    cacheSize: options.blockCacheBytes,
    writeBufferSize: options.writeBufferBytes,
  });
  try {
    await db.open({ createIfMissing: mode === 'create' });
    return db;
  } catch (error) {
    throw openingError(directory, error);
  }
}

/** What went wrong while LevelDB was opened, as one of our errors. */
export function openingError(directory: string, error: unknown): HeadwaterError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : (error as Error);
  const code = codeOf(cause);
  if (code === 'LEVEL_LOCKED') {
    const problem =
      `the store in "${resolve(directory)}" is in use by another process: stop the server that uses it, ` +
      'of a cluster every instance, or choose another directory with --data';
    return new HeadwaterError('HW_STORE_LOCKED', problem, { cause });
  }
  if (code === 'LEVEL_CORRUPTION') return corrupt(directory, cause);
  return new HeadwaterError('HW_STORE_UNUSABLE', `cannot open the store in "${directory}": ${cause.message}`, {
    cause,
  });
}

function corrupt(directory: string, cause: Error): HeadwaterError {
  return new HeadwaterError(
    'HW_STORE_CORRUPT',
    `the store in "${directory}" is damaged: ${cause.message}. Restore a backup; without one, work on a copy of the ` +
      'directory and let `ClassicLevel.repair(directory)` keep what can still be read',
    { cause },
  );
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'it, or a part of its path, is not a directory',
  EEXIST: 'it is not a directory',
};

function reasonOf(error: unknown): string {
  return REASONS[codeOf(error) ?? ''] ?? (error instanceof Error ? error.message : String(error));
}

/** The `code` of an error of LevelDB or Node. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}
