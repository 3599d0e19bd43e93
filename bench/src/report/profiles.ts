import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HotFunction, HotFunctions } from '../measure/cpu-profile.ts';
import type { Environment } from './environment.ts';

/** What was kept of a profile: in a file of its own, which a new measurement leaves alone. */
export interface StoredProfile {
  readonly suite: string;
  readonly atUtc: string;
  readonly commit: string;
  readonly node: string;
  readonly functions: readonly HotFunction[];
}

const fileOf = (directory: string, suite: string): string => join(directory, `${suite}.profile.json`);

/** Keeps the most expensive functions as `<suite>.profile.json`, and the profile itself (megabytes, not for git) beside it. */
export function writeProfile(directory: string, suite: string, environment: Environment, hot: HotFunctions): void {
  const { atUtc, commit, node } = environment;
  const kept: StoredProfile = { suite, atUtc, commit, node, functions: hot.functions };
  mkdirSync(directory, { recursive: true });
  writeFileSync(fileOf(directory, suite), `${JSON.stringify(kept, null, 2)}\n`);
  copyFileSync(hot.file, join(directory, `${suite}.cpuprofile`));
}

/** The kept profile of a suite; `undefined` when there is none. */
export function readProfile(directory: string, suite: string): StoredProfile | undefined {
  const file = fileOf(directory, suite);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StoredProfile) : undefined;
}
