import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { REPOSITORY } from './repository.ts';

/** `[position, deleteCount, insertedText]`; positions and counts in Unicode code points. */
export type Patch = readonly [position: number, deleteCount: number, insertedText: string];

/** What one agent did in one go. */
export interface Transaction {
  /** Transactions whose merged state this one was applied to. */
  readonly parents: readonly number[];
  readonly agent: number;
  readonly patches: readonly Patch[];
}

/** A recorded editing session. */
export interface Trace {
  readonly kind: 'sequential' | 'concurrent';
  readonly startContent: string;
  readonly endContent: string;
  readonly agents: number;
  readonly transactions: readonly Transaction[];
}

interface TraceFile {
  readonly kind?: string;
  readonly startContent?: string;
  readonly endContent: string;
  readonly numAgents?: number;
  readonly txns: readonly { parents?: readonly number[]; agent?: number; patches: readonly Patch[] }[];
}

/** Reads a trace in the format of josephg/editing-traces, gzipped or not. */
export function readTrace(file: string): Trace {
  const bytes = readFileSync(file);
  const content: TraceFile = JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
  return {
    kind: content.kind === 'concurrent' ? 'concurrent' : 'sequential',
    startContent: content.startContent ?? '',
    endContent: content.endContent,
    agents: content.numAgents ?? 1,
    transactions: content.txns.map(({ parents, agent, patches }, index) => ({
      parents: parents ?? (index === 0 ? [] : [index - 1]),
      agent: agent ?? 0,
      patches,
    })),
  };
}

/**
 * A recorded trace by name, from `HEADWATER_TRACES` or from `shared/data` beside the repository. They are large and not
 * part of it: where they are absent the caller skips, and a generated session takes their place.
 */
export function findTrace(name: string): string | undefined {
  const directory = process.env['HEADWATER_TRACES'] ?? path.join(REPOSITORY, '../shared/data');
  const file = path.join(directory, `${name}.json.gz`);
  return existsSync(file) ? file : undefined;
}
