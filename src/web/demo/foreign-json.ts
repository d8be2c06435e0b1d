// Readers of values in the document and the awareness. Another program may have written them.

/** Coordinates on a board of `boardWidth` by `boardHeight`, whatever the size of the screen. */
export type Point = readonly [x: number, y: number];

/** Keeps finite numbers only: a canvas that is given anything else draws nothing, or throws. */
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
