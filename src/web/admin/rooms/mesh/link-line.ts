export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * The line of the messages from one member to another one: between the rims of their discs, and shifted to the right of its
 * direction, so that the way back is a line of its own. Undefined if the discs touch.
 */
export function linkLine(
  from: Point,
  to: Point,
  radius: number,
): { readonly from: Point; readonly to: Point } | undefined {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy);
  // The arrowhead needs some room.
  const gap = radius + 3;
  if (length <= 2 * gap) return undefined;
  const [ux, uy] = [dx / length, dy / length];
  const shift = Math.min(4, radius / 2);
  const at = (origin: Point, along: number): Point => ({
    x: origin.x + ux * along - uy * shift,
    y: origin.y + uy * along + ux * shift,
  });
  return { from: at(from, gap), to: at(to, -gap) };
}
