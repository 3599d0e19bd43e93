import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { onStopSignals, SAME_SIGNAL_MS } from '../../server/src/cli/stop-signals.ts';

/** A process whose clock the test moves, and what it was asked to do. */
function listen() {
  const source = new EventEmitter();
  const clock = { nowMs: 0 };
  const asked: string[] = [];
  onStopSignals({
    source,
    now: () => clock.nowMs,
    stop: (signal) => asked.push(`stop ${signal}`),
    force: (signal) => asked.push(`force ${signal}`),
  });
  return { source, clock, asked };
}

test('the first signal stops, a later one forces', () => {
  const { source, clock, asked } = listen();

  source.emit('SIGTERM', 'SIGTERM');
  clock.nowMs += SAME_SIGNAL_MS;
  source.emit('SIGINT', 'SIGINT');

  expect(asked).toEqual(['stop SIGTERM', 'force SIGINT']);
});

test('a key press that arrives twice, as under npm, stops once and forces nothing', () => {
  const { source, clock, asked } = listen();

  source.emit('SIGINT', 'SIGINT');
  clock.nowMs += SAME_SIGNAL_MS - 1;
  source.emit('SIGINT', 'SIGINT');

  expect(asked).toEqual(['stop SIGINT']);
});
