import type { RoomClient } from "../room-client.ts";
import { BoardPainter, type BoardView } from "./board-painter.ts";
import type { BoardPresence } from "./board-presence.ts";
import { BoardStrokes } from "./board-strokes.ts";
import { Pen } from "./pen.ts";
import { boardHeight, boardWidth, onBoard, type Point } from "./points.ts";

/** The interval at which the pointer and an unfinished stroke are sent to other windows. */
const shareMs = 60;
const step = 16;
const largeStep = 48;
const eraserRadius = 16;

const directions: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export interface BoardTool {
  readonly kind: "pen" | "eraser";
  /** Undefined for the colour of the person. */
  readonly color: string | undefined;
}

export interface BoardOptions {
  readonly client: RoomClient;
  /** Receives the texts for screen readers. */
  readonly announce: (text: string) => void;
  /** Receives what the page shows beside the strokes. */
  readonly show: (view: BoardView) => void;
}

/** The board with this window's tool, which a pointer or the keyboard moves. */
export class Board {
  readonly strokes: BoardStrokes;
  tool: BoardTool = { kind: "pen", color: undefined };
  readonly #canvas: HTMLCanvasElement;
  readonly #client: RoomClient;
  readonly #announce: (text: string) => void;
  readonly #pen: Pen;
  readonly #painter: BoardPainter;
  #isShareDue = false;
  #shared = "";
  #pointer: Point | null = null;
  /** True when the tool has moved since the space bar was pressed: releasing the bar then lifts it. */
  #hasMovedWhileHeld = false;

  constructor(canvas: HTMLCanvasElement, { client, announce, show }: BoardOptions) {
    this.#canvas = canvas;
    this.#client = client;
    this.#announce = announce;
    this.strokes = new BoardStrokes(client.doc);
    this.#pen = new Pen((points) => {
      if (client.access.canWrite && this.tool.kind === "pen") this.strokes.add({ color: this.#color, points });
    });
    const pen = () => ({
      points: this.#strokePoints,
      color: this.#color,
      position: this.#pen.position,
      isDown: this.#pen.isDown,
    });
    this.#painter = new BoardPainter(canvas, { client, pen, show });
  }

  /** Returns the function that detaches the board. */
  attach(): () => void {
    const detached = new AbortController();
    const { signal } = detached;
    const canvas = this.#canvas;
    canvas.addEventListener("pointerdown", (event) => this.#pointerDown(event), { signal });
    canvas.addEventListener("pointermove", (event) => this.#pointerMoved(event), { signal });
    canvas.addEventListener("pointerup", () => this.#lift(), { signal });
    canvas.addEventListener("pointercancel", () => this.#lift(), { signal });
    canvas.addEventListener("pointerleave", () => this.#pointerLeft(), { signal });
    canvas.addEventListener("keydown", (event) => this.#keyDown(event), { signal });
    canvas.addEventListener("keyup", (event) => this.#keyUp(event), { signal });
    canvas.addEventListener("blur", () => this.#lift(), { signal });
    canvas.addEventListener("focus", () => this.#painter.draw(), { signal });
    const detach = this.#painter.attach();
    return () => {
      detached.abort();
      detach();
      this.strokes.close();
    };
  }

  get #color(): string {
    return this.tool.color ?? this.#client.presence.own.color;
  }

  /** The stroke that others see while it is drawn. */
  get #strokePoints(): readonly Point[] {
    return this.tool.kind === "pen" ? this.#pen.points : [];
  }

  #pointerDown(event: PointerEvent): void {
    if (!event.isPrimary || event.button !== 0 || !this.#client.access.canWrite) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pen.down(this.#pointOf(event));
    this.#changed();
  }

  #pointerMoved(event: PointerEvent): void {
    if (!event.isPrimary) return;
    this.#pointer = this.#pointOf(event);
    if (this.#canvas.hasPointerCapture(event.pointerId)) {
      for (const sample of event.getCoalescedEvents?.() ?? [event]) this.#pen.move(this.#pointOf(sample));
    }
    this.#changed();
  }

  #pointerLeft(): void {
    this.#pointer = null;
    this.#changed();
  }

  #pointOf({ clientX, clientY }: PointerEvent): Point {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return onBoard([((clientX - left) / width) * boardWidth, ((clientY - top) / height) * boardHeight]);
  }

  #keyDown(event: KeyboardEvent): void {
    const direction = directions[event.key];
    if (direction !== undefined) this.#moveBy(direction, event.shiftKey ? largeStep : step);
    else if (event.key === " ") this.#spaceDown(event.repeat);
    else if (event.key === "Escape") this.#lift();
    else if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.#undo();
    else return;
    event.preventDefault();
  }

  #undo(): void {
    if (this.#client.access.canWrite) this.strokes.undo();
  }

  #moveBy([dx, dy]: Point, distance: number): void {
    const [x, y] = this.#pen.position;
    this.#hasMovedWhileHeld = true;
    this.#pen.move([x + dx * distance, y + dy * distance]);
    this.#changed();
  }

  /** The space bar toggles the tool when pressed briefly, and uses it while it is held. */
  #spaceDown(isRepeat: boolean): void {
    if (isRepeat || !this.#client.access.canWrite) return;
    if (this.#pen.isDown) this.#lift();
    else this.#lower();
  }

  #lower(): void {
    this.#hasMovedWhileHeld = false;
    this.#pen.down();
    this.#announce(this.tool.kind === "pen" ? "Pen down" : "Eraser down");
    this.#changed();
  }

  #keyUp(event: KeyboardEvent): void {
    if (event.key === " " && this.#hasMovedWhileHeld) this.#lift();
  }

  #lift(): void {
    if (this.#pen.isDown) this.#announce(this.tool.kind === "pen" ? "Pen up" : "Eraser up");
    this.#pen.up();
    this.strokes.finish();
    this.#changed();
  }

  #changed(): void {
    if (this.tool.kind === "eraser" && this.#pen.isDown) this.strokes.eraseAt(this.#pen.position, eraserRadius);
    this.#painter.draw();
    if (this.#isShareDue) return;
    this.#isShareDue = true;
    setTimeout(() => this.#share(), shareMs);
  }

  #share(): void {
    this.#isShareDue = false;
    const next: BoardPresence = { drawing: this.#strokePoints, penColor: this.#color, pointer: this.#pointer };
    const text = JSON.stringify(next);
    if (text === this.#shared) return;
    this.#shared = text;
    this.#client.setBoardPresence(next);
  }
}
