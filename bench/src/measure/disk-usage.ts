import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes in all files below a directory; what is deleted meanwhile counts as gone. */
export function directoryBytes(directory: string): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}
