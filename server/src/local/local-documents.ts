import { checkDocumentName } from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';
import { LocalDocument, type LocalSurroundings } from './local-document.ts';
import type { OpenDocument } from './open-document.ts';

/** Who opens a document. */
export interface OpenOptions {
  /** Who the edits are attributed to. @defaultValue `'server'` */
  readonly user?: string | undefined;
}

const DEFAULT_USER = 'server';

/** The documents that this process has open itself. */
export class LocalDocuments {
  readonly #around: LocalSurroundings;
  readonly #open = new Set<LocalDocument>();
  #isClosing = false;

  constructor(around: Omit<LocalSurroundings, 'onClosed'>) {
    this.#around = { ...around, onClosed: (document) => void this.#open.delete(document) };
  }

  /** @throws HW_NAME_INVALID, HW_OPTIONS_INVALID, HW_SHUTTING_DOWN, HW_STORE_CORRUPT, or what else keeps the store from reading it */
  async open(name: string, { user = DEFAULT_USER }: OpenOptions): Promise<OpenDocument> {
    checkDocumentName(name);
    if (user === '') throw new HeadwaterError('HW_OPTIONS_INVALID', 'user: expected a name, or none');
    this.#expectOpen();
    const document = await LocalDocument.open(name, user, this.#around);
    this.#open.add(document);
    if (this.#isClosing) document.abandon(shuttingDown());
    this.#expectOpen();
    return document;
  }

  /** Edits made from now on stay where they are. */
  takeNoMore(): void {
    this.#isClosing = true;
    for (const document of this.#open) document.takeNoMore();
  }

  /** What is not saved by now will not be. */
  abandon(): void {
    for (const document of this.#open) document.abandon(shuttingDown());
  }

  #expectOpen(): void {
    if (this.#isClosing) throw shuttingDown();
  }
}

function shuttingDown(): HeadwaterError {
  return new HeadwaterError('HW_SHUTTING_DOWN', 'the server is closed');
}
