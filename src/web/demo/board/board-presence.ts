import type { Point } from "./points.ts";

/** The parts of the awareness state that a window's board sets. */
export interface BoardPresence {
  /** The points of the stroke that is being drawn; empty while the pen is up. */
  readonly drawing: readonly Point[];
  readonly penColor: string;
  /** The pointer on the board; null when it is elsewhere. */
  readonly pointer: Point | null;
}
