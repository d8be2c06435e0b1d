import { isRecord, type Point, pointsOf } from "../foreign-json.ts";

/** What each window tells of itself through awareness. `cursor` is y-codemirror.next's own. */
export interface AwarenessState {
  readonly name: string;
  readonly color: string;
  /** y-webrtc's id of the window: tells by which way it is reached. */
  readonly peerId: string | undefined;
  /** The stroke that its pen is drawing. */
  readonly drawing: readonly Point[];
}

/** Who has deleted their name. */
export const anonymousName = "Anonymous";

const defaultColor = "#5f5a4e";

/** Reads what another page, not necessarily this one, says of itself. */
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
