import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from './repository.ts';

/** One `import … from '…'`, `export … from '…'` or `import('…')`. */
export interface Import {
  /** The importing file, from the root of the repository. */
  readonly file: string;
  readonly specifier: string;
}

/** Statements begin a line and hold no quotes before their specifier; that is enough for source formatted as ours is. */
const SPECIFIER = /^(?:import|export)\b[^'"`;]*\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm;

/** Every import of the TypeScript files below a folder of the repository. */
export function importsBelow(folder: string): readonly Import[] {
  const entries = readdirSync(path.join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' });
  const files = entries.filter((entry) => /\.tsx?$/.test(entry)).map((entry) => path.posix.join(folder, entry));
  return files.flatMap(importsOf);
}

function importsOf(file: string): readonly Import[] {
  const source = readFileSync(path.join(REPOSITORY, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...source.matchAll(SPECIFIER)].map(([, from, bare, lazy]) => ({
    file,
    specifier: from ?? bare ?? lazy ?? '',
  }));
}

/** The file or folder a relative import means, from the root of the repository. */
export function targetOf({ file, specifier }: Import): string {
  return path.posix.join(path.posix.dirname(file), specifier);
}

/** The package a bare import means: `@scope/name` of `@scope/name/inner`. */
export function packageOf({ specifier }: Import): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
