/** Resolves when `holds` returns true; rejects, saying `what`, when it has not within `withinMs`. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(5);
  }
}

/** Resolves when every microtask that is due has run, and what waits for no timer and no I/O has happened. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** For conformance tests only, where real clients have real timers. */
export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
