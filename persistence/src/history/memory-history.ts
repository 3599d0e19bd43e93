import { HeadwaterError } from '@headwater/protocol';
import type { LogRecord } from '../log-record.ts';
import type {
  AttributedRange,
  HistoryChange,
  HistoryOutline,
  HistorySpan,
  KeyFrame,
  KeyFrameInfo,
  NamedVersion,
  RecordBlock,
} from './history-store.ts';
import { isKeyFrameDue } from './key-frames.ts';
import type { Retention } from './retention-policy.ts';

/** What the document's other half says of it. */
interface Present {
  readonly documentName: string;
  /** The last sequence of its log. */
  readonly sequence: number;
  readonly snapshot: { readonly sequence: number; readonly update: Uint8Array; readonly timeMs: number } | undefined;
  /** Records after the snapshot. */
  readonly tail: readonly LogRecord[];
}

interface Span {
  readonly span: HistorySpan;
  readonly kept: readonly LogRecord[];
}

/** The past of one document, for as long as the process lasts. */
export class MemoryHistory {
  #spans: Span[] = [];
  #keyFrames: KeyFrame[] = [];
  #versions: NamedVersion[] = [];
  #attribution: AttributedRange[] = [];
  #retention: Retention | undefined;

  /** Takes the records up to a sequence over from the tail, before a new snapshot takes the place of the present one. */
  takeOver({ snapshot, tail }: Present, upTo: number, storeRetention: Retention): void {
    const after = snapshot?.sequence ?? 0;
    if (upTo <= after || (this.#retention ?? storeRetention) === 'none') return;
    if (snapshot !== undefined) this.#retire(snapshot);
    const kept = tail.filter(({ sequence }) => sequence <= upTo);
    const bytes = bytesOf(kept);
    if (kept.length === 0) return;
    const span = {
      after,
      last: upTo,
      records: kept.length,
      firstMs: kept[0]?.timeMs ?? 0,
      lastMs: kept.at(-1)?.timeMs ?? 0,
      bytes,
      storedBytes: bytes,
    };
    this.#spans.push({ span, kept });
  }

  outline({ sequence, snapshot }: Present, storeRetention: Retention): HistoryOutline {
    return {
      sequence,
      snapshotSequence: snapshot?.sequence ?? 0,
      snapshotStoredBytes: snapshot?.update.byteLength ?? 0,
      spans: this.#spans.map(({ span }) => span),
      keyFrames: this.#keyFrames.map(infoOf),
      versions: [...this.#versions],
      retention: this.#retention ?? storeRetention,
      hasOwnRetention: this.#retention !== undefined,
    };
  }

  /** The next records after a sequence. */
  block({ snapshot, tail }: Present, after: number, upTo: number): RecordBlock | undefined {
    if (after >= upTo) return undefined;
    const found = this.#spans.find(({ span }) => span.last > after);
    const start = Math.max(after, found?.span.after ?? snapshot?.sequence ?? 0);
    if (start >= upTo) return undefined;
    const records = (found?.kept ?? tail).filter(({ sequence }) => sequence > after && sequence <= upTo);
    const last = found === undefined ? records.at(-1)?.sequence : Math.min(upTo, found.span.last);
    return last === undefined ? undefined : { after: start, last, records };
  }

  keyFrame({ snapshot }: Present, sequence: number): KeyFrame | undefined {
    if (snapshot?.sequence === sequence) {
      return { sequence, timeMs: this.#timeOf(snapshot), authors: [], update: snapshot.update };
    }
    return this.#keyFrames.find((frame) => frame.sequence === sequence);
  }

  get attribution(): readonly AttributedRange[] {
    return [...this.#attribution];
  }

  /** @throws HW_MOMENT_UNKNOWN, with nothing changed */
  change({ documentName, sequence, snapshot }: Present, change: HistoryChange): void {
    if (change.whileSnapshot !== undefined && change.whileSnapshot !== (snapshot?.sequence ?? 0)) return;
    const added = change.addKeyFrames ?? [];
    const frames = new Map([...this.#keyFrames, ...added].map((frame) => [frame.sequence, frame]));
    for (const frame of added) {
      if (frame.sequence > sequence) throw unknown(documentName, `a record ${frame.sequence}`);
    }
    for (const version of change.addVersions ?? []) {
      if (!frames.has(version.sequence)) throw unknown(documentName, `a key frame of record ${version.sequence}`);
    }

    const removedVersions = new Set(change.removeVersions);
    this.#versions = [...this.#versions, ...(change.addVersions ?? [])]
      .map((version) => ({ ...version, label: change.renameVersions?.get(version.id) ?? version.label }))
      .filter(({ id }) => !removedVersions.has(id))
      .sort((a, b) => a.sequence - b.sequence || a.createdMs - b.createdMs);
    const named = new Set(this.#versions.map((version) => version.sequence));
    for (const removed of change.removeKeyFrames ?? []) if (!named.has(removed)) frames.delete(removed);
    this.#keyFrames = [...frames.values()].map(copyOf).sort((a, b) => a.sequence - b.sequence);
    this.#spans = this.#spans.filter(({ span }) => span.last > (change.removeRecordsThrough ?? 0));
    if (change.removeAttribution === true) this.#attribution = [];
    this.#attribution.push(...(change.addAttribution ?? []));
    if (change.retention !== undefined) this.#retention = change.retention ?? undefined;
  }

  #retire(snapshot: NonNullable<Present['snapshot']>): void {
    const { sequence, update } = snapshot;
    const before = this.#keyFrames.findLast((frame) => frame.sequence <= sequence)?.sequence ?? 0;
    const spans = this.#spans.map(({ span }) => span);
    if (!isKeyFrameDue({ sequence, storedBytes: update.byteLength }, before, spans)) return;
    this.#keyFrames.push({ sequence, timeMs: this.#timeOf(snapshot), authors: [], update });
    this.#keyFrames.sort((a, b) => a.sequence - b.sequence);
  }

  /** When its last record was received; when it was made, if that is not known. */
  #timeOf({ sequence, timeMs }: NonNullable<Present['snapshot']>): number {
    return this.#spans.find(({ span }) => span.last === sequence)?.span.lastMs ?? timeMs;
  }
}

function bytesOf(records: readonly LogRecord[]): number {
  return records.reduce((sum, { entries }) => entries.reduce((of, { update }) => of + update.byteLength, sum), 0);
}

function infoOf({ sequence, timeMs, authors, update }: KeyFrame): KeyFrameInfo {
  return { sequence, timeMs, authors, bytes: update.byteLength, storedBytes: update.byteLength };
}

function copyOf(frame: KeyFrame): KeyFrame {
  return { ...frame, authors: [...frame.authors], update: frame.update.slice() };
}

function unknown(documentName: string, what: string): HeadwaterError {
  return new HeadwaterError('HW_MOMENT_UNKNOWN', `"${documentName}" has not ${what}`);
}
