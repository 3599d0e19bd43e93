import { readFileSync } from 'node:fs';
import { PACKAGE_DIRECTORY } from './package-directory.ts';

const manifest: unknown = JSON.parse(readFileSync(new URL('package.json', PACKAGE_DIRECTORY), 'utf8'));

/** The version of this package. */
export const SERVER_VERSION = (manifest as { readonly version: string }).version;
