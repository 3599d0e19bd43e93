import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { balancerConfiguration } from '../../server/src/cli/cluster/balancer-configurations.ts';
import { serverOptionsSchema } from '../../server/src/options.ts';
import { REPOSITORY } from '../support/repository.ts';

test('deploy/haproxy.cfg is what the command prints, with the names of the containers', () => {
  const { heartbeatIntervalMs } = serverOptionsSchema.parse({});
  const addresses = ['instance1:1234', 'instance2:1234'];

  expect(readFileSync(`${REPOSITORY}/deploy/haproxy.cfg`, 'utf8')).toBe(
    balancerConfiguration('haproxy', { addresses, heartbeatIntervalMs, listenPort: 8080 }),
  );
});
