import { type ErrorCode, HeadwaterError } from '@headwater/protocol';
import { findRunningServer } from '../../lifecycle/runtime-file.ts';
import { mayBeStore, openStore } from '../offline-store.ts';
import type { OwnStore } from './cluster-store-findings.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const HEALTH_TIMEOUT_MS = 3_000;

const ADVICE: Partial<Record<ErrorCode, string>> = {
  HW_STORE_CORRUPT: 'see docs/errors.md, HW_STORE_CORRUPT; copy the directory before anything else',
  HW_STORE_NEWER_FORMAT: 'a newer version wrote it: run that version, or take a backup from before',
};

/** What there is to say of the store, and which it is; `own` is `null` when that cannot be seen. */
export interface StoreReport {
  readonly findings: readonly Finding[];
  readonly own: OwnStore | undefined | null;
}

/** The store: is there one, can this version read it, is the server that has it open well. */
export async function checkStore(data: string): Promise<StoreReport> {
  if (!(await mayBeStore(data))) return { findings: [ok('store', 'none yet; the server makes it')], own: undefined };
  try {
    await using store = await openStore(data);
    let isEmpty = true;
    for await (const _ of store.list({ limit: 1 })) isEmpty = false; // reads a block of it
    const own = { storeId: store.storeId, generation: await store.generation(), isEmpty };
    return { findings: [ok('store', 'can be read; no server has it open')], own };
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    if (error.code === 'HW_STORE_LOCKED') return { findings: [await checkServer(data)], own: null };
    const finding = fail('store', `${error.message} [${error.code}]`, ADVICE[error.code] ?? 'see docs/errors.md');
    return { findings: [finding], own: null };
  }
}

/** Whoever has the store open knows how it is. */
async function checkServer(data: string): Promise<Finding> {
  const server = await findRunningServer(data);
  if (server === undefined) {
    return warn(
      'store',
      'another program has it open',
      'no server says that it is the one: see who uses the directory',
    );
  }
  const found = `open in the server with pid ${server.pid}, ${server.url}`;
  try {
    const response = await fetch(`${server.url}/health`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    const health = (await response.json()) as { readonly status: string; readonly reason?: string };
    if (health.status === 'ok') return ok('store', `${found}, which is well`);
    return fail('store', `${found}: ${health.status}, ${health.reason ?? 'no reason given'}`, 'see its log');
  } catch (error) {
    return fail('store', `${found}, which does not answer: ${(error as Error).message}`, 'see its log, or restart it');
  }
}
