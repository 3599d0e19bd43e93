import { type ReplayStep, rootKinds } from '@headwater/persistence';
import { Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../failure.ts';
import { MOMENT_FORMS, resolveMoment } from '../history/moment-argument.ts';
import { addPastFlags, openPast, type PastFlags, WHERE_FROM } from '../history/open-past.ts';
import { load, type Past } from '../history/past.ts';
import { isoTime, note, print, printableName, printJson } from '../output.ts';
import { chooseRoot, renderRoot } from '../root-content.ts';
import { onStopSignals } from '../stop-signals.ts';
import { bar } from './bar.ts';
import { AS_FAST_AS_POSSIBLE, type Pace, Playback, timesAsFast, within } from './playback.ts';

/** How long a replay on a terminal takes, unless --speed says otherwise. */
const SHOW_MS = 20_000;
/** What a shell says of a command that was ended by Ctrl-C. */
const STOPPED_STATUS = 130;
const BAR_COLUMNS = 30;

const NOTES = `
On a terminal the text is shown as it grows, in ${SHOW_MS / 1000} seconds unless --speed says how many times as fast as it happened (1 is
real time; no pause is longer than two seconds). Space pauses, q or Ctrl-C ends.

Into a pipe or a file the text as it was in the end is written; with --json every step instead, as
{"sequence","time","author","kind","update"}, the update (Yjs v1) as Base64. A step of the kind "state" is everything up to
there: where --from begins, and where records were thinned.

--into plays into a document on a y-websocket server, which others may have open, and is done when the server has all of it.
What is there already stays. Ctrl-C stops behind a moment.

${WHERE_FROM}

Examples:
  $ headwater replay notes
  $ headwater replay notes --from -1h --speed 60
  $ headwater replay notes --to "first draft" > draft.txt
  $ headwater replay notes --into ws://localhost:1234/notes-again --speed 10
  $ headwater replay notes --json | jq -r .author | sort | uniq -c`;

interface ReplayFlags extends PastFlags {
  readonly from?: string;
  readonly to: string;
  readonly speed?: number;
  readonly root?: string;
  readonly into?: string;
}

/** `headwater replay` */
export function replayCommand(): Command {
  const command = new Command('replay')
    .description('Play the history of a document.')
    .argument('<name>', 'name of the document')
    .option('--from <moment>', `begin here: ${MOMENT_FORMS} (default: the empty document)`)
    .option('--to <moment>', 'end here', 'latest')
    .option('--speed <number>', 'times as fast as it happened', parseSpeed)
    .option('--root <name>', 'root type to show; not needed when there is only one text')
    .option('--into <url>', 'play into this document: ws://HOST/NAME');
  return addPastFlags(command).addHelpText('after', NOTES).action(replay);
}

function parseSpeed(text: string): number {
  const speed = /^\d+(\.\d+)?x?$/.test(text) ? Number.parseFloat(text) : 0;
  if (!(speed > 0)) throw new InvalidArgumentError('Expected a number above 0: 1 is real time, 10 ten times as fast.');
  return speed;
}

/** A replay that was prepared. */
interface Replay {
  readonly documentName: string;
  readonly flags: ReplayFlags;
  readonly past: Past;
  readonly from: number;
  readonly to: number;
  readonly steps: AsyncIterable<ReplayStep>;
  readonly stop: AbortController;
}

async function replay(documentName: string, flags: ReplayFlags): Promise<void> {
  if (flags.json && flags.into !== undefined) throw new UsageError('--json and --into exclude each other');
  await using opened = await openPast(flags);
  const { past } = opened;
  const from = flags.from === undefined ? 0 : await resolveMoment(past, documentName, flags.from, Date.now());
  const to = await resolveMoment(past, documentName, flags.to, Date.now());
  if (from > to) throw new UsageError(`--from is moment ${from} and --to moment ${to}: a replay goes forward`);

  const stop = stopOnSignals();
  const steps = past.replay(documentName, { from, to, signal: stop.signal });
  const prepared = { documentName, flags, past, from, to, steps, stop };
  if (flags.into !== undefined) await playIntoDocument(prepared, flags.into);
  else if (flags.json) await printSteps(prepared);
  else if (process.stdout.isTTY) await show(prepared);
  else await printEnd(prepared);
  if (stop.signal.aborted) process.exitCode = STOPPED_STATUS;
}

function stopOnSignals(): AbortController {
  const stop = new AbortController();
  onStopSignals({
    source: process,
    now: () => performance.now(),
    stop: () => stop.abort(),
    force: () => process.exit(STOPPED_STATUS),
  });
  return stop;
}

function paceOf({ speed }: ReplayFlags, unset: Pace): Pace {
  return speed === undefined ? unset : timesAsFast(speed);
}

async function printSteps({ flags, steps, stop }: Replay): Promise<void> {
  const playback = new Playback(paceOf(flags, AS_FAST_AS_POSSIBLE), stop.signal);
  for await (const { sequence, timeMs, author, kind, update } of playback.play(steps)) {
    const base64 = Buffer.from(update).toString('base64');
    await printJson({ sequence, time: isoTime(timeMs), author: author ?? null, kind, update: base64 });
  }
}

async function printEnd({ documentName, flags, past, to }: Replay): Promise<void> {
  const doc = load(await past.stateAt(documentName, to));
  await print(renderRoot(doc, chooseRoot(rootKinds(doc), flags.root, '--root')));
}

async function show({ documentName, flags, past, from, to, steps, stop }: Replay): Promise<void> {
  const root = chooseRoot(rootKinds(load(await past.stateAt(documentName, to))), flags.root, '--root');
  const playback = new Playback(paceOf(flags, within(SHOW_MS, from, to)), stop.signal);
  const { showReplay } = await import('./show.ts'); // with what measures text on a terminal
  await showReplay({ root, from, to, steps, playback, end: () => stop.abort() });
}

async function playIntoDocument({ documentName, flags, past, from, to, steps, stop }: Replay, url: string) {
  const { playInto } = await import('./into.ts'); // with the WebSocket
  const reached = await playInto({
    url,
    steps,
    playback: new Playback(paceOf(flags, AS_FAST_AS_POSSIBLE), stop.signal),
    signal: stop.signal,
    onMoment: progressOnStderr(from, to),
    stateAt: async (moment) => (await past.stateAt(documentName, moment)).update,
  });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  const shown = printableName(documentName);
  if (reached === to) note(`${url} holds ${shown} up to moment ${to}`);
  else note(`stopped: ${url} holds ${shown} up to moment ${reached ?? 0} of ${to}`);
}

/** A bar, where somebody can see it. */
function progressOnStderr(from: number, to: number): (moment: number) => void {
  if (!process.stderr.isTTY) return () => {};
  let drawnMs = Number.NEGATIVE_INFINITY;
  return (moment) => {
    if (performance.now() - drawnMs < 100) return;
    drawnMs = performance.now();
    const progress = (moment - from) / Math.max(1, to - from);
    process.stderr.write(`\r${bar(progress, BAR_COLUMNS)} ${moment} of ${to}\u001b[K`);
  };
}
