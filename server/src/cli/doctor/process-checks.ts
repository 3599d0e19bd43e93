import { readFile } from 'node:fs/promises';
import { type Finding, ok, warn } from './finding.ts';

/** What LevelDB, Redis, the log and the workers take, generously. */
const OWN_FILES = 1_200;
const FEW_FILES = 8_192;

/** What the operating system lets a process have. */
export async function checkProcess(): Promise<readonly Finding[]> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => undefined);
  const openFiles = /^Max open files\s+(\d+|unlimited)/m.exec(limits ?? '')?.[1];
  return [describeOpenFiles(openFiles)];
}

/** Every client is an open file. */
export function describeOpenFiles(limit: string | undefined): Finding {
  const check = 'open files';
  if (limit === undefined) return ok(check, `not known on ${process.platform}; every client needs one`);
  if (limit === 'unlimited') return ok(check, 'no limit');
  const found = `${limit} at most, so about ${Math.max(0, Number(limit) - OWN_FILES)} clients`;
  if (Number(limit) >= FEW_FILES) return ok(check, found);
  return warn(check, found, 'raise it: "ulimit -n 65536" in a shell, "LimitNOFILE=65536" in a systemd unit');
}
