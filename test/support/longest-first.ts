import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What a run lists as its slowest files (slowest-files.ts), longest first. One that is missing here only starts later. */
const LONG = [
  'stories/replay-trace',
  'browser/examples/examples',
  'pages/inspect/page/scrub',
  'cluster/killed-instances.redis',
  'pages/inspect/page/page',
  'faults/slow-reader',
  'cli/replay',
  'pages/home/page/home',
  'cli/restore-and-fork',
  'stories/history-commands',
  'faults/kill',
  'faults/flood',
];

/** The long files of a group of projects begin first: one that begins last is waited for by idle workers. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => groupOf(a) - groupOf(b) || rankOf(a) - rankOf(b));
  }
}

const groupOf = ({ project }: TestSpecification): number => project.config.sequence.groupOrder ?? 0;

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONG.findIndex((file) => moduleId.endsWith(`/test/${file}.test.ts`));
  return rank < 0 ? LONG.length : rank;
}
