import { useEffect, useRef, useState } from "preact/hooks";
import { useValue } from "../../shared/value.ts";
import { strokesOf } from "../document/roots.ts";
import type { RoomClient } from "../room-client.ts";
import { BoardPainter } from "./board-painter.ts";
import { Pen } from "./pen.ts";
import { boardHeight, boardWidth, type Point } from "./points.ts";

/** The interval at which an unfinished stroke is sent to other windows. */
const shareMs = 60;
const step = 16;
const largeStep = 48;

const directions: Readonly<Record<string, Point>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

interface BoardOptions {
  readonly client: RoomClient;
  /** Receives the texts for screen readers. */
  readonly announce: (text: string) => void;
  /** Receives whether the document holds anything else than the strokes that the board shows. */
  readonly showHasMore: (hasMore: boolean) => void;
}

/** The board with this window's pen, which a pointer or the keyboard moves. */
class Board {
  readonly #canvas: HTMLCanvasElement;
  readonly #client: RoomClient;
  readonly #announce: (text: string) => void;
  readonly #pen: Pen;
  readonly #painter: BoardPainter;
  #isShareDue = false;
  /** True when the pen has moved since the space bar was pressed: releasing the bar then lifts the pen. */
  #hasMovedWhileHeld = false;

  constructor(canvas: HTMLCanvasElement, { client, announce, showHasMore }: BoardOptions) {
    this.#canvas = canvas;
    this.#client = client;
    this.#announce = announce;
    this.#pen = new Pen((points) => {
      if (client.access.canWrite) strokesOf(client.doc).push([{ color: client.presence.own.color, points }]);
    });
    this.#painter = new BoardPainter(canvas, { client, pen: this.#pen, showHasMore });
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
    canvas.addEventListener("keydown", (event) => this.#keyDown(event), { signal });
    canvas.addEventListener("keyup", (event) => this.#keyUp(event), { signal });
    canvas.addEventListener("blur", () => this.#lift(), { signal });
    canvas.addEventListener("focus", () => this.#painter.draw(), { signal });
    const detach = this.#painter.attach();
    return () => {
      detached.abort();
      detach();
    };
  }

  #pointerDown(event: PointerEvent): void {
    if (!event.isPrimary || event.button !== 0 || !this.#client.access.canWrite) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pen.down(this.#pointOf(event));
    this.#changed();
  }

  #pointerMoved(event: PointerEvent): void {
    if (!(event.isPrimary && this.#canvas.hasPointerCapture(event.pointerId))) return;
    for (const sample of event.getCoalescedEvents?.() ?? [event]) this.#pen.move(this.#pointOf(sample));
    this.#changed();
  }

  #pointOf({ clientX, clientY }: PointerEvent): Point {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return [((clientX - left) / width) * boardWidth, ((clientY - top) / height) * boardHeight];
  }

  #keyDown(event: KeyboardEvent): void {
    const direction = directions[event.key];
    if (direction !== undefined) this.#moveBy(direction, event.shiftKey ? largeStep : step);
    else if (event.key === " ") this.#spaceDown(event.repeat);
    else if (event.key === "Escape") this.#lift();
    else return;
    event.preventDefault();
  }

  #moveBy([dx, dy]: Point, distance: number): void {
    const [x, y] = this.#pen.position;
    this.#hasMovedWhileHeld = true;
    this.#pen.move([x + dx * distance, y + dy * distance]);
    this.#changed();
  }

  /** The space bar toggles the pen when pressed briefly, and draws while it is held. */
  #spaceDown(isRepeat: boolean): void {
    if (isRepeat || !this.#client.access.canWrite) return;
    if (this.#pen.isDown) this.#lift();
    else this.#lower();
  }

  #lower(): void {
    this.#hasMovedWhileHeld = false;
    this.#pen.down();
    this.#announce("Pen down");
    this.#changed();
  }

  #keyUp(event: KeyboardEvent): void {
    if (event.key === " " && this.#hasMovedWhileHeld) this.#lift();
  }

  #lift(): void {
    if (this.#pen.isDown) this.#announce("Pen up");
    this.#pen.up();
    this.#changed();
  }

  #changed(): void {
    this.#painter.draw();
    if (this.#isShareDue) return;
    this.#isShareDue = true;
    setTimeout(() => this.#share(), shareMs);
  }

  #share(): void {
    this.#isShareDue = false;
    const { drawing } = this.#client.presence.own;
    if (drawing.length > 0 || this.#pen.isDown) this.#client.setDrawing(this.#pen.points);
  }
}

export function BoardPanel({ client }: { readonly client: RoomClient }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [announcement, setAnnouncement] = useState("");
  const [hasMore, setHasMore] = useState(false);
  useEffect(() => {
    if (canvas.current === null) return undefined;
    return new Board(canvas.current, { client, announce: setAnnouncement, showHasMore: setHasMore }).attach();
  }, [client]);
  const access = useValue(client.access.state);
  const canWrite = access === "write";
  const clear = () => {
    const strokes = strokesOf(client.doc);
    strokes.delete(0, strokes.length);
  };
  return (
    <section class="panel board" aria-labelledby="board-title">
      <header>
        <h2 id="board-title">Board</h2>
        <button type="button" disabled={!canWrite} onClick={clear}>
          Clear board
        </button>
      </header>
      <div class="canvas-frame">
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: a screen reader would otherwise handle the arrow keys itself */}
        <canvas
          ref={canvas}
          role="application"
          aria-label="Shared board"
          aria-describedby="board-help"
          aria-disabled={!canWrite}
          tabIndex={0}
        />
      </div>
      <p id="board-help" class="hint">
        {access === "read" ? "Read only." : "Keyboard: arrow keys move, Space draws."}
      </p>
      {hasMore && <p class="hint">This board holds content that this demo cannot show.</p>}
      <span class="unseen" aria-live="polite">
        {announcement}
      </span>
    </section>
  );
}
