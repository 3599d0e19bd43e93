import { rootKinds, toJson, toPlainValues } from '@headwater/persistence';
import { Argument, Command, Option } from 'commander';
import * as Y from 'yjs';
import { loadSettings } from './command-flags.ts';
import { UsageError } from './failure.ts';
import { MOMENT_FORMS, resolveMoment } from './history/moment-argument.ts';
import { addSourceFlags, type OpenedPast, openPast, type SourceFlags, WHERE_FROM } from './history/open-past.ts';
import { load } from './history/past.ts';
import { loadKnown, toDoc } from './offline-store.ts';
import { note, print } from './output.ts';
import { replaceFile } from './replace-file.ts';
import { chooseRoot, renderRoot } from './root-content.ts';

const NOTES = `
Formats:
  update  the document as one binary Yjs update (v1): complete, and what "headwater import" reads
  text    the characters of one text, or the markup of an XML fragment; --type says which when there are several
  json    all root types; texts as characters (without formatting), XML as markup, bytes as Base64, and null for a
          type of which everything was deleted. A stored document does not say which kind of type a root is; its
          contents do: characters make a text, XML nodes an XML fragment, other rows an array, only keys a map

Updates that still wait for others they build on are not part of the document and are left out (a line on stderr says
so, where the store is opened). ${WHERE_FROM}

Examples:
  $ headwater export notes --out notes.yjs
  $ headwater export notes --format text --type content
  $ headwater export notes --format json --at -2h | jq .`;

interface ExportFlags extends SourceFlags {
  readonly format: 'update' | 'text' | 'json';
  readonly type?: string;
  readonly out?: string;
  readonly at?: string;
}

/** `headwater export` */
export function exportCommand(): Command {
  const command = new Command('export')
    .description('Print one document, or write it to a file.')
    .addArgument(new Argument('<name>', 'name of the document'))
    .addOption(new Option('--format <format>', 'what to print').choices(['update', 'text', 'json']).default('update'))
    .option('--type <name>', 'root type to print as text; not needed when there is only one text')
    .option('--out <file>', 'write to this file instead of stdout')
    .option('--at <moment>', `as it was then: ${MOMENT_FORMS}`);
  return addSourceFlags(command).addHelpText('after', NOTES).action(exportDocument);
}

async function exportDocument(documentName: string, flags: ExportFlags): Promise<void> {
  if (flags.format === 'update' && flags.out === undefined && process.stdout.isTTY) {
    throw new UsageError('an update is binary and this is a terminal: name a file with --out, or use --format text');
  }
  await using opened = await openPast(flags);
  const content = render(await readDocument(opened, documentName, flags), flags);
  if (flags.out === undefined) {
    await print(content);
    return;
  }
  await replaceFile(flags.out, content);
  note(`wrote ${Buffer.byteLength(content)} bytes to ${flags.out}`);
}

async function readDocument({ store, past }: OpenedPast, documentName: string, flags: ExportFlags): Promise<Y.Doc> {
  if (store !== undefined && flags.at === undefined) {
    const stored = await loadKnown(store, documentName);
    const waitingUpdates = stored.waiting.length;
    if (waitingUpdates > 0) {
      const { logger } = await loadSettings({ ...flags }, []);
      const what =
        waitingUpdates === 1 ? 'update that waits for a missing one is' : 'updates that wait for missing ones are';
      logger.warn({ waitingUpdates }, `${waitingUpdates} ${what} left out`);
    }
    return toDoc(stored);
  }
  const moment = await resolveMoment(past, documentName, flags.at ?? 'latest', Date.now());
  return load(await past.stateAt(documentName, moment));
}

function render(doc: Y.Doc, { format, type }: ExportFlags): string | Uint8Array {
  switch (format) {
    case 'update':
      return Y.encodeStateAsUpdate(doc);
    case 'json':
      return `${toJson(toPlainValues(doc))}\n`;
    case 'text':
      return renderText(doc, type);
  }
}

/** Exactly the characters, without a line feed at the end that is not in the document. */
function renderText(doc: Y.Doc, asked: string | undefined): string {
  const root = chooseRoot(rootKinds(doc), asked, '--type');
  const { name, kind } = root;
  if (kind === 'map' || kind === 'array') throw new UsageError(`${name} is ${kind}, no text: use --format json`);
  return renderRoot(doc, root);
}
