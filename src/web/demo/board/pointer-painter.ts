import { brightened, textColorOn } from "../../shared/people/color.ts";
import { boardHeight, boardWidth, type Point } from "./points.ts";

export interface PaintedPointer {
  readonly name: string;
  readonly color: string;
  readonly at: Point;
  /** The board's units per pixel of the page: names have the same size on every screen. */
  readonly scale: number;
}

const fontPx = 12;
const arrow = new Path2D("M0 0V16L4.5 12.5L11 12Z");

/** Paints the pointer of another person, with the name beside it. */
export function paintPointer(context: CanvasRenderingContext2D, { name, color, at, scale }: PaintedPointer): void {
  context.save();
  context.translate(...at);
  context.scale(scale, scale);
  context.fillStyle = color;
  context.fill(arrow);
  context.font = `600 ${fontPx}px system-ui, sans-serif`;
  const width = context.measureText(name).width + 12;
  // The label moves to the other side of the arrow where it would leave the board.
  const x = at[0] / scale + 12 + width > boardWidth / scale ? -width - 2 : 12;
  const y = at[1] / scale + 34 > boardHeight / scale ? -20 : 14;
  context.beginPath();
  context.roundRect(x, y, width, 20, 5);
  context.fill();
  // The page paints the canvas brighter when it is dark.
  context.fillStyle = textColorOn(isDark() ? brightened(color) : color);
  context.textBaseline = "middle";
  context.fillText(name, x + 6, y + 10.5);
  context.restore();
}

function isDark(): boolean {
  return matchMedia("(prefers-color-scheme: dark)").matches;
}
