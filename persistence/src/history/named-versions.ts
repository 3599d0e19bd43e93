import { randomUUID } from 'node:crypto';
import { HeadwaterError } from '@headwater/protocol';
import type { HistoryStore, NamedVersion } from './history-store.ts';
import type { MakeState } from './key-frame-maker.ts';
import { outlineOf, stateAt } from './state-at.ts';

/** The longest label, and the longest name of an author, of a version: bytes of UTF-8. */
export const MAX_VERSION_TEXT_BYTES = 1024;

/** What a new version is made of. */
export interface NewVersion {
  readonly label: string;
  /** Who names it. */
  readonly author: string;
  /** The moment to name. @defaultValue the last one */
  readonly moment?: number | undefined;
}

/**
 * Moments with names. Each has a key frame of its own, so no retention takes it away.
 *
 * @example
 * ```ts
 * const draft = await history.versions.create('notes', { label: 'sent to Ada', author: 'bob' });
 * await history.versions.rename('notes', draft.id, 'first draft');
 * await history.versions.delete('notes', draft.id);
 * ```
 */
export class NamedVersions {
  readonly #store: HistoryStore;
  readonly #now: () => number;
  readonly #makeState: MakeState;

  constructor(store: HistoryStore, now: () => number, makeState: MakeState) {
    this.#store = store;
    this.#now = now;
    this.#makeState = makeState;
  }

  /**
   * Names a moment; resolves once that is fsynced.
   *
   * @throws HW_VERSION_INVALID for a label or an author that is empty, or over {@link MAX_VERSION_TEXT_BYTES}
   * @throws HW_DOCUMENT_UNKNOWN, HW_MOMENT_UNKNOWN, HW_STORE_CORRUPT
   */
  async create(documentName: string, { label, author, moment }: NewVersion): Promise<NamedVersion> {
    checkText('label', label);
    checkText('author', author);
    const sequence = moment ?? (await outlineOf(this.#store, documentName)).sequence;
    const { timeMs, updates } = await stateAt(this.#store, documentName, sequence);
    const update = await this.#makeState(updates);
    const createdMs = this.#now();
    const version = { id: randomUUID(), label, author, createdMs, sequence };
    await this.#store.changeHistory(documentName, {
      addKeyFrames: [{ sequence, timeMs: timeMs ?? createdMs, authors: [], update }],
      addVersions: [version],
    });
    return version;
  }

  /** By moment, then by when they were named. @throws HW_DOCUMENT_UNKNOWN */
  async list(documentName: string): Promise<readonly NamedVersion[]> {
    return (await outlineOf(this.#store, documentName)).versions;
  }

  /** @throws HW_VERSION_UNKNOWN, HW_VERSION_INVALID, HW_DOCUMENT_UNKNOWN */
  async rename(documentName: string, versionId: string, label: string): Promise<NamedVersion> {
    checkText('label', label);
    const version = await this.#find(documentName, versionId);
    await this.#store.changeHistory(documentName, { renameVersions: new Map([[versionId, label]]) });
    return { ...version, label };
  }

  /**
   * Takes the name away; the moment stays for as long as retention keeps it.
   *
   * @throws HW_VERSION_UNKNOWN, HW_DOCUMENT_UNKNOWN
   */
  async delete(documentName: string, versionId: string): Promise<void> {
    await this.#find(documentName, versionId);
    await this.#store.changeHistory(documentName, { removeVersions: [versionId] });
  }

  async #find(documentName: string, versionId: string): Promise<NamedVersion> {
    const version = (await this.list(documentName)).find(({ id }) => id === versionId);
    if (version !== undefined) return version;
    const problem = `${JSON.stringify(documentName)} has no version with the id ${JSON.stringify(versionId.slice(0, 64))}`;
    throw new HeadwaterError('HW_VERSION_UNKNOWN', problem);
  }
}

function checkText(what: string, text: string): void {
  if (text.trim() === '') throw new HeadwaterError('HW_VERSION_INVALID', `the ${what} of a version must not be empty`);
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_VERSION_TEXT_BYTES) return;
  const problem = `the ${what} of a version has ${bytes} bytes; it must have at most ${MAX_VERSION_TEXT_BYTES}`;
  throw new HeadwaterError('HW_VERSION_INVALID', problem);
}
