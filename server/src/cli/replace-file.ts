import { open, rename, rm, stat, writeFile } from 'node:fs/promises';

/**
 * Puts content in the place of a file in one step: it is written beside it and on disk before it takes the name, so a disk
 * that fills up costs the new content and not the old one. A device or a pipe is just written to.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  const present = await stat(path).catch(() => undefined);
  if (present !== undefined && !present.isFile()) return writeFile(path, content);

  const partial = `${path}.partial-${process.pid}`;
  try {
    const file = await open(partial, 'wx');
    try {
      await writeFile(file, content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
