import { readTrace } from '../support/traces.ts';
import { replayThroughCrashes } from './replay-journey.ts';

/** `npm run replay -- FILE [KILLS]`: types a recorded trace into a real server by hand and prints the verdict. */
const [file, kills = '4'] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write(
    'usage: npm run replay -- FILE [KILLS]   (a trace of josephg/editing-traces, .json or .json.gz)\n',
  );
  process.exit(2);
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const trace = readTrace(file);
say(
  `${file}: ${trace.kind}, ${trace.transactions.length} transactions, ${trace.endContent.length} characters at the end`,
);

const startedMs = performance.now();
const { clients, exported } = await replayThroughCrashes(trace, { kills: Number(kills), say });
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
const verdicts = [
  ['first client', clients[0]],
  ['second client', clients[1]],
  ['newcomer', clients[2]],
  ['headwater export', exported],
].map(([who, text]) => ({ who, isRight: text === trace.endContent }));
for (const { who, isRight } of verdicts) say(`${isRight ? 'ok   ' : 'WRONG'} ${who}`);
const isRight = verdicts.every((verdict) => verdict.isRight);
say(`${isRight ? 'everybody agrees with the trace' : 'NOT everybody agrees with the trace'} after ${seconds} s`);
process.exit(isRight ? 0 : 1);
