/** A duration for people: whole milliseconds. */
export function milliseconds(timeMs: number): string {
  return timeMs < 1 ? "<1 ms" : `${timeMs.toFixed(0)} ms`;
}
