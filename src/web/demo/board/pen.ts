import { boardHeight, boardWidth, onBoard, type Point } from "./points.ts";

/** A growing stroke is sent as a whole each time, so a stroke of this length ends and a new one begins. */
const maxPoints = 300;
/** A point that is nearer to the previous one is left out. */
const minDistance = 3;

/** The pen of this window. `position` stays at the end of the last stroke. */
export class Pen {
  position: Point = [boardWidth / 2, boardHeight / 2];
  #points: Point[] | undefined;
  readonly #finished: (points: readonly Point[]) => void;

  /** `finished` receives every complete stroke. */
  constructor(finished: (points: readonly Point[]) => void) {
    this.#finished = finished;
  }

  get isDown(): boolean {
    return this.#points !== undefined;
  }

  /** The stroke so far; empty while the pen is up. */
  get points(): readonly Point[] {
    return this.#points ?? [];
  }

  down(at: Point = this.position): void {
    this.position = onBoard(at);
    this.#points = [this.position];
  }

  move(to: Point): void {
    const next = onBoard(to);
    const last = this.#points?.at(-1);
    if (last !== undefined && Math.hypot(next[0] - last[0], next[1] - last[1]) < minDistance) return;
    this.position = next;
    this.#points?.push(next);
    if (this.points.length < maxPoints) return;
    this.up();
    this.down();
  }

  up(): void {
    const points = this.#points;
    this.#points = undefined;
    if (points !== undefined) this.#finished(points);
  }
}
