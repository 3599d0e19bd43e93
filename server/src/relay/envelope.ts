import type { LogEntry } from '@headwater/persistence';
import { ByteReader, ByteWriter, HeadwaterError } from '@headwater/protocol';
import type { Announcement, RelayedBatch, RelayMessage } from './relay.ts';

/** First byte of every envelope. A reader leaves other versions alone: what they carry is found in the store. */
export const RELAY_VERSION = 2;

/** Second byte. Never renumber, only append: instances of two versions run side by side during an update. */
export const EnvelopeKind = {
  written: 0,
  unwritten: 1,
  stored: 2,
  awareness: 3,
  'awareness-query': 4,
  claim: 5,
  'claim-answer': 6,
  stateless: 7,
  snapshot: 8,
  outdated: 9,
  alive: 10,
  leaving: 11,
  deleted: 12,
  reauthenticate: 13,
} as const;

/** Flags of `reauthenticate`. */
const HAS_DOCUMENT = 1;
const HAS_USER = 2;

/** What an instance says about itself. */
export type InstanceMessage = { readonly kind: 'alive' } | { readonly kind: 'leaving' };

type Content = RelayedBatch | RelayMessage | InstanceMessage | Announcement;

/** What is sent, and who sent it. */
export interface Envelope {
  readonly from: string;
  readonly content: Content;
}

const KINDS = new Map<number, keyof typeof EnvelopeKind>(
  Object.entries(EnvelopeKind).map(([kind, byte]) => [byte, kind as keyof typeof EnvelopeKind]),
);

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder('utf-8', { fatal: true }) };

/** Whether it is something a stream keeps. */
export function isBatch(content: Content): content is RelayedBatch {
  return content.kind === 'written' || content.kind === 'unwritten' || content.kind === 'stored';
}

/** As bytes: version, kind, sender, and what the kind has (docs/protocol.md, "Between instances"). */
export function encodeEnvelope({ from, content }: Envelope): Uint8Array {
  const writer = new ByteWriter(128);
  writer.byte(RELAY_VERSION);
  writer.byte(EnvelopeKind[content.kind]);
  writeText(writer, from);
  switch (content.kind) {
    case 'written':
      writer.varUint(content.epoch);
      writer.varUint(content.sequence);
      writer.varUint(content.updates.length);
      for (const update of content.updates) writeBytes(writer, update);
      writeEntries(writer, content.waiting);
      break;
    case 'unwritten':
      writeEntries(writer, content.entries);
      writeEntries(writer, content.waiting);
      break;
    case 'stored':
      writer.varUint(content.epoch);
      writer.varUint(content.sequence);
      break;
    case 'snapshot':
      writer.varUint(content.sequence);
      break;
    case 'awareness':
      writeBytes(writer, content.update);
      break;
    case 'claim':
    case 'claim-answer':
      writeText(writer, content.to);
      writer.varUint(content.clientId);
      if (content.kind === 'claim-answer') writer.byte(content.isThere ? 1 : 0);
      break;
    case 'stateless':
      writeText(writer, content.payload);
      break;
    case 'reauthenticate':
      writer.byte(
        (content.documentName === undefined ? 0 : HAS_DOCUMENT) | (content.user === undefined ? 0 : HAS_USER),
      );
      if (content.documentName !== undefined) writeText(writer, content.documentName);
      if (content.user !== undefined) writeText(writer, content.user);
      break;
    case 'awareness-query':
    case 'outdated':
    case 'alive':
    case 'leaving':
    case 'deleted':
      break; // the kind says it all
  }
  return writer.finish();
}

/**
 * The opposite. Updates are views of the bytes.
 *
 * @returns `undefined` for what a newer version says
 * @throws HW_RELAY_MALFORMED
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  const reader = new ByteReader(bytes, 'HW_RELAY_MALFORMED', 'relayed envelope');
  if (reader.byte('version') !== RELAY_VERSION) return undefined;
  const kind = KINDS.get(reader.byte('kind'));
  if (kind === undefined) return undefined;
  const from = readText(reader, 'sender');
  const content = readContent(reader, kind);
  reader.expectEnd();
  return { from, content };
}

function readContent(reader: ByteReader, kind: keyof typeof EnvelopeKind): Content {
  switch (kind) {
    case 'written': {
      const [epoch, sequence] = [reader.varUint('epoch'), reader.varUint('sequence')];
      const updates: Uint8Array[] = [];
      for (let left = reader.count('number of updates', 1); left > 0; left--) updates.push(reader.view('update'));
      return { kind, epoch, sequence, updates, waiting: readEntries(reader) };
    }
    case 'unwritten':
      return { kind, entries: readEntries(reader), waiting: readEntries(reader) };
    case 'stored':
      return { kind, epoch: reader.varUint('epoch'), sequence: reader.varUint('sequence') };
    case 'snapshot':
      return { kind, sequence: reader.varUint('sequence') };
    case 'awareness':
      return { kind, update: reader.view('awareness update') };
    case 'claim':
      return { kind, to: readText(reader, 'instance'), clientId: reader.varUint('client id') };
    case 'claim-answer': {
      const to = readText(reader, 'instance');
      return { kind, to, clientId: reader.varUint('client id'), isThere: reader.byte('answer') === 1 };
    }
    case 'stateless':
      return { kind, payload: readText(reader, 'payload') };
    case 'reauthenticate': {
      const flags = reader.byte('flags');
      const documentName = (flags & HAS_DOCUMENT) === 0 ? undefined : readText(reader, 'document');
      return { kind, documentName, user: (flags & HAS_USER) === 0 ? undefined : readText(reader, 'user') };
    }
    case 'awareness-query':
    case 'outdated':
    case 'alive':
    case 'leaving':
    case 'deleted':
      return { kind };
  }
}

function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writer.varUint(bytes.length);
  writer.raw(bytes);
}

function writeText(writer: ByteWriter, text: string): void {
  writeBytes(writer, utf8.encoder.encode(text));
}

function writeEntries(writer: ByteWriter, entries: readonly LogEntry[]): void {
  writer.varUint(entries.length);
  for (const { author, update } of entries) {
    writeText(writer, author);
    writeBytes(writer, update);
  }
}

function readEntries(reader: ByteReader): LogEntry[] {
  const entries: LogEntry[] = [];
  for (let left = reader.count('number of entries', 2); left > 0; left--) {
    entries.push({ author: readText(reader, 'author'), update: reader.view('update') });
  }
  return entries;
}

function readText(reader: ByteReader, what: string): string {
  const bytes = reader.view(what);
  try {
    return utf8.decoder.decode(bytes);
  } catch (cause) {
    throw new HeadwaterError('HW_RELAY_MALFORMED', `relayed envelope: ${what} is not UTF-8`, { cause });
  }
}
