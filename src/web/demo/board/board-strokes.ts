import * as Y from "yjs";
import { Value } from "../../shared/value.ts";
import { strokesOf } from "../document/roots.ts";
import { BoardReader } from "./board-content.ts";
import type { Point } from "./points.ts";
import type { Stroke } from "./stroke.ts";

/** Changes belong together until `finish` is called, however long that takes. */
const captureMs = 3_600_000;

/** The finished strokes in the document, as this window changes them. */
export class BoardStrokes {
  /** True when there is a change of this window that can be undone. */
  readonly canUndo = new Value(false);
  readonly #strokes: Y.Array<unknown>;
  readonly #reader = new BoardReader();
  readonly #undo: Y.UndoManager;

  constructor(doc: Y.Doc) {
    this.#strokes = strokesOf(doc);
    this.#undo = new Y.UndoManager(this.#strokes, { trackedOrigins: new Set([this]), captureTimeout: captureMs });
    const update = () => this.canUndo.set(this.#undo.canUndo());
    for (const event of ["stack-item-added", "stack-item-popped"] as const) this.#undo.on(event, update);
  }

  add(stroke: Stroke): void {
    this.#change(() => this.#strokes.push([stroke]));
    this.finish();
  }

  /** Deletes the strokes within `radius` of a point. */
  eraseAt(point: Point, radius: number): void {
    const hit = this.#reader.indicesNear(this.#strokes, point, radius);
    if (hit.length === 0) return;
    this.#change(() => {
      for (const index of hit.toReversed()) this.#strokes.delete(index);
    });
  }

  clear(): void {
    this.finish();
    this.#change(() => this.#strokes.delete(0, this.#strokes.length));
    this.finish();
  }

  /** Ends the change that `undo` takes back as a whole. */
  finish(): void {
    this.#undo.stopCapturing();
  }

  /** Takes back this window's last change, and no change of others. */
  undo(): void {
    this.#undo.undo();
  }

  close(): void {
    this.#undo.destroy();
  }

  #change(change: () => void): void {
    this.#strokes.doc?.transact(change, this);
  }
}
