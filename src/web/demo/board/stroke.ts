import { isRecord } from "../../shared/foreign-json.ts";
import { readColor } from "../../shared/people/color.ts";
import { type Point, readPoints } from "./points.ts";

export interface Stroke {
  readonly color: string;
  readonly points: readonly Point[];
}

/** Reads a stroke from the document; undefined when the value is anything else. */
export function readStroke(value: unknown): Stroke | undefined {
  if (!isRecord(value)) return undefined;
  const color = readColor(value["color"]);
  const points = readPoints(value["points"]);
  return color === undefined || points === undefined ? undefined : { color, points };
}

/** True when a point is within `radius` of a stroke's line. */
export function isNear({ points }: Stroke, [x, y]: Point, radius: number): boolean {
  return points.some(([x1, y1], index) => {
    const [x2, y2] = points[index + 1] ?? [x1, y1];
    const [dx, dy] = [x2 - x1, y2 - y1];
    const length = dx * dx + dy * dy;
    const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / length));
    return Math.hypot(x - x1 - along * dx, y - y1 - along * dy) <= radius;
  });
}
