import type { TcpProxy } from '../support/tcp-proxy.ts';
import type { Crowd } from './crowd.ts';

/** What may happen to a way through a network, and is over in the end. */
export type NetworkFault = (proxy: TcpProxy, crowd: Crowd) => Promise<void>;

const A_WHILE = 60;

/** Each completes "the way … ". */
export const NETWORK_FAULTS: readonly (readonly [string, NetworkFault])[] = [
  [
    'is slow',
    async (proxy, crowd) => {
      proxy.delayMs = 200;
      await crowd.edited(A_WHILE);
      proxy.delayMs = 0;
    },
  ],
  [
    'is cut again and again',
    async (proxy, crowd) => {
      for (let cut = 0; cut < 4; cut++) {
        proxy.cut();
        await crowd.edited(20);
      }
    },
  ],
  [
    'is gone for a while',
    async (proxy, crowd) => {
      proxy.beUnreachable();
      await crowd.edited(A_WHILE);
      proxy.beReachable();
    },
  ],
  [
    'is open at this end only',
    async (proxy, crowd) => {
      proxy.fallSilent();
      await crowd.edited(A_WHILE);
    },
  ],
];
