import { FrameTask } from "../../shared/frame-task.ts";
import { strokesOf } from "../document/roots.ts";
import type { RoomClient } from "../room-client.ts";
import { BoardReader } from "./board-content.ts";
import { outlineOf } from "./outline.ts";
import { paintPointer } from "./pointer-painter.ts";
import { boardHeight, boardWidth, type Point } from "./points.ts";
import type { Stroke } from "./stroke.ts";

/** This window's tool, as it is painted. */
export interface PaintedPen {
  readonly points: readonly Point[];
  readonly color: string;
  readonly position: Point;
  readonly isDown: boolean;
}

/** The facts about the board that the page shows beside the strokes. */
export interface BoardView {
  /** True when the document holds anything else than the strokes that are painted. */
  readonly hasMore: boolean;
  readonly isEmpty: boolean;
}

export interface BoardPainterOptions {
  readonly client: RoomClient;
  readonly pen: () => PaintedPen;
  readonly show: (view: BoardView) => void;
}

/** The pointers of others that are painted at most. */
const maxPointers = 50;

/** Paints the board of all windows. The document holds finished strokes, the awareness those that a pen is drawing. */
export class BoardPainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #client: RoomClient;
  readonly #pen: () => PaintedPen;
  readonly #show: (view: BoardView) => void;
  readonly #reader = new BoardReader();
  /** Outlines by stroke: every stroke that is added repaints all of them. */
  readonly #outlines = new WeakMap<Stroke, Path2D>();
  /** The finished strokes as they were last painted: a pen that moves repaints none of them. */
  readonly #finished = document.createElement("canvas");
  #isFinishedStale = true;
  readonly #repaint = new FrameTask(() => this.#drawNow());

  constructor(canvas: HTMLCanvasElement, { client, pen, show }: BoardPainterOptions) {
    this.#canvas = canvas;
    this.#client = client;
    this.#pen = pen;
    this.#show = show;
  }

  /** Returns the function that detaches the painter. */
  attach(): () => void {
    const strokes = strokesOf(this.#client.doc);
    const strokesChanged = () => {
      this.#isFinishedStale = true;
      this.draw();
    };
    strokes.observe(strokesChanged);
    const unsubscribe = this.#client.presence.subscribe(() => this.draw());
    const resizes = new ResizeObserver(() => this.draw());
    resizes.observe(this.#canvas);
    return () => {
      strokes.unobserve(strokesChanged);
      unsubscribe();
      resizes.disconnect();
      this.#repaint.cancel();
    };
  }

  /** Schedules a repaint for the next frame. */
  draw(): void {
    this.#repaint.schedule();
  }

  #drawNow(): void {
    const width = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    const height = Math.round(this.#canvas.clientHeight * devicePixelRatio);
    if (this.#isFinishedStale || this.#finished.width !== width || this.#finished.height !== height) {
      this.#isFinishedStale = false;
      this.#drawFinished(width, height);
    }
    const context = contextOf(this.#canvas, width, height);
    if (context === null) return;
    if (width > 0 && height > 0) context.drawImage(this.#finished, 0, 0, boardWidth, boardHeight);
    this.#drawOthers(context);
    this.#drawPen(context);
  }

  #drawFinished(width: number, height: number): void {
    const { strokes, hasMore } = this.#reader.read(strokesOf(this.#client.doc));
    this.#show({ hasMore, isEmpty: strokes.length === 0 });
    const context = contextOf(this.#finished, width, height);
    if (context === null) return;
    for (const stroke of strokes) {
      const outline = this.#outlines.get(stroke) ?? outlineOf(stroke.points);
      this.#outlines.set(stroke, outline);
      fill(context, stroke.color, outline);
    }
  }

  #drawOthers(context: CanvasRenderingContext2D): void {
    const { own, people } = this.#client.presence;
    const others = people.filter(({ clientId }) => clientId !== own.clientId);
    for (const { color, drawing, penColor } of others) {
      if (drawing.length > 0) fill(context, penColor ?? color, outlineOf(drawing));
    }
    const scale = boardWidth / Math.max(1, this.#canvas.clientWidth);
    const pointing = others.filter(({ pointer }) => pointer !== undefined).slice(0, maxPointers);
    for (const { name, color, pointer } of pointing) {
      if (pointer !== undefined) paintPointer(context, { name, color, at: pointer, scale });
    }
  }

  #drawPen(context: CanvasRenderingContext2D): void {
    const { points, color, position, isDown } = this.#pen();
    if (points.length > 0) fill(context, color, outlineOf(points));
    if (!this.#canvas.matches(":focus-visible")) return;
    const [x, y] = position;
    context.beginPath();
    context.arc(x, y, 12, 0, 2 * Math.PI);
    context.lineWidth = isDown ? 8 : 3;
    context.strokeStyle = color;
    context.stroke();
  }
}

/** A cleared canvas of this size in pixels, on which the board's coordinates are used. */
function contextOf(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const context = canvas.getContext("2d");
  if (context === null) return null;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  context.setTransform(width / boardWidth, 0, 0, height / boardHeight, 0, 0);
  context.clearRect(0, 0, boardWidth, boardHeight);
  return context;
}

function fill(context: CanvasRenderingContext2D, color: string, outline: Path2D): void {
  context.fillStyle = color;
  context.fill(outline);
}
