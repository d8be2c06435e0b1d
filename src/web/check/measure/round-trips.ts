const count = 5;

/** The median of several round trips in milliseconds, one after the other. */
export async function medianRoundTripMs(answer: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  while (times.length < count) {
    const startedAt = performance.now();
    await answer();
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((left, right) => left - right)[Math.floor(count / 2)] ?? 0;
}

/** Rejects with `TimeLimitExceeded` if `promise` has not settled within the limit. */
export function within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TimeLimitExceeded()), limitMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

export class TimeLimitExceeded extends Error {
  override readonly name = "TimeLimitExceeded";
}
