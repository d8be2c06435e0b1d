/** Coordinates on a board of `boardWidth` by `boardHeight`, whatever the size of the screen. */
export type Point = readonly [x: number, y: number];

export const boardWidth = 800;
export const boardHeight = 600;

/** The nearest whole point of the board. */
export function onBoard([x, y]: Point): Point {
  return [Math.round(Math.min(Math.max(x, 0), boardWidth)), Math.round(Math.min(Math.max(y, 0), boardHeight))];
}

/** A pen ends its strokes far earlier. */
export const maxPoints = 2_000;

/** Reads the points of a stroke. They are undefined when one of them is not on the board, or when there are too many. */
export function readPoints(value: unknown): readonly Point[] | undefined {
  if (!Array.isArray(value) || value.length > maxPoints) return undefined;
  const points: Point[] = [];
  for (const entry of value as readonly unknown[]) {
    const point = readPoint(entry);
    if (point === undefined) return undefined;
    points.push(point);
  }
  return points;
}

/** Reads a point; undefined when it is not on the board. */
export function readPoint(value: unknown): Point | undefined {
  if (!Array.isArray(value)) return undefined;
  const [x, y] = value as readonly unknown[];
  return isBetween(x, boardWidth) && isBetween(y, boardHeight) ? [x, y] : undefined;
}

/** False for NaN. */
function isBetween(value: unknown, max: number): value is number {
  return typeof value === "number" && value >= 0 && value <= max;
}
