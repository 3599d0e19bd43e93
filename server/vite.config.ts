import { defineConfig } from 'vite';

/**
 * The command in a few files: to load its four hundred modules one by one takes longer than most commands run. Packages that are
 * CommonJS or native stay packages; the licences of the others go with the files. Programs that import the server, and workers, load
 * the modules as they are.
 */
export default defineConfig({
  build: {
    ssr: 'src/cli/main.ts',
    outDir: 'dist/command',
    license: { fileName: 'licenses.md' },
    target: 'node20',
    sourcemap: true,
    minify: false,
  },
  ssr: {
    noExternal: [/^@headwater\/(client|persistence|protocol)/, /^(hono|lib0|yjs|zod)/, /^@hono\//],
  },
});
