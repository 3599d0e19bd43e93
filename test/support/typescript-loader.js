import { readFile } from 'node:fs/promises';
import { transform } from 'esbuild';

/** What a trial with a mistake in it changes: `{ file, find, replace }`. */
let mistake;

export function initialize(data) {
  mistake = data ?? mistake;
}

/** A module loader hook: takes the types away on the way in, and leaves everything else alone. */
export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const { code } = await transform(withMistake(url, await readFile(new URL(url), 'utf8')), {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    sourcefile: url,
    sourcemap: 'inline',
  });
  return { format: 'module', source: code, shortCircuit: true };
}

function withMistake(url, text) {
  if (mistake === undefined || !url.endsWith(mistake.file)) return text;
  if (text.split(mistake.find).length !== 2) throw new Error(`${mistake.file} does not have it once: ${mistake.find}`);
  return text.replace(mistake.find, () => mistake.replace);
}
