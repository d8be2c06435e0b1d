import { isRecord } from "../foreign-json.ts";
import { readColor } from "../people/color.ts";
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
