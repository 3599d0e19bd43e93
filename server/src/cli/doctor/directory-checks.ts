import { access, constants, statfs } from 'node:fs/promises';
import path from 'node:path';
import { type Finding, fail, ok, warn } from './finding.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
/** Below this the store is about to stop writing; LevelDB alone needs tens of MiB to compact. */
const LITTLE_SPACE = 256 * MIB;
const SOME_SPACE = 2 * GIB;

/** File systems by the number Linux gives them (statfs(2)). */
const NETWORK: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'SMB (CIFS)',
  0xfe534d42: 'SMB',
  0x5346414f: 'AFS',
  0x00c36400: 'Ceph',
  0x0bd00bd0: 'Lustre',
  0x01021997: '9P',
};
const MEMORY: Readonly<Record<number, string>> = { 0x01021994: 'tmpfs', 0x858458f6: 'ramfs' };
const OVERLAY = 0x794c7630;
const FUSE = 0x65735546;

/** The data directory: may we write, is it local, is there room. */
export async function checkDirectory(data: string): Promise<readonly Finding[]> {
  const directory = await nearestExisting(path.resolve(data));
  const mayWrite = await checkAccess(directory);
  if (mayWrite.status === 'fail') return [mayWrite];
  const { type, bavail, bsize } = await statfs(directory);
  return [mayWrite, describeFileSystem(type, directory, process.platform), describeSpace(bavail * bsize)];
}

/** Where it will be made, when it is not there yet. */
async function nearestExisting(directory: string): Promise<string> {
  try {
    await access(directory);
    return directory;
  } catch {
    const parent = path.dirname(directory);
    return parent === directory ? directory : nearestExisting(parent);
  }
}

async function checkAccess(directory: string): Promise<Finding> {
  try {
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok('data directory', `${directory} can be written`);
  } catch (error) {
    const advice = 'let the user the server runs as own it, or name another with --data';
    return fail('data directory', `${directory}: ${(error as Error).message}`, advice);
  }
}

/** What a data directory may and may not lie on. */
export function describeFileSystem(type: number, directory: string, platform: string): Finding {
  const check = 'file system';
  if (platform !== 'linux') return ok(check, `not known on ${platform}; it has to be a local disk`);
  const network = NETWORK[type];
  if (network !== undefined) {
    const advice =
      'use a local disk: over a network the lock may not hold, nor may an fsync mean what clients are told';
    return fail(check, `${directory} is on ${network}`, advice);
  }
  const memory = MEMORY[type];
  if (memory !== undefined) {
    return warn(
      check,
      `${directory} is on ${memory}, in memory`,
      'use a disk: everything is gone after a restart of the machine',
    );
  }
  if (type === OVERLAY) {
    const advice = 'mount a volume there: what is in the file system of a container goes with the container';
    return warn(check, `${directory} is on an overlay`, advice);
  }
  if (type === FUSE) {
    return warn(
      check,
      `${directory} is on a FUSE file system`,
      'make sure that it is a local disk with locks and fsync',
    );
  }
  return ok(check, 'local');
}

/** Whether there is room to write for a while. */
export function describeSpace(freeBytes: number): Finding {
  const check = 'free space';
  const found = `${(freeBytes / GIB).toFixed(1)} GiB`;
  if (freeBytes < LITTLE_SPACE) return fail(check, found, 'make room: a store that cannot write tells nobody "saved"');
  if (freeBytes < SOME_SPACE)
    return warn(check, found, 'make room, or keep less history (historyKeepAllMs, historyMaxBytes)');
  return ok(check, found);
}
