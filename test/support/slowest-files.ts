import type { Reporter, TestModule } from 'vitest/node';

const LISTED = 12;
const SHORT_RUN_MS = 60_000;

/** Ends a long run with the files that took longest, so that a test that became slow is seen by whoever made it so. */
export class SlowestFiles implements Reporter {
  readonly #begin = performance.now();

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (performance.now() - this.#begin < SHORT_RUN_MS) return;
    const slowest = modules.toSorted((a, b) => durationMs(b) - durationMs(a)).slice(0, LISTED);
    const lines = slowest.map((module) => `${seconds(durationMs(module)).padStart(8)}  ${module.relativeModuleId}`);
    const totalMs = modules.reduce((sum, module) => sum + durationMs(module), 0);
    process.stdout.write(`\nSlowest of ${modules.length} files (${seconds(totalMs)} in all):\n${lines.join('\n')}\n`);
  }
}

function durationMs(module: TestModule): number {
  const { collectDuration, duration } = module.diagnostic();
  return collectDuration + duration;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
