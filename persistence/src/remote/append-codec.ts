import type { Append, DocumentChange, DocumentStore, LogEntry } from '../document-store.ts';
import { decodeLogRecord, encodeLogRecord } from '../record-codec.ts';
import { bytes, decode, encode, list, object, text } from './codec.ts';
import { logEntry } from './value-codecs.ts';

interface EncodedAppend {
  readonly documentName: string;
  /** As a log keeps it. */
  readonly record: Uint8Array;
  readonly addWaiting: readonly LogEntry[];
  readonly removeWaiting: readonly Uint8Array[];
}

/** What a client asked to have appended. */
export interface AskedAppend {
  readonly documentName: string;
  readonly change: DocumentChange;
  readonly record: Uint8Array;
}

const encodedAppend = object<EncodedAppend>({
  documentName: text,
  record: bytes,
  addWaiting: list(logEntry),
  removeWaiting: list(bytes),
});

/** An append as bytes of its own: its caller may go on using its buffers. */
export function encodeAppend(documentName: string, change: DocumentChange): Uint8Array {
  const { timeMs, entries, addWaiting = [], removeWaiting = [] } = change;
  return encode(encodedAppend, { documentName, record: encodeLogRecord(timeMs, entries), addWaiting, removeWaiting });
}

/** @throws Error when it is none */
export function decodeAppend(message: Uint8Array): AskedAppend {
  const { documentName, record, addWaiting, removeWaiting } = decode(encodedAppend, message);
  const { timeMs, entries } = decodeLogRecord(record, 0);
  const waiting = addWaiting.length + removeWaiting.length === 0 ? {} : { addWaiting, removeWaiting };
  return { documentName, record, change: { timeMs, entries, ...waiting } };
}

/** Whether a store has this very record. What is written by a process that then died is there for the next one. */
async function hasRecord(
  store: DocumentStore,
  { documentName, record }: AskedAppend,
  sequence: number,
): Promise<boolean> {
  for await (const { records } of store.recordBlocks(documentName, { after: sequence - 1, upTo: sequence })) {
    const [found] = records;
    if (found !== undefined) return Buffer.compare(encodeLogRecord(found.timeMs, found.entries), record) === 0;
  }
  return false;
}

/**
 * Appends what another process may have stored already, as a record of this sequence (0: not that anybody knows). When it is
 * there, all that is left is to make it durable.
 */
export async function appendOnce(store: DocumentStore, asked: AskedAppend, storedAs: number): Promise<Append> {
  const { documentName, change } = asked;
  const isThere = storedAs > 0 && (await hasRecord(store, asked, storedAs).catch(() => false));
  if (!isThere) return store.append(documentName, change);
  const { written, durable } = store.append(documentName, { ...change, entries: [] });
  return { written: written.then(() => storedAs), durable: durable.then(() => storedAs) };
}
