import { defineConfig } from 'vite';

/**
 * Addresses are relative, so the page works under whatever path a proxy puts it. Nothing is inlined: the server's
 * content security policy allows files of its own and nothing else.
 */
export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // Packages and fonts are in the build, so their licences go with it.
  build: {
    license: { fileName: 'licenses/packages.md' },
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
});
