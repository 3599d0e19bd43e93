import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { balancerConfiguration } from '../../server/src/cli/cluster/balancer-configurations.ts';
import { loadOptions } from '../../server/src/cli/option-sources.ts';
import { serveCommand } from '../../server/src/cli/serve.ts';
import { type ResolvedServerOptions, serverOptionsSchema } from '../../server/src/options.ts';
import { REPOSITORY } from '../support/repository.ts';

/** What of a service the tests look at. */
interface Service {
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly stop_grace_period?: string;
}

const OPTIONS = Object.keys(serverOptionsSchema.shape) as (keyof typeof serverOptionsSchema.shape)[];

const compose = parse(read('compose.yaml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: object;
};
const { instance1, instance2, balancer } = compose.services;

test('the containers of deploy/compose.yaml are one cluster, on one data directory, and reach each other', () => {
  const { options, warnings } = started(instance1);

  expect(warnings).toEqual([]);
  expect(options).toMatchObject({ host: '0.0.0.0', storeHost: '0.0.0.0', redis: 'redis://redis:6379' });
  expect(Object.keys(compose.services)).toContain('redis');
  expect(instance1?.volumes).toEqual([`data:${options.data}`]);
  expect(Object.keys(compose.volumes)).toEqual(['data']);
  expect(instance2).toEqual(instance1);
});

test('the image makes the data directory, for the user who runs the server', () => {
  const { data } = started(instance1).options;
  const user = lineOf('USER');

  expect(read('Dockerfile')).toContain(`mkdir ${data} && chown ${user}:${user} ${data}`);
});

test('a container has longer to stop than the server in it takes', () => {
  const { shutdownTimeoutMs } = started(instance1).options;

  const graceMs = serverOptionsSchema.shape.shutdownTimeoutMs.parse(instance1?.stop_grace_period);

  expect(graceMs).toBeGreaterThan(shutdownTimeoutMs);
});

test('deploy/haproxy.cfg is what the command prints, with the names of the containers, and its port is published', () => {
  const { heartbeatIntervalMs, port } = started(instance1).options;
  const addresses = [`instance1:${port}`, `instance2:${port}`];

  expect(read('haproxy.cfg')).toBe(
    balancerConfiguration('haproxy', { addresses, heartbeatIntervalMs, listenPort: 8080 }),
  );
  expect(balancer?.ports).toEqual(['8080:8080']);
  expect(lineOf('EXPOSE')).toBe(String(port));
});

function read(name: string): string {
  return readFileSync(`${REPOSITORY}/deploy/${name}`, 'utf8');
}

/** The last line of the Dockerfile with an instruction. */
function lineOf(instruction: string): string {
  const line = read('Dockerfile')
    .split('\n')
    .findLast((text) => text.startsWith(`${instruction} `));
  if (line === undefined) throw new Error(`the Dockerfile has no ${instruction}`);
  return line.slice(instruction.length + 1);
}

/** The options of what a container runs: those of the image's command, and those of its environment. */
function started(service: Service | undefined): { options: ResolvedServerOptions; warnings: readonly string[] } {
  const command = serveCommand().exitOverride();
  const [program, name, ...flags] = JSON.parse(lineOf('CMD')) as readonly string[];
  const { operands, unknown } = command.parseOptions(flags);
  expect([program, name, operands, unknown]).toEqual(['headwater', command.name(), [], []]);
  return loadOptions(OPTIONS, { flags: command.opts(), env: service?.environment ?? {}, workingDirectory: '/data' });
}
