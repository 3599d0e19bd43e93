import type { ResolvedServerOptions } from '../options.ts';
import { type AccessRule, isLoopbackName } from './v1/access.ts';

/** To whom the pages are shown. */
export interface PagesScope {
  /** The page at `/inspect/NAME`. */
  readonly inspect: AccessRule['scope'];
  /** The page at `/`, which is to try a server out with. */
  readonly home: AccessRule['scope'];
}

/**
 * In development, which is a server that only its own machine can reach and that nobody declared to be in production, the pages are
 * there without being asked for. In production there is no page at `/`, whatever was asked for.
 */
export function pagesScope(
  { inspect, host }: Pick<ResolvedServerOptions, 'inspect' | 'host'>,
  nodeEnv: string | undefined,
): PagesScope {
  const isProduction = nodeEnv === 'production';
  const auto = !isProduction && isLoopbackName(host) ? 'local' : 'off';
  const scope = inspect === 'auto' ? auto : inspect;
  return { inspect: scope, home: isProduction ? 'off' : scope };
}
