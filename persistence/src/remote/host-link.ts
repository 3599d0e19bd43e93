import { connect } from 'node:net';
import { HeadwaterError } from '@headwater/protocol';
import { CHANNEL_DEFAULTS, Channel, type ChannelTimes } from './channel.ts';
import { type ClusterSecret, greetHost } from './greeting.ts';

/** A connection to a host that has proved who it is. */
export interface HostLink {
  readonly channel: Channel;
  readonly storeId: string;
  /** Of its store. */
  readonly epoch: number;
  /** The last append it has taken from this client. */
  readonly lastAppend: number;
}

export interface HostAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Connects to a host.
 *
 * @throws HW_CLUSTER_SECRET_WRONG, HW_CLUSTER_VERSIONS_DIFFER; HW_STORE_UNAVAILABLE when no host answers there
 */
export async function linkTo(
  { host, port }: HostAddress,
  {
    secret,
    clientId,
    signal,
    ...times
  }: ChannelTimes & {
    readonly secret: ClusterSecret;
    readonly clientId: string;
    readonly signal: AbortSignal;
  },
): Promise<HostLink> {
  const { greetingMs = CHANNEL_DEFAULTS.greetingMs } = times;
  const channel = new Channel(connect({ host, port, allowHalfOpen: true }), times);
  const where = `${host}:${port}`;
  const timer = setTimeout(() => channel.destroy(new Error(`no answer in ${greetingMs} ms`)), greetingMs);
  const stop = (): void => channel.destroy(new Error('the connection is not wanted any more'));
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    return { channel, ...(await greetHost(channel, secret, clientId)) };
  } catch (error) {
    channel.destroy();
    if (error instanceof HeadwaterError) throw error;
    const problem = `nobody serves a store at ${where}: ${(error as Error).message}`;
    throw new HeadwaterError('HW_STORE_UNAVAILABLE', problem, { cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
