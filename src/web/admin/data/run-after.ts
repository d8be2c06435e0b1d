/** Runs a task after a delay of the browser's clock. Returns the function that cancels it. */
export function runAfter(delayMs: number, task: () => void): () => void {
  const timer = setTimeout(task, delayMs);
  return () => clearTimeout(timer);
}
