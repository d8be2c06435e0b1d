import type * as Y from "yjs";
import { hasNamedValues } from "../document/roots.ts";
import type { Point } from "./points.ts";
import { isNear, readStroke, type Stroke } from "./stroke.ts";

export interface BoardContent {
  /** From the lowest to the topmost. */
  readonly strokes: readonly Stroke[];
  /** True when the board holds anything that is not among the strokes. */
  readonly hasMore: boolean;
}

/** The strokes that are shown at most, the newest ones. */
const maxStrokes = 2_000;
/** The points that are shown at most: every change of the board paints all of them. */
const maxShownPoints = 100_000;

/** Reads the strokes of a document. A value in a document never changes, so it is read once. */
export class BoardReader {
  readonly #known = new WeakMap<object, Stroke | "foreign">();

  read(values: Y.Array<unknown>): BoardContent {
    const strokes: Stroke[] = [];
    let hasMore = values.length > maxStrokes || hasNamedValues(values);
    let points = 0;
    for (const value of values.slice(Math.max(0, values.length - maxStrokes)).reverse()) {
      const stroke = this.#read(value);
      if (stroke === undefined) {
        hasMore = true;
        continue;
      }
      points += stroke.points.length;
      if (points > maxShownPoints) return { strokes: strokes.reverse(), hasMore: true };
      strokes.push(stroke);
    }
    return { strokes: strokes.reverse(), hasMore };
  }

  /** The indices of the shown strokes within `radius` of a point, from the lowest to the topmost. */
  indicesNear(values: Y.Array<unknown>, point: Point, radius: number): readonly number[] {
    const first = Math.max(0, values.length - maxStrokes);
    return values.slice(first).flatMap((value, index) => {
      const stroke = this.#read(value);
      return stroke !== undefined && isNear(stroke, point, radius) ? [first + index] : [];
    });
  }

  #read(value: unknown): Stroke | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const known = this.#known.get(value) ?? readStroke(value) ?? "foreign";
    this.#known.set(value, known);
    return known === "foreign" ? undefined : known;
  }
}
