import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { defineConfig } from 'vite';
import { localHeadwater } from './local-headwater.ts';

const HERE = import.meta.dirname;

/** Every folder with a page of its own is an example. */
const examples = readdirSync(HERE).filter((name) => name !== 'dist' && existsSync(path.join(HERE, name, 'index.html')));
const pages = ['index.html', ...examples.map((name) => `${name}/index.html`)];

/** One configuration for all examples: `vite codemirror` shows one of them, `vite build` builds them all. */
export default defineConfig({
  base: './',
  plugins: [localHeadwater(examples)],
  resolve: {
    // Yjs has to be in a page once: two copies of it do not know each other's types. So has ProseMirror.
    dedupe: ['yjs', 'y-protocols', 'y-prosemirror', 'prosemirror-model', 'prosemirror-state', 'prosemirror-view'],
    // y-monaco names a file that is elsewhere since Monaco 0.55.
    alias: { 'monaco-editor/esm/vs/editor/editor.api.js': 'monaco-editor/editor/editor.api.js' },
  },
  build: {
    target: 'es2022',
    emptyOutDir: true,
    chunkSizeWarningLimit: 8_000,
    reportCompressedSize: false,
    rolldownOptions: {
      input: pages.map((page) => path.join(HERE, page)),
      // Mantine says "use client" in each of its files, which means nothing here.
      onwarn: (warning, warn) => warning.code === 'MODULE_LEVEL_DIRECTIVE' || warn(warning),
    },
  },
});
