import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hottestFunctions } from '../../bench/src/measure/cpu-profile.ts';

const frame = (id: number, functionName: string, url = '', lineNumber = -1) => ({
  id,
  callFrame: { functionName, url, lineNumber },
});

/** A profile of samples that are a millisecond apart. */
function profile(nodes: readonly ReturnType<typeof frame>[], samples: readonly number[]): string {
  return JSON.stringify({ nodes, samples, timeDeltas: samples.map(() => 1000) });
}

function directoryWith(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'headwater-profile-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

test('the busiest thread says where its time went, and idleness is no work', () => {
  const server = profile(
    [
      frame(1, '(idle)'),
      frame(2, 'receive', 'file:///repository/server/dist/document.js', 11),
      frame(3, 'writev'),
      frame(4, 'receive', 'file:///repository/server/dist/document.js', 11),
    ],
    [1, 1, 1, 1, 1, 2, 3, 4, 2],
  );
  const worker = profile([frame(1, '(idle)'), frame(2, 'compact')], [...Array.from({ length: 50 }, () => 1), 2]);
  const directory = directoryWith({ 'a.cpuprofile': worker, 'b.cpuprofile': server, 'c.txt': 'no profile' });

  expect(hottestFunctions(directory, 5, '/repository/')).toEqual({
    file: join(directory, 'b.cpuprofile'),
    functions: [
      { function: 'receive', where: 'server/dist/document.js:12', percent: 75 },
      { function: 'writev', where: '', percent: 25 },
    ],
  });
});

test('a process that was killed has left none', () => {
  expect(hottestFunctions(directoryWith({}), 5, '/repository/')).toBeUndefined();
});
