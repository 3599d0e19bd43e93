import { headwater } from '../support/run-command.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import type { Trace } from '../support/traces.ts';
import { awaitEnd, replay, TRACE_TEXT } from './replay.ts';

const DOCUMENT = 'trace';

export interface JourneyOptions {
  /** How often the server is killed on the way, in even distances. */
  readonly kills: number;
  /** Told what happens, for a person who watches. */
  readonly say?: (line: string) => void;
}

/** What everybody who should hold the trace's end holds. */
export interface JourneyResult {
  /** The texts of the two clients that typed, and of one that came at the end. */
  readonly clients: readonly string[];
  /** `headwater export --format text` after the server has stopped. */
  readonly exported: string;
}

/**
 * The whole journey of a trace: two stock clients type it into a real server, which is killed with SIGKILL several times
 * and restarted while they go on; in the end both agree, a newcomer gets the same from a server that was killed once
 * more after they had left, and so does the store on its own.
 */
export async function replayThroughCrashes(trace: Trace, options: JourneyOptions): Promise<JourneyResult> {
  const { kills, say = () => {} } = options;
  await using server = await ServerProcess.start();
  await using first = new StockClient(server.url, DOCUMENT);
  await using second = new StockClient(server.url, DOCUMENT);
  await Promise.all([first.synced(), second.synced()]);

  const total = trace.transactions.length;
  let killed = 0;
  let back: Promise<void> = Promise.resolve();
  await replay(trace, [first, second], {
    onTurn: async (done) => {
      if (killed >= kills || done < ((killed + 1) * total) / (kills + 1)) return;
      killed += 1;
      await back;
      await server.kill9();
      say(`${done} of ${total} transactions: killed the server (${killed} of ${kills})`);
      back = server.restart();
    },
  });
  await back;
  say('everything is typed; waiting until both clients have it');
  await awaitEnd(trace, [first, second]);
  const typed = [first, second].map(textOf);
  for (const client of [first, second]) client.close();

  // Both have seen all of it, so all of it must be on disk: once more without a chance to say goodbye, and with
  // nobody left who could bring anything back.
  await server.restart();
  say('killed the server once more, with no client connected');
  await using newcomer = new StockClient(server.url, DOCUMENT);
  await newcomer.synced();
  const clients = [...typed, textOf(newcomer)];
  newcomer.close();

  await server.stop();
  const exported = await headwater(['export', DOCUMENT, '--format', 'text', '--data', server.data]);
  if (exported.status !== 0) throw new Error(`export ended with ${exported.status}: ${exported.stderr}`);
  return { clients, exported: exported.stdout.toString('utf8') };
}

function textOf({ doc }: StockClient): string {
  return doc.getText(TRACE_TEXT).toString();
}
