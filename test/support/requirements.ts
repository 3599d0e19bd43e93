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
  /** Whether the package starts a service of its own where there is an init system to start it with. */
  readonly startsService?: boolean;
}

const CHROMIUM: Requirement = {
  variable: 'CHROMIUM_PATH',
  programs: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  debianPackage: 'chromium',
};

/** Its command line client is looked for beside it. */
const REDIS_SERVER: Requirement = {
  variable: 'REDIS_SERVER_PATH',
  programs: ['redis-server', 'valkey-server'],
  debianPackage: 'redis-server',
  startsService: true,
};

const NGINX: Requirement = {
  variable: 'NGINX_PATH',
  programs: ['nginx'],
  debianPackage: 'nginx',
  startsService: true,
};

const HAPROXY: Requirement = {
  variable: 'HAPROXY_PATH',
  programs: ['haproxy'],
  debianPackage: 'haproxy',
  startsService: true,
};

/** Where a required program is, or the one line that helps. */
export type Found = { readonly path: string } | { readonly missing: string };

declare module 'vitest' {
  interface ProvidedContext {
    chromium: Found;
    redisServer: Found;
    nginx: Found;
    haproxy: Found;
  }
}

/** What the tests of each project that has this setup need; only they wait for it, and only they fail without it. */
const REQUIREMENTS: Readonly<Record<string, Partial<Record<keyof ProvidedContext, Requirement>>>> = {
  browser: { chromium: CHROMIUM },
  redis: { redisServer: REDIS_SERVER, nginx: NGINX, haproxy: HAPROXY },
};

/** Vitest's global setup of the tests that need programs: finds them, installing them where that is ours to do. */
export default function setup(project: TestProject): void {
  for (const [name, requirement] of Object.entries(REQUIREMENTS[project.name] ?? {})) {
    project.provide(name as keyof ProvidedContext, locate(requirement));
  }
}

/** The path of a program that was looked for, or an error with the line that helps. */
export function pathOf(found: Found): string {
  if ('missing' in found) throw new Error(found.missing);
  return found.path;
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
  const found = find(requirement) ?? (mayInstall(requirement) ? install(requirement) : undefined);
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

/**
 * Only root on Debian and its kin: a container or a CI machine, where nobody is asked for a password. Nor does a test run
 * start services on a machine that runs some.
 */
function mayInstall({ startsService = false }: Requirement): boolean {
  if (startsService && existsSync('/run/systemd/system')) return false;
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
