import { diffStates, jsonOf, type ListChange, type TextChange } from '@headwater/persistence';
import { Command } from 'commander';
import * as Y from 'yjs';
import { print, printableName, printableText, printJson } from '../output.ts';
import { paint } from '../paint.ts';
import { MOMENT_FORMS, resolveMoment } from './moment-argument.ts';
import { addPastFlags, openPast, type PastFlags, WHERE_FROM } from './open-past.ts';
import { load } from './past.ts';
import { hunksOf, type Segment, segmentsOf } from './text-changes.ts';
import { type SharedType, typeInFirst } from './type-at.ts';

const NOTES = `
Texts: what went in {+ +} or green, what came the other way in [- -] or red, other formats in {~ ~}; with the lines around
it. Maps and attributes: + for a new key, - for a removed one, ~ for another value. Arrays and XML: + and - with positions.
With --json the changes as deltas, in the form of Yjs' events.

${WHERE_FROM}

Examples:
  $ headwater diff notes -1h latest
  $ headwater diff notes "first draft" latest --json | jq '.changes[].path'`;

/** `headwater diff` */
export function diffCommand(): Command {
  const command = new Command('diff')
    .description('Show what changed in a document from one moment to another, earlier or later.')
    .argument('<name>', 'name of the document')
    .argument('<from>', MOMENT_FORMS)
    .argument('[to]', MOMENT_FORMS, 'latest');
  return addPastFlags(command).addHelpText('after', NOTES).action(diff);
}

async function diff(documentName: string, from: string, to: string, flags: PastFlags): Promise<void> {
  await using opened = await openPast(flags);
  const { past } = opened;
  const moments = {
    from: await resolveMoment(past, documentName, from, Date.now()),
    to: await resolveMoment(past, documentName, to, Date.now()),
  };
  const first = await past.stateAt(documentName, moments.from);
  const second = await past.stateAt(documentName, moments.to);
  const changes = diffStates(first.update, second.update);
  if (flags.json) return printJson({ documentName, ...moments, changes });
  const docs = { first: load(first), second: load(second) };
  for (const change of changes) {
    const before = typeInFirst(docs.first, docs.second, change.path);
    await print(`${paint('bold', change.path.map(String).map(printableName).join(' / '))} (${change.kind})\n`);
    for (const [key, entry] of Object.entries(change.keys)) await print(`${keyLine(key, entry)}\n`);
    if (change.kind === 'text') await printText(change, textOf(before));
    else for (const line of listLines(change, valuesOf(before))) await print(`${line}\n`);
  }
}

async function printText({ delta }: TextChange, before: string): Promise<void> {
  for (const { line, segments } of hunksOf(segmentsOf(delta, before))) {
    const text = segments.map(showSegment).join('');
    await print(`${paint('cyan', `@@ line ${line} @@`)}\n${text}${text.endsWith('\n') ? '' : '\n'}`);
  }
}

function showSegment({ kind, text, attributes }: Segment): string {
  const shown = printableText(text);
  switch (kind) {
    case 'same':
      return shown;
    case 'cut':
      return paint('dim', shown);
    case 'insert':
      return paint('green', shown, `{+${shown}+}`);
    case 'delete':
      return paint('red', shown, `[-${shown}-]`);
    case 'format': {
      const what = printableText(JSON.stringify(attributes));
      return `${paint('yellow', shown, `{~${shown}~}`)}${paint('dim', what)}`;
    }
  }
}

function keyLine(key: string, change: TextChange['keys'][string]): string {
  const name = printableName(key);
  switch (change.action) {
    case 'add':
      return paint('green', `+ ${name}: ${show(change.newValue)}`);
    case 'delete':
      return paint('red', `- ${name}: ${show(change.oldValue)}`);
    case 'update':
      return paint('yellow', `~ ${name}: ${show(change.oldValue)} -> ${show(change.newValue)}`);
  }
}

/** Positions of what is new are those of the second state, of what is gone those of the first. */
function* listLines({ delta }: ListChange, before: readonly unknown[]): Generator<string> {
  let inFirst = 0;
  let inSecond = 0;
  for (const op of delta) {
    if ('insert' in op) {
      for (const value of op.insert) yield paint('green', `+ [${inSecond++}] ${show(value)}`);
    } else if ('delete' in op) {
      for (const value of before.slice(inFirst, inFirst + op.delete)) {
        yield paint('red', `- [${inFirst++}] ${show(jsonOf(value))}`);
      }
    } else {
      inFirst += op.retain;
      inSecond += op.retain;
    }
  }
}

function show(value: unknown): string {
  return printableText(JSON.stringify(value));
}

/** The text of a type, whatever Yjs made of it when it was loaded; embeds as U+FFFC. */
function textOf(type: SharedType | undefined): string {
  let text = '';
  for (let item = type?._start ?? null; item !== null; item = item.right) {
    if (item.deleted) continue;
    if (item.content instanceof Y.ContentString) text += item.content.str;
    else if (item.content instanceof Y.ContentEmbed || item.content instanceof Y.ContentType) text += '\u{fffc}';
  }
  return text;
}

function valuesOf(type: SharedType | undefined): readonly unknown[] {
  const values: unknown[] = [];
  for (let item = type?._start ?? null; item !== null; item = item.right) {
    if (!item.deleted && item.countable) values.push(...item.content.getContent());
  }
  return values;
}
