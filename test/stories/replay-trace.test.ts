import { expect, test } from 'vitest';
import { generateTrace } from '../support/generated-trace.ts';
import { findTrace, readTrace, type Trace } from '../support/traces.ts';
import { replayThroughCrashes } from './replay-journey.ts';

const TIMEOUT_MS = 180_000;

/** Who ended with the trace's text. Verdicts instead of texts: a diff of a whole paper helps nobody. */
async function whoAgrees(trace: Trace, kills: number): Promise<Record<string, boolean>> {
  const { clients, exported } = await replayThroughCrashes(trace, { kills });
  const [first, second, newcomer] = clients.map((text) => text === trace.endContent);
  return {
    first: first ?? false,
    second: second ?? false,
    newcomer: newcomer ?? false,
    exported: exported === trace.endContent,
  };
}

const EVERYONE = { first: true, second: true, newcomer: true, exported: true };

test.each([1, 2])(
  'a generated session of two people (seed %i) survives three crashes of the server',
  async (seed) => {
    const trace = generateTrace(seed, { agents: 2, transactions: 3000 });

    expect(await whoAgrees(trace, 3)).toEqual(EVERYONE);
  },
  TIMEOUT_MS,
);

const RECORDED = [
  { name: 'friendsforever', what: 'two people typing at the same time', kills: 4 },
  { name: 'automerge-paper', what: 'a paper of 260,000 keystrokes', kills: 4 },
];

for (const { name, what, kills } of RECORDED) {
  test(
    `${name}, ${what}, survives ${kills} crashes of the server`,
    async ({ skip }) => {
      const file = findTrace(name);
      if (file === undefined)
        return skip('no recorded traces on this machine; the generated sessions stand in for them');

      expect(await whoAgrees(readTrace(file), kills)).toEqual(EVERYONE);
    },
    TIMEOUT_MS,
  );
}
