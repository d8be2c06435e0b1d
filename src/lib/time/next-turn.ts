/** Resolves in the next turn of the event loop, so that a long task does not block it. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
