import { networkInterfaces } from 'node:os';

/** Where others reach who listens on an address: of "any address", the first one that is not this machine's alone. */
export function announcedHost(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const reachable = addresses.find(({ internal, family }) => !internal && (family === 'IPv4' || host === '::'));
  return reachable?.address ?? '127.0.0.1';
}
