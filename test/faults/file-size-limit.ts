import { execFileSync } from 'node:child_process';

/** Whether {@link limitFileSize} works on this machine. */
export const canLimitFileSize = hasPrlimit();

function hasPrlimit(): boolean {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Lets every write of the process past this offset of a file fail with EFBIG, which to LevelDB is what a full disk is;
 * unlike a full disk anybody may make it. (Node ignores the signal that comes along.)
 */
export function limitFileSize(pid: number, limit: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${limit}:unlimited`]);
}
