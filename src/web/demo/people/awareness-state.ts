import { isRecord, type Point, pointsOf } from "../foreign-json.ts";

/** The awareness state of one window, without `cursor`, which belongs to y-codemirror.next. */
export interface AwarenessState {
  readonly name: string;
  readonly color: string;
  /** The window's y-webrtc id, which tells whether it is connected directly. */
  readonly peerId: string | undefined;
  /** The points of the stroke that the window's pen is drawing. */
  readonly drawing: readonly Point[];
}

/** The name that is shown for a person without one. */
export const anonymousName = "Anonymous";

const defaultColor = "#5f5a4e";

/** Reads the awareness state of a window. Another program may have written it. */
export function readAwarenessState(state: Readonly<Record<string, unknown>>): AwarenessState {
  const user = isRecord(state["user"]) ? state["user"] : {};
  const { name, color } = user;
  const { peerId, drawing } = state;
  return {
    name: typeof name === "string" && name.trim() !== "" ? name : anonymousName,
    color: typeof color === "string" && /^#[0-9a-f]{6}$/i.test(color) ? color : defaultColor,
    peerId: typeof peerId === "string" ? peerId : undefined,
    drawing: pointsOf(drawing),
  };
}
