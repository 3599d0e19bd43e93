/**
 * Calls `send` at a fixed rate, whatever becomes of what was sent (an open loop: a slow server gets no less to do).
 * Late calls are made up for at once, and `onLate` learns by how much.
 */
export function sendAtRate(
  ratePerSecond: number,
  durationMs: number,
  send: () => void,
  onLate: (lateMs: number) => void = () => undefined,
): Promise<void> {
  const total = Math.round((ratePerSecond * durationMs) / 1000);
  const startedAt = performance.now();
  let sent = 0;
  return new Promise((resolve, reject) => {
    const tick = (): void => {
      try {
        for (;;) {
          const lateMs = performance.now() - startedAt - (sent * 1000) / ratePerSecond;
          if (lateMs < 0 || sent === total) break;
          onLate(lateMs);
          send();
          sent++;
        }
      } catch (error) {
        reject(error);
        return;
      }
      const leftMs = durationMs - (performance.now() - startedAt);
      if (sent === total && leftMs <= 0) resolve();
      else setTimeout(tick, 1);
    };
    tick();
  });
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
