// What other pages, not necessarily this one's, have written into the document or the awareness.

/** On a board of `boardWidth` by `boardHeight`, whatever the size of the screen. */
export type Point = readonly [x: number, y: number];

/** Numbers only: a canvas that is given anything else draws nothing, or throws. */
export function pointsOf(value: unknown): readonly Point[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown): Point[] => {
    if (!Array.isArray(entry)) return [];
    const [x, y] = entry as readonly unknown[];
    return Number.isFinite(x) && Number.isFinite(y) ? [[Number(x), Number(y)]] : [];
  });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
