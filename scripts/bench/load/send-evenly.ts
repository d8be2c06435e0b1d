/** How many messages are sent, and how fast. */
export interface EvenPace {
  readonly total: number;
  readonly perSecond: number;
}

/**
 * Calls `send` with 0, 1, 2 … at an even pace: each millisecond, as often as is due by then. Returns a function that stops
 * it, which must be called also when all are sent.
 */
export function sendEvenly({ total, perSecond }: EvenPace, send: (index: number) => void): () => void {
  const startedAt = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000));
    for (; sent < due; sent += 1) send(sent);
  }, 1);
  return () => clearInterval(timer);
}
