import type { HistoryClient, Moment } from '@headwater/client/history';
import type { DocumentStore } from '@headwater/persistence';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { applyDiff } from '../content/apply-diff.ts';
import { visibleContent } from '../content/visible-content.ts';
import type { Session } from '../history/session.ts';
import { RawClient } from '../support/raw-client.ts';
import { contentOf, openDoc } from '../support/sessions.ts';
import { type Served, SLOW_TO_WRITE, serve, storeSession, typeWithoutWriting } from './served.ts';

/** Everything a URL could stumble over. */
const NAME = 'notes/ü 😀 %2F?&#+"';
const RECORDS = 60;

let served: Served;
let session: Session;
let history: HistoryClient;

beforeAll(async () => {
  served = await serve({}, async (store: DocumentStore) => {
    session = await storeSession(store, NAME, { seed: 7, records: RECORDS });
    for (const name of ['b', 'a', 'c']) await storeSession(store, name, { seed: 8, records: 3 });
  });
  history = served.history;
});
afterAll(() => served[Symbol.asyncDispose]());

const docOf = (...updates: readonly Uint8Array[]): Y.Doc => {
  const doc = openDoc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
};

/** A plain document that applied what was written up to a moment, in its order. */
const oracleAt = (moment: number): Y.Doc =>
  docOf(...session.records.slice(0, moment).flatMap(({ entries }) => entries.map(({ update }) => update)));

