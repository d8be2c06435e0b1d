import getStroke from "perfect-freehand";
import { isRecord, type Point, pointsOf } from "../foreign-json.ts";

export interface Stroke {
  readonly color: string;
  readonly points: readonly Point[];
}

export const boardWidth = 800;
export const boardHeight = 600;

const penWidth = 12;

/** Reads a stroke from the document. Another program may have written it. */
export function strokeOf(value: unknown): Stroke {
  const { color, points } = isRecord(value) ? value : {};
  return { color: typeof color === "string" ? color : "gray", points: pointsOf(points) };
}

/** The outline of a stroke whose width follows the speed of the pen. */
export function outlineOf(points: readonly Point[]): Path2D {
  const outline = getStroke(
    points.map(([x, y]) => [x, y]),
    { size: penWidth, thinning: 0.5, smoothing: 0.5, streamline: 0.4 },
  );
  const path = new Path2D();
  for (const [x = 0, y = 0] of outline) path.lineTo(x, y);
  path.closePath();
  return path;
}
