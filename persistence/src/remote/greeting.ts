import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { HeadwaterError } from '@headwater/protocol';
import type { Channel } from './channel.ts';
import { boolean, bytes, type Codec, decode, encode, object, ownBytes, text, uint } from './codec.ts';
import { remoteError } from './value-codecs.ts';

/**
 * What the two ends of a channel say to each other. Counted up with every change of a message, so that instances of
 * two versions refuse each other instead of misunderstanding.
 */
export const STORE_PROTOCOL_VERSION = 4;

const MAGIC = 'headwater-store';
const NONCE_BYTES = 32;

/** What every instance of a cluster knows, and nobody else; or where it is kept, so that it is looked up for every greeting. */
export type ClusterSecret = string | (() => Promise<string>);

interface Hello {
  readonly magic: string;
  readonly version: number;
  readonly nonce: Uint8Array;
  /** Who comes, the same whenever it comes back. */
  readonly clientId: string;
}

interface Challenge {
  readonly nonce: Uint8Array;
}

/** What a host says of itself to those who know the secret. */
export interface Welcome {
  readonly storeId: string;
  /** {@link DocumentStore.epoch}: it stays the same as long as the connection lasts. */
  readonly epoch: number;
  /** The last append it has taken from this client; 0 when it does not know it. */
  readonly lastAppend: number;
}

const hello = object<Hello>({ magic: text, version: uint, nonce: ownBytes, clientId: text });
const challenge = object<Challenge>({ nonce: ownBytes });
const welcome = object<Welcome>({ storeId: text, epoch: uint, lastAppend: uint });
/** Whether it goes on, and with what. */
const answer = object<{ isRefused: boolean; content: Uint8Array }>({ isRefused: boolean, content: bytes });
const proven = object<{ proof: Uint8Array; content: Uint8Array }>({ proof: bytes, content: bytes });

/**
 * Each end proves that it knows the secret, without sending it, and the client first: who does not know it learns nothing
 * that a guess could be tried on.
 *
 * ```
 * client ── version, nonce, who ──▶ host
 *        ◀── nonce ───────────────
 *        ── HMAC of all that ─────▶
 *        ◀── HMAC of all that and the welcome, welcome
 * ```
 *
 * @throws HW_CLUSTER_SECRET_WRONG, HW_CLUSTER_VERSIONS_DIFFER; Error when the channel ends first
 */
export async function greetHost(channel: Channel, known: ClusterSecret, clientId: string): Promise<Welcome> {
  const secret = await look(known);
  const nonce = randomBytes(NONCE_BYTES);
  const said = [encode(hello, { magic: MAGIC, version: STORE_PROTOCOL_VERSION, nonce, clientId })];
  channel.send(said[0] as Uint8Array);
  said.push(await answerOf(channel));
  channel.send(proofOf(secret, 'client', said));
  const { proof, content } = decode(proven, await answerOf(channel));
  if (!isSame(proof, proofOf(secret, 'host', [...said, content]))) {
    throw wrongSecret('who answers as the owner of the store does not know the cluster secret of this instance');
  }
  return decode(welcome, content);
}

/**
 * The other end of {@link greetHost}.
 *
 * @param welcomeFor - called once the client has proved who it is
 * @throws HW_CLUSTER_SECRET_WRONG, HW_CLUSTER_VERSIONS_DIFFER, which the client is told too; Error for what is no client
 */
export async function greetClient(
  channel: Channel,
  known: ClusterSecret,
  welcomeFor: (clientId: string) => Welcome,
): Promise<string> {
  const first = await channel.receive();
  const { magic, version, clientId } = decode(hello, first);
  if (magic !== MAGIC) throw new Error('it is no instance of Headwater');
  if (version !== STORE_PROTOCOL_VERSION) {
    const problem = `the owner of the store speaks version ${STORE_PROTOCOL_VERSION} of the store protocol, this instance version ${version}`;
    throw refused(channel, new HeadwaterError('HW_CLUSTER_VERSIONS_DIFFER', problem));
  }
  const secret = await look(known);
  const asked = encode(challenge, { nonce: randomBytes(NONCE_BYTES) });
  accept(channel, asked);
  const said = [first, asked];
  if (!isSame(await channel.receive(), proofOf(secret, 'client', said))) {
    throw refused(channel, wrongSecret('the owner of the store has another cluster secret than this instance'));
  }
  const content = encode(welcome, welcomeFor(clientId));
  accept(channel, encode(proven, { proof: proofOf(secret, 'host', [...said, content]), content }));
  return clientId;
}

async function look(known: ClusterSecret): Promise<string> {
  return typeof known === 'string' ? known : known();
}

function accept(channel: Channel, content: Uint8Array): void {
  channel.send(encode(answer, { isRefused: false, content }));
}

function refused(channel: Channel, error: HeadwaterError): HeadwaterError {
  channel.send(encode(answer, { isRefused: true, content: encode(remoteError, error) }));
  return error;
}

async function answerOf(channel: Channel): Promise<Uint8Array> {
  const { isRefused, content } = decodeGreeting(answer, await channel.receive());
  if (!isRefused) return content;
  throw decodeGreeting(remoteError, content);
}

function decodeGreeting<T>(codec: Codec<T>, message: Uint8Array): T {
  try {
    return decode(codec, message);
  } catch (cause) {
    throw new Error('what listens there is no Headwater', { cause });
  }
}

function proofOf(secret: string, role: 'client' | 'host', said: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac('sha256', secret).update(`${MAGIC} ${role}`);
  for (const message of said) hmac.update(message);
  return hmac.digest();
}

function isSame(given: Uint8Array, expected: Uint8Array): boolean {
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
}

function wrongSecret(problem: string): HeadwaterError {
  return new HeadwaterError('HW_CLUSTER_SECRET_WRONG', `${problem}: every instance needs the same`);
}
