import path from 'node:path';
import { defineConfig } from 'vite';

/**
 * Addresses are relative, so the pages work under whatever path a proxy puts them. All that they are made of lies below
 * `/inspect`, so that an application that serves them beside its own needs to hand on no other path. Nothing is inlined: the
 * server's content security policy allows files of its own and nothing else.
 */
export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // Packages and fonts are in the build, so their licences go with it.
  build: {
    license: { fileName: 'licenses/packages.md' },
    target: 'es2022',
    assetsDir: 'inspect/assets',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: ['index.html', 'inspect/index.html'].map((page) => path.join(import.meta.dirname, page)),
    },
  },
  worker: { format: 'es' },
});
