import { CLIENT_IDS } from '../config.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { FloodResult } from '../load/tasks/flood.ts';
import type { TrafficResult } from '../load/tasks/traffic.ts';
import { untilQuiet } from '../measure/settle.ts';
import { median } from '../measure/statistics.ts';
import type { Row } from '../report/table.ts';
import { missingText } from './prepared-document.ts';
import { alternate, deliveryProblems, enter, type Suite, withLoad } from './suite.ts';

interface Turn {
  readonly name: 'idle' | 'flooded';
  readonly victims: TrafficResult[];
  readonly floods: FloodResult[];
}

/** Somebody's client runs amok in one document, while others write in another. */
export const abuse: Suite = {
  name: 'abuse',
  question: 'What do the clients of one document feel of 50,000 messages a second sent to another?',
  run: (context) =>
    withLoad(async (load, onEnd) => {
      const { messagesPerSecond, updatesPerSecond, clients, maxP95Ratio, ...times } = context.config.abuse;
      const { server, problems } = await enter(context, context.subject);
      onEnd(server);
      // A process of its own: the victims' clock must not tick slower because the abuser is busy.
      const abuser = await LoadProcess.open();
      onEnd(abuser);
      const idle: Turn = { name: 'idle', victims: [], floods: [] };
      const flooded: Turn = { name: 'flooded', victims: [], floods: [] };
      const samples: unknown[] = [];

      await alternate(context.config.rounds, [idle, flooded], async ({ name, victims, floods }, round) => {
        context.log(`${name}, round ${round + 1}`);
        await untilQuiet(server.pid);
        const flood =
          name === 'flooded'
            ? abuser.run({
                kind: 'flood',
                port: server.port,
                path: `/abused-${round}`,
                messagesPerSecond,
                durationMs: times.warmupMs + times.windowMs,
                clientId: CLIENT_IDS.abuser + round,
              })
            : undefined;
        const result = await load.run({
          kind: 'traffic',
          port: server.port,
          serverPid: server.pid,
          path: `/victims-${name}-${round}`,
          clients,
          writers: clients,
          ratePerSecond: updatesPerSecond,
          latencyReceivers: clients,
          firstClientId: CLIENT_IDS.victims,
          ...times,
        });
        problems.push(...deliveryProblems(result, name, round));
        victims.push(result);
        const flooding = await flood;
        if (flooding) {
          floods.push(flooding);
          await untilQuiet(server.pid);
          if (context.subject.isPersistent && flooding.closeCodes.length === 0) {
            problems.push(...(await missingText(server, `abused-${round}`, flooding.edits)));
          }
        }
        samples.push({ server: server.name, turn: name, round, ...result, flood: flooding });
      });

      const ratios = flooded.victims.map((result, round) => {
        const quiet = idle.victims[round];
        return quiet ? result.latencyMs.p95 / quiet.latencyMs.p95 : Number.NaN;
      });
      return {
        rows: [summary(idle), summary(flooded)],
        verdicts: [
          {
            what: "p95 of the other document's clients, flooded ÷ idle",
            measured: median(ratios),
            comparison: '≤',
            target: maxP95Ratio,
            unit: '×',
            voidBecause: problems,
          },
        ],
        samples,
      };
    }),
};

function summary({ name, victims, floods }: Turn): Row {
  const of = (value: (result: TrafficResult) => number): number => median(victims.map(value));
  const flood = (value: (result: FloodResult) => number): number => (floods.length > 0 ? median(floods.map(value)) : 0);
  return {
    turn: name,
    'updates/s': of(({ sent, wallMs }) => (sent * 1000) / wallMs),
    'p50 ms': of(({ latencyMs }) => latencyMs.p50),
    'p95 ms': of(({ latencyMs }) => latencyMs.p95),
    'p99 ms': of(({ latencyMs }) => latencyMs.p99),
    'CPU %': of(({ serverCpuMs, wallMs }) => (serverCpuMs * 100) / wallMs),
    'RSS MB': of(({ serverRssBytes }) => serverRssBytes / 1e6),
    'flood messages/s': flood(({ sent, wallMs }) => (sent * 1000) / wallMs),
    'thrown out': flood(({ closeCodes }) => closeCodes.length),
    'flood MB received': flood(({ bytesReceived }) => bytesReceived / 1e6),
    'late p99 ms': of(({ lateMs }) => lateMs.p99),
  };
}
