import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { recordSession, type Session } from '../../bench/src/documents/session.ts';
import { ROOT_NAME } from '../../bench/src/load/typing.ts';

const NO_FILE = '/there/is/no/such/trace.json.gz';
const FIRST_CLIENT_ID = 100;

function traceFile(trace: unknown): string {
  const file = join(mkdtempSync(join(tmpdir(), 'headwater-session-')), 'trace.json.gz');
  writeFileSync(file, gzipSync(JSON.stringify(trace)));
  return file;
}

function replayed({ updates }: Session): string {
  const doc = new Y.Doc();
  for (const { update } of updates) Y.applyUpdate(doc, update);
  expect(doc.store.pendingStructs).toBeNull();
  return doc.getText(ROOT_NAME).toJSON();
}

test('an improvised session is the same every time, and its updates make its text', () => {
  const session = recordSession(NO_FILE, FIRST_CLIENT_ID, 500);

  expect(session.updates).toHaveLength(500);
  expect(session.text.length).toBeGreaterThan(300);
  expect(replayed(session)).toBe(session.text);
  expect(recordSession(NO_FILE, FIRST_CLIENT_ID, 500)).toEqual(session);
});

test('an update applies wherever its writer and all it knew of have arrived', () => {
  const { updates, writers } = recordSession(NO_FILE, FIRST_CLIENT_ID, 300);

  for (const [index, { knew }] of updates.entries()) {
    const doc = new Y.Doc();
    const knownBy = (each: (typeof updates)[number]) => each.clock + each.length <= (knew[each.writer] ?? 0);
    for (const each of updates.slice(0, index + 1)) if (knownBy(each)) Y.applyUpdate(doc, each.update);
    expect(knew).toHaveLength(writers);
    expect(doc.store.pendingStructs).toBeNull();
  }
});

test('a trace is replayed on what each author knew, not on what had happened by then', () => {
  const txns = [
    { parents: [], agent: 0, patches: [[0, 0, 'ac']] },
    { parents: [0], agent: 0, patches: [[2, 0, 'd']] },
    { parents: [0], agent: 1, patches: [[1, 0, 'b']] },
    { parents: [1, 2], agent: 1, patches: [[0, 1, 'A']] },
  ];
  const session = recordSession(traceFile({ txns, numAgents: 2, endContent: 'Abcd' }), FIRST_CLIENT_ID, 100);

  expect(session.text).toBe('Abcd');
  expect(replayed(session)).toBe('Abcd');
  expect(session.updates.map(({ writer, knew }) => [writer, ...knew])).toEqual([
    [0, 2, 0],
    [0, 3, 0],
    [1, 2, 1],
    [1, 3, 2],
  ]);
});

test('a trace that does not end as it says is refused', () => {
  const txns = [{ parents: [], agent: 0, patches: [[0, 0, 'a']] }];

  expect(() => recordSession(traceFile({ txns, numAgents: 1, endContent: 'b' }), 1, 10)).toThrow(/not replayed/);
});