test('documents are listed in pages, in the order of their names', async () => {
  const first = await history.documents({ limit: 2 });
  const rest = await history.documents({ after: first.next, limit: 2 });

  expect(first.documents.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(rest.documents.map(({ name }) => name)).toEqual(['c', NAME]);
  expect(rest.next).toBeUndefined();
  expect(rest.documents[1]).toMatchObject({ sequence: RECORDS, tailRecords: RECORDS - Math.floor(RECORDS * 0.7) });
});

test('moments are listed from either end, with when, who and how much', async () => {
  const all = await history.moments(NAME, { limit: 1_000 });
  const pages: Moment[] = [];
  for (let page = await history.moments(NAME, { limit: 7 }); page.length > 0; ) {
    pages.push(...page);
    page = await history.moments(NAME, { limit: 7, after: page.at(-1)?.sequence });
  }

  expect(pages).toEqual(all);
  expect(all.map(({ sequence, timeMs, updates }) => ({ sequence, timeMs, updates }))).toEqual(
    session.records.map(({ sequence, timeMs, entries }) => ({ sequence, timeMs, updates: entries.length })),
  );
  expect(await history.moments(NAME, { before: Number.POSITIVE_INFINITY, limit: 3 })).toEqual(all.slice(-3));
  expect(await history.moments(NAME, { before: 11, limit: 3 })).toEqual(all.slice(7, 10));
});

test('the state at every moment is what a document was that applied the updates in their order', async () => {
  for (let moment = 0; moment <= RECORDS; moment += 1) {
    const state = await history.stateAt(NAME, moment);

    expect(visibleContent(docOf(state.update)), `moment ${moment}`).toEqual(session.contents[moment]);
    expect(state).toMatchObject({ sequence: moment, timeMs: session.records[moment - 1]?.timeMs });
  }
});

test('without a moment the state is the last one', async () => {
  const state = await history.stateAt(NAME);

  expect(state.sequence).toBe(RECORDS);
  expect(visibleContent(docOf(state.update))).toEqual(session.contents[RECORDS]);
});

test('content is read as text, as JSON and as XML', async () => {
  const oracle = oracleAt(RECORDS);
  const read = async (query: string): Promise<string> => {
    const response = await fetch(`${served.url}/v1/documents/${encodeURIComponent(NAME)}/state?${query}`);
    return Buffer.from(await response.arrayBuffer()).toString(); // text() would swallow a byte order mark
  };

  expect(await read('as=text&root=text')).toBe(oracle.getText('text').toString());
  expect(await read('as=xml&root=xml')).toBe(oracle.getXmlFragment('xml').toString());
  expect(await read('as=text&at=0')).toBe('');
  expect((await history.contentAt(NAME))['text']).toEqual({ kind: 'text', text: oracle.getText('text').toString() });
});

test('applying a diff to one state gives the other, in either direction', async () => {
  for (const [from, to] of [
    [10, 50],
    [50, 10],
    [0, RECORDS],
  ] as const) {
    const doc = docOf((await history.stateAt(NAME, from)).update);

    applyDiff(doc, await history.diff(NAME, from, to));

    expect(contentOf(doc)).toEqual(contentOf(oracleAt(to)));
  }
});

test('blame covers every text, and names those who wrote', async () => {
  const blamed = (await history.blame(NAME, 40)).find(({ path }) => path.length === 1 && path[0] === 'text');
  const authors = new Set(session.records.flatMap(({ entries }) => entries.map(({ author }) => author)));

  expect(blamed?.ranges.map(({ text }) => text.replaceAll('\u{fffc}', '')).join('')).toBe(
    oracleAt(40).getText('text').toString(),
  );
  expect(blamed?.ranges.length).toBeGreaterThan(0);
  expect(blamed?.ranges.filter(({ author = '' }) => !authors.has(author))).toEqual([]);
});

describe('a timeline', () => {
  test.each([1, 7, 500])(
    'of %i buckets counts every update once, under its author and at its time',
    async (buckets) => {
      const timeline = await history.timeline(NAME, { buckets });
      const entries = session.records.flatMap(({ timeMs, entries: of }) => of.map((entry) => ({ timeMs, ...entry })));

      expect(timeline.buckets).toHaveLength(buckets);
      expect(timeline).toMatchObject({
        fromMs: session.records[0]?.timeMs,
        toMs: session.records.at(-1)?.timeMs,
        firstSequence: 1,
        lastSequence: RECORDS,
      });
      const width = (timeline.toMs - timeline.fromMs) / buckets;
      const bucketOf = (timeMs: number): number =>
        Math.min(buckets - 1, Math.floor((timeMs - timeline.fromMs) / width));
      for (const [index, bucket] of timeline.buckets.entries()) {
        const own = entries.filter(({ timeMs }) => bucketOf(timeMs) === index);
        const byAuthor: Record<string, number> = {};
        for (const { author } of own) byAuthor[author] = (byAuthor[author] ?? 0) + 1;
        expect(bucket).toMatchObject({ updates: own.length, byAuthor });
        expect(bucket.bytes).toBe(own.reduce((sum, { update }) => sum + update.length, 0));
        const before = session.records.findLast(({ timeMs }) => bucketOf(timeMs) <= index);
        expect(bucket.lastSequence).toBe(before?.sequence);
      }
    },
  );
});

test('what is read holds all that was received, also what is still in memory', async () => {
  await using slow = await serve(SLOW_TO_WRITE);
  await using client = await RawClient.connect(`${slow.socketUrl}/doc`);

  expect(await typeWithoutWriting(client)).toBe('one two three ');

  const { update } = await slow.history.stateAt('doc');
  expect(docOf(update).getText('text').toString()).toBe('one two three ');
});

describe('what cannot be is refused with a code and one line', () => {
  const encoded = encodeURIComponent(NAME);
  test.each([
    ['GET', `/documents/nobody/history`, 404, 'HW_DOCUMENT_UNKNOWN'],
    ['GET', `/documents/nobody/timeline`, 404, 'HW_DOCUMENT_UNKNOWN'],
    ['GET', `/documents/nobody/state`, 404, 'HW_DOCUMENT_UNKNOWN'],
    ['GET', `/documents/nobody/state?at=0`, 404, 'HW_DOCUMENT_UNKNOWN'],
    ['GET', `/documents/nobody/replay`, 404, 'HW_DOCUMENT_UNKNOWN'],
    ['GET', `/documents/nobody/blame`, 404, 'HW_DOCUMENT_UNKNOWN'],
    ['GET', `/documents/nobody/versions`, 404, 'HW_DOCUMENT_UNKNOWN'],
    ['GET', `/documents/nobody/retention`, 404, 'HW_DOCUMENT_UNKNOWN'],
    ['GET', `/documents/${encoded}/state?at=61`, 404, 'HW_MOMENT_UNKNOWN'],
    ['GET', `/documents/${encoded}/diff?from=1&to=61`, 404, 'HW_MOMENT_UNKNOWN'],
    ['GET', `/documents/${encoded}/replay?from=61`, 404, 'HW_MOMENT_UNKNOWN'],
    ['GET', `/documents/${encoded}/state?at=-1`, 400, 'HW_REQUEST_INVALID'],
    ['GET', `/documents/${encoded}/state?at=1e3`, 400, 'HW_REQUEST_INVALID'],
    ['GET', `/documents/${encoded}/state?at=99999999999999999999`, 400, 'HW_REQUEST_INVALID'],
    ['GET', `/documents/${encoded}/state?as=pdf`, 400, 'HW_REQUEST_INVALID'],
    ['GET', `/documents/${encoded}/state?as=text&root=map`, 400, 'HW_REQUEST_INVALID'],
    ['GET', `/documents/${encoded}/diff?from=1`, 400, 'HW_REQUEST_INVALID'],
    ['GET', `/documents/${encoded}/history?limit=10001`, 400, 'HW_REQUEST_INVALID'],
    ['GET', `/documents/${encoded}/timeline?buckets=0`, 400, 'HW_REQUEST_INVALID'],
    ['GET', `/documents/${encoded}/replay?speed=0`, 400, 'HW_REQUEST_INVALID'],
    ['GET', `/documents?limit=ten`, 400, 'HW_REQUEST_INVALID'],
    ['GET', `/documents/%zz/state`, 400, 'HW_NAME_INVALID'],
    ['GET', `/documents/${'x'.repeat(1025)}/state`, 400, 'HW_NAME_INVALID'],
    ['GET', `/documents/a%00b/state`, 400, 'HW_NAME_INVALID'],
    ['GET', `/nothing`, 404, 'HW_REQUEST_INVALID'],
    ['DELETE', `/documents/${encoded}/state`, 404, 'HW_REQUEST_INVALID'],
  ])('%s %s: %i %s', async (method, path, status, code) => {
    const response = await fetch(`${served.url}/v1${path}`, { method });

    expect(await response.json()).toEqual({ error: { code, message: expect.stringMatching(/^.+$/) } });
    expect(response.status).toBe(status);
  });
});

test('what a document holds cannot act in the browser of who opens a link', async () => {
  const doc = new Y.Doc();
  const element = new Y.XmlElement('script');
  element.setAttribute('xmlns', 'http://www.w3.org/1999/xhtml');
  doc.getXmlFragment('xml').insert(0, [element]);
  const entries = [{ update: Y.encodeStateAsUpdate(doc), author: 'eve' }];
  await using server = await serve({}, async (store) => {
    await store.append('doc', { timeMs: 1, entries }).durable;
  });

  const answer = await fetch(`${server.url}/v1/documents/doc/state?as=xml`);

  expect(await answer.text()).toContain('<script');
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(answer.headers.get('content-security-policy')).toContain('sandbox');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
});
