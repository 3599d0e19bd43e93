import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import type { ProvidedContext } from 'vitest';
import type { TestProject } from 'vitest/node';

/** A program tests need that no package of ours brings. */
interface Requirement {
  /** Environment variable that names it outright. */
  readonly variable: string;
  readonly programs: readonly string[];
  readonly debianPackage: string;
}

const CHROMIUM: Requirement = {
  variable: 'CHROMIUM_PATH',
  programs: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  debianPackage: 'chromium',
};

/** Where a required program is, or the one line that helps. */
export type Found = { readonly path: string } | { readonly missing: string };

declare module 'vitest' {
  interface ProvidedContext {
    chromium: Found;
  }
}

/** Vitest's global setup of the browser tests: finds Chromium, installing it where that is ours to do. */
export default function setup(project: TestProject): void {
  const context: ProvidedContext = { chromium: locate(CHROMIUM) };
  project.provide('chromium', context.chromium);
}

/** A bare environment lacks the directories that package tools live in. */
const SEARCH_PATH = [
  process.env['PATH'] ?? '',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
].join(path.delimiter);

function locate(requirement: Requirement): Found {
  const found = find(requirement) ?? (mayInstall() ? install(requirement) : undefined);
  if (found !== undefined) return { path: found };
  const command = `apt-get install -y --no-install-recommends ${requirement.debianPackage}`;
  return { missing: `${requirement.programs[0]} is missing: run "${command}" or set ${requirement.variable}` };
}

function find({ variable, programs }: Requirement): string | undefined {
  const named = process.env[variable];
  if (named !== undefined && named !== '') return named;
  const candidates = programs.flatMap((program) =>
    SEARCH_PATH.split(path.delimiter).map((dir) => path.join(dir, program)),
  );
  return candidates.find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return path.isAbsolute(file);
  } catch {
    return false;
  }
}

/** Only root on Debian and its kin: a container or a CI machine, where nobody is asked for a password. */
function mayInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version');
}

function install(requirement: Requirement): string | undefined {
  const env = { ...process.env, PATH: SEARCH_PATH, DEBIAN_FRONTEND: 'noninteractive' };
  const steps = [['update'], ['install', '-y', '--no-install-recommends', requirement.debianPackage]];
  for (const step of steps) {
    process.stdout.write(`${requirement.programs[0]} is missing, so: apt-get ${step.join(' ')}\n`);
    const { status, stderr } = spawnSync('apt-get', ['-qq', ...step], { env, encoding: 'utf8' });
    if (status !== 0) process.stdout.write(`${stderr}\n`);
  }
  return find(requirement);
}
