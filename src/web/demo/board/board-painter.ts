import { isRecord } from "../foreign-json.ts";
import { readAwarenessState } from "../people/awareness-state.ts";
import type { RoomClient } from "../room-client.ts";
import type { Pen } from "./pen.ts";
import { boardHeight, boardWidth, outlineOf, type Stroke, strokeOf } from "./stroke.ts";

/** Paints the board of all windows. The document holds finished strokes, the awareness those that a pen is drawing. */
export class BoardPainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #client: RoomClient;
  readonly #pen: Pen;
  /** Outlines by the stroke's value in the document, which never changes: every move of a pen repaints the whole board. */
  readonly #painted = new WeakMap<object, Painted>();
  #isDrawDue = false;

  constructor(canvas: HTMLCanvasElement, client: RoomClient, pen: Pen) {
    this.#canvas = canvas;
    this.#client = client;
    this.#pen = pen;
  }

  /** Returns the function that detaches the painter. */
  attach(): () => void {
    const strokes = strokesOf(this.#client);
    const { awareness } = this.#client;
    const draw = () => this.draw();
    strokes.observe(draw);
    awareness.on("change", draw);
    const resizes = new ResizeObserver(draw);
    resizes.observe(this.#canvas);
    return () => {
      strokes.unobserve(draw);
      awareness.off("change", draw);
      resizes.disconnect();
    };
  }

  /** Schedules one repaint for the next frame, however often it is called before. */
  draw(): void {
    if (this.#isDrawDue) return;
    this.#isDrawDue = true;
    requestAnimationFrame(() => {
      this.#isDrawDue = false;
      this.#drawNow();
    });
  }

  #drawNow(): void {
    const context = this.#canvas.getContext("2d");
    if (context === null) return;
    const width = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    const height = Math.round(this.#canvas.clientHeight * devicePixelRatio);
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    context.setTransform(width / boardWidth, 0, 0, height / boardHeight, 0, 0);
    context.clearRect(0, 0, boardWidth, boardHeight);
    for (const stroke of strokesOf(this.#client)) this.#drawFinished(context, stroke);
    this.#drawPens(context);
  }

  #drawFinished(context: CanvasRenderingContext2D, value: unknown): void {
    if (!isRecord(value)) return;
    const known = this.#painted.get(value) ?? painted(strokeOf(value));
    this.#painted.set(value, known);
    fill(context, known);
  }

  #drawPens(context: CanvasRenderingContext2D): void {
    const { awareness } = this.#client;
    for (const [clientId, state] of awareness.getStates()) {
      const { color, drawing } = readAwarenessState(state);
      fill(context, painted({ color, points: clientId === awareness.clientID ? this.#pen.points : drawing }));
    }
    if (!this.#canvas.matches(":focus-visible")) return;
    const [x, y] = this.#pen.position;
    context.beginPath();
    context.arc(x, y, 12, 0, 2 * Math.PI);
    context.lineWidth = this.#pen.isDown ? 8 : 3;
    context.strokeStyle = readAwarenessState(awareness.getLocalState() ?? {}).color;
    context.stroke();
  }
}

/** The finished strokes, from the lowest to the topmost. */
export function strokesOf({ doc }: RoomClient) {
  return doc.getArray<unknown>("strokes");
}

/** A stroke, ready to be painted. */
interface Painted {
  readonly color: string;
  readonly outline: Path2D;
}

function painted({ color, points }: Stroke): Painted {
  return { color, outline: outlineOf(points) };
}

function fill(context: CanvasRenderingContext2D, { color, outline }: Painted): void {
  context.fillStyle = color;
  context.fill(outline);
}
