import type { AwarenessState } from "../../../../client/document.ts";
import { isRecord } from "../../../shared/foreign-json.ts";
import { readColor } from "../../../shared/people/color.ts";
import { readName } from "../../../shared/people/name.ts";

/** An awareness state as people read it. All values are checked: any program may have written them. */
export interface ShownState {
  readonly clientId: number;
  readonly name: string;
  readonly color: string;
  /** Undefined for a client that shows none. */
  readonly cursor: ShownCursor | undefined;
  /** The names of the other members of the state. */
  readonly others: readonly string[];
}

export interface ShownCursor {
  readonly kind: "cursor" | "selection";
  /** The name of the shared type that it is in; undefined if its position does not tell. */
  readonly root: string | undefined;
}

const defaultColor = "#5f5a4e";
const mostOthers = 8;
/** The members that hold the name and the cursor: of the bindings of editors, and of Lexical (`anchorPos`, `focusPos`). */
const known = ["user", "name", "color", "cursor", "selection", "anchorPos", "focusPos"] as const;

export function readShownState({ clientId, state }: AwarenessState): ShownState {
  const fields = isRecord(state) ? state : {};
  const user = isRecord(fields["user"]) ? fields["user"] : {};
  const name = [user["name"], user["displayName"], fields["user"], fields["name"], user["id"]].find(isText);
  return {
    clientId,
    name: readName(name),
    color: readColor(user["color"]) ?? readColor(fields["color"]) ?? defaultColor,
    cursor: cursorOf(fields),
    others: Object.keys(fields)
      .filter((field) => !known.some((one) => one === field))
      .slice(0, mostOthers)
      .map(readName),
  };
}

/** The state as JSON with line breaks. `mostCharacters` of it are shown. */
export function jsonOf(state: unknown, mostCharacters: number): string {
  const text = JSON.stringify(state, null, 2) ?? "";
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "";
}

function cursorOf(fields: Readonly<Record<string, unknown>>): ShownCursor | undefined {
  const range = [fields["cursor"], fields["selection"]].find(isRecord);
  const anchor = range?.["anchor"] ?? fields["anchorPos"];
  const head = range?.["head"] ?? fields["focusPos"] ?? anchor;
  if (!isRecord(anchor) && !isRecord(head)) return undefined;
  const root = rootOf(head) ?? rootOf(anchor);
  return { kind: JSON.stringify(anchor) === JSON.stringify(head) ? "cursor" : "selection", root };
}

/** The root type of a relative position of Yjs, which names it unless the type is nested in another one. */
function rootOf(position: unknown): string | undefined {
  if (!isRecord(position)) return undefined;
  const { tname } = position;
  return typeof tname === "string" && tname !== "" ? readName(tname) : undefined;
}
