import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { REPOSITORY } from '../support/repository.ts';

/** What an application has anyway, or chose by itself: all of Yjs, and the optional peers. */
const NOT_OURS = ['yjs', 'lib0', 'y-protocols', 'y-indexeddb', 'react', 'ws'];

/** The doors of `@headwater/client`, as they are imported: `@headwater/client`, `@headwater/client/react` … */
export const CLIENT_ENTRIES = Object.keys(manifest().exports)
  .filter((door) => door !== './package.json')
  .map((door) => `@headwater/client${door.slice(1)}`);

/** What a bundler makes of a module that imports the client. */
export interface ClientBundle {
  /** Of the client's and the protocol's own code, minified and gzipped. */
  readonly gzippedBytes: number;
  /** The source files, as `presence/presence.js`, of which something is in it. */
  readonly files: readonly string[];
  /** Node's own modules that it imports. */
  readonly builtins: readonly string[];
}

/** Bundles a module for a browser, without what is not ours. */
export async function bundleClient(source: string): Promise<ClientBundle> {
  const { metafile, outputFiles } = await build({
    stdin: { contents: source, resolveDir: REPOSITORY },
    bundle: true,
    format: 'esm',
    minify: true,
    metafile: true,
    write: false,
    outdir: 'out',
    external: [...NOT_OURS.flatMap((name) => [name, `${name}/*`]), ...builtinModules, 'node:*'],
  });
  const outputs = Object.values(metafile.outputs);
  return {
    gzippedBytes: outputFiles.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).byteLength, 0),
    files: outputs.flatMap(filesIn).sort(),
    builtins: outputs.flatMap(({ imports }) => imports.map(({ path }) => path)).filter(isBuiltin),
  };
}

function filesIn({ inputs }: Metafile['outputs'][string]): readonly string[] {
  return Object.entries(inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) =>
      path.replace(/^.*?(client-sdk|protocol)\/dist\//, (_all, room: string) =>
        room === 'protocol' ? 'protocol/' : '',
      ),
    )
    .filter((path) => path !== '<stdin>');
}

function isBuiltin(name: string): boolean {
  return name.startsWith('node:') || builtinModules.includes(name);
}

function manifest(): { readonly exports: Readonly<Record<string, unknown>> } {
  return JSON.parse(readFileSync(`${REPOSITORY}/client-sdk/package.json`, 'utf8'));
}
