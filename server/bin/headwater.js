#!/usr/bin/env node
import { existsSync } from 'node:fs';

// The command is linked at install time, before anything is built: say so instead of a module-not-found stack.
const main = new URL('../dist/command/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write('headwater is not built yet: run "npm run build" in the repository first.\n');
  process.exitCode = 1;
}
