import getStroke from "perfect-freehand";
import type { Point } from "./points.ts";

const penWidth = 12;

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
