import { fileURLToPath } from 'node:url';

/** The root of the repository, without a slash at the end. */
export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** The command as `npm ci` links it: tests use what a user types. */
export const HEADWATER_BIN = `${REPOSITORY}/node_modules/.bin/headwater`;
