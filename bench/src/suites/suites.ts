import { abuse } from './abuse.ts';
import { coldOpen } from './cold-open.ts';
import { connections } from './connections.ts';
import { day } from './day.ts';
import { durable } from './durable.ts';
import { fanOut } from './fan-out.ts';
import { growth } from './growth.ts';
import { idleMemory } from './idle-memory.ts';
import { joinStorm } from './join-storm.ts';
import { manyDocuments } from './many-documents.ts';
import { presence } from './presence.ts';
import { reconnectStorm } from './reconnect-storm.ts';
import { relay } from './relay.ts';
import { saturation } from './saturation.ts';
import { slowConsumer } from './slow-consumer.ts';
import type { Suite } from './suite.ts';
import { twoInstances } from './two-instances.ts';

/** In the order they run. */
export const SUITES: readonly Suite[] = [
  fanOut,
  saturation,
  manyDocuments,
  growth,
  joinStorm,
  reconnectStorm,
  coldOpen,
  presence,
  idleMemory,
  connections,
  durable,
  day,
  slowConsumer,
  abuse,
  relay,
  twoInstances,
];
