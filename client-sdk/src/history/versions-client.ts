import type { ApiConnection } from './api-connection.ts';
import type { NamedVersion } from './history-contract.ts';

/** What a new version is made of. */
export interface NewVersion {
  readonly label: string;
  /** Who names it. @defaultValue `'api'` */
  readonly author?: string | undefined;
  /** The moment to name. @defaultValue the last one */
  readonly moment?: number | undefined;
}

/** Moments with names, as `NamedVersions` in `@headwater/persistence`. */
export class VersionsClient {
  readonly #api: ApiConnection;

  constructor(api: ApiConnection) {
    this.#api = api;
  }

  /** Names a moment; resolves once that is fsynced. */
  async create(documentName: string, { label, author, moment }: NewVersion): Promise<NamedVersion> {
    const body = { label, author, at: moment };
    return (await this.#api.json({ method: 'POST', path: pathOf(documentName), body })) as NamedVersion;
  }

  /** By moment, then by when they were named. */
  async list(documentName: string): Promise<readonly NamedVersion[]> {
    const answer = await this.#api.json({ path: pathOf(documentName) });
    return (answer as { readonly versions: readonly NamedVersion[] }).versions;
  }

  /** Gives a version another label. */
  async rename(documentName: string, versionId: string, label: string): Promise<NamedVersion> {
    const path = [...pathOf(documentName), versionId];
    return (await this.#api.json({ method: 'PATCH', path, body: { label } })) as NamedVersion;
  }

  /** Takes the name away; the moment stays for as long as retention keeps it. */
  async delete(documentName: string, versionId: string): Promise<void> {
    await this.#api.request({ method: 'DELETE', path: [...pathOf(documentName), versionId] });
  }
}

function pathOf(documentName: string): readonly string[] {
  return ['documents', documentName, 'versions'];
}
