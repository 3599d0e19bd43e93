import { blameText } from '@headwater/persistence';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { docOf, openDoc, playSession, sessionPlans } from '../support/sessions.ts';
import { runs } from '../support/soak.ts';

type Ranges = Parameters<typeof blameText>[1] extends Iterable<infer Range> ? Range[] : never;

const EMBED = '\u{fffc}';

/** The clocks an update brings, by the structs Yjs reads in it. */
function clocksOf(update: Uint8Array): { client: number; clock: number; length: number }[] {
  return Y.decodeUpdate(update)
    .structs.filter((struct) => !(struct instanceof Y.Skip))
    .map(({ id, length }) => ({ client: id.client, clock: id.clock, length }));
}

/** Whom each unit of a text belongs to: relative positions, which Yjs offers to applications, tell the ids. */
function ownersOf(text: Y.Text, owners: ReadonlyMap<string, string>): (string | undefined)[] {
  return Array.from({ length: text.length }, (_, index) => {
    const { item } = Y.createRelativePositionFromTypeIndex(text, index);
    return owners.get(`${item?.client}:${item?.clock}`);
  });
}

test('for random sessions every unit of every text has the author whose update brought it', () => {
  fc.assert(
    fc.property(sessionPlans(), (plan) => {
      const { updates } = playSession(plan);
      const ranges: Ranges = [];
      const owners = new Map<string, string>();
      for (const [index, update] of updates.entries()) {
        const author = `author ${index % 3}`;
        for (const { client, clock, length } of clocksOf(update)) {
          ranges.push({ client, clock, length, author, timeMs: index });
          for (let i = 0; i < length; i++) owners.set(`${client}:${clock + i}`, `${author} at ${index}`);
        }
      }
      const doc = docOf(updates, plan.gc);

      const blames = blameText(Y.encodeStateAsUpdate(doc), ranges);

      const blame = blames.find(({ path }) => path.length === 1 && path[0] === 'text')?.ranges ?? [];
      const text = doc.getText('text');
      const found = blame.flatMap(({ length, author, timeMs }) => Array(length).fill(`${author} at ${timeMs}`));
      expect(found).toEqual(ownersOf(text, owners));
      expect(blame.map((range) => range.text).join('')).toBe(unitsOf(text));
      for (const { index, length, text: characters } of blame) {
        expect(characters).toBe(unitsOf(text).slice(index, index + length));
      }
      for (const [index, range] of blame.entries()) expect(whoOf(range)).not.toBe(whoOf(blame[index + 1]));
    }),
    { numRuns: runs(80) },
  );
});

function whoOf(range: { author?: string; timeMs?: number } | undefined): string {
  return `${range?.author ?? 'nobody'} at ${range?.timeMs ?? '?'}${range === undefined ? ' (the end)' : ''}`;
}

function unitsOf(text: Y.Text): string {
  const parts: { insert: unknown }[] = text.toDelta();
  return parts.map(({ insert }) => (typeof insert === 'string' ? insert : EMBED)).join('');
}

test('texts in XML, maps and arrays are blamed too, at their path', () => {
  const doc = openDoc();
  doc.clientID = 7;
  const paragraph = new Y.XmlElement('p');
  doc.getXmlFragment('xml').insert(0, [new Y.XmlElement('hr'), paragraph]);
  paragraph.insert(0, [new Y.XmlText('in XML')]);
  doc.getMap('map').set('note', new Y.Text('in a map'));
  const everything = { client: 7, clock: 0, length: 100, author: 'ada', timeMs: 5 };

  const blames = blameText(Y.encodeStateAsUpdate(doc), [everything]);

  expect(blames).toEqual([
    { path: ['map', 'note'], ranges: [{ index: 0, length: 8, text: 'in a map', author: 'ada', timeMs: 5 }] },
    { path: ['xml', 1, 0], ranges: [{ index: 0, length: 6, text: 'in XML', author: 'ada', timeMs: 5 }] },
  ]);
});

test('what came twice is by who brought it first, and what no record brought is by nobody', () => {
  const doc = openDoc();
  doc.clientID = 7;
  doc.getText('text').insert(0, '0123456789');
  const blames = blameText(Y.encodeStateAsUpdate(doc), [by('ada', 3, 2), by('bob', 6, 1), by('eve', 2, 6)]);

  expect(blames[0]?.ranges.map(({ text, author }) => [text, author])).toEqual([
    ['01', undefined],
    ['2', 'eve'],
    ['34', 'ada'],
    ['5', 'eve'],
    ['6', 'bob'],
    ['7', 'eve'],
    ['89', undefined],
  ]);
});

function by(author: string, clock: number, length: number): Ranges[number] {
  return { client: 7, clock, length, author, timeMs: 1 };
}
