import type { ResolvedServerOptions } from '../options.ts';
import { type AccessRule, isLoopbackName } from './v1/access.ts';

/**
 * To whom the page is shown. In development, which is a server that only its own machine can reach and that nobody declared
 * to be in production, it is there without being asked for.
 */
export function inspectScope(
  { inspect, host }: Pick<ResolvedServerOptions, 'inspect' | 'host'>,
  nodeEnv: string | undefined,
): AccessRule['scope'] {
  if (inspect !== 'auto') return inspect;
  return nodeEnv !== 'production' && isLoopbackName(host) ? 'local' : 'off';
}
