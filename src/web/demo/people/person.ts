import * as Y from "yjs";
import { isRecord } from "../../shared/foreign-json.ts";
import { readColor } from "../../shared/people/color.ts";
import { readName } from "../../shared/people/name.ts";
import { type Point, readPoint, readPoints } from "../board/points.ts";
import { rootNames } from "../document/roots.ts";

/** The selection of a window in the text. */
export interface Cursor {
  readonly anchor: Y.RelativePosition;
  readonly head: Y.RelativePosition;
}

/** The presence of one window. All values are checked, whatever program has written the awareness state. */
export interface Person {
  readonly clientId: number;
  readonly name: string;
  readonly color: string;
  /** The window's y-webrtc id, which tells whether it is connected directly. */
  readonly peerId: string | undefined;
  readonly cursor: Cursor | undefined;
  /** The points of the stroke that the window's pen is drawing. */
  readonly drawing: readonly Point[];
  /** The colour of that stroke; undefined for the person's own. */
  readonly penColor: string | undefined;
  /** The place of the window's pointer on the board; undefined when it is elsewhere. */
  readonly pointer: Point | undefined;
  /** As in `WindowIdentity`; undefined for other programs. */
  readonly windowId: string | undefined;
  readonly openedAt: number | undefined;
  /** Whether the window is connected to the server; undefined if it does not say. */
  readonly isOnServer: boolean | undefined;
}

const defaultColor = "#5f5a4e";

/** A y-webrtc id has 36 characters. */
const maxIdLength = 64;

/** Reads an awareness state; undefined when it is not an object. */
export function readPerson(clientId: number, state: unknown): Person | undefined {
  if (!isRecord(state)) return undefined;
  const user = isRecord(state["user"]) ? state["user"] : {};
  return {
    clientId,
    name: readName(user["name"]),
    color: readColor(user["color"]) ?? defaultColor,
    peerId: readIdText(state["peerId"]),
    cursor: readCursor(state["cursor"]),
    drawing: readPoints(state["drawing"]) ?? [],
    penColor: readColor(state["penColor"]),
    pointer: readPoint(state["pointer"]),
    windowId: readIdText(state["windowId"]),
    openedAt: isClock(state["openedAt"]) ? state["openedAt"] : undefined,
    isOnServer: typeof state["isOnServer"] === "boolean" ? state["isOnServer"] : undefined,
  };
}

function readIdText(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= maxIdLength ? value : undefined;
}

function readCursor(value: unknown): Cursor | undefined {
  if (!isRecord(value)) return undefined;
  const anchor = readPosition(value["anchor"]);
  const head = readPosition(value["head"]);
  return anchor === undefined || head === undefined ? undefined : { anchor, head };
}

/** Reads a position in the text: beside an item, or at the end. Yjs would create a root of every other name. */
function readPosition(value: unknown): Y.RelativePosition | undefined {
  if (!isRecord(value)) return undefined;
  const assoc = Number(value["assoc"]) < 0 ? -1 : 0;
  if (value["item"] === undefined || value["item"] === null) {
    return value["tname"] === rootNames.text ? new Y.RelativePosition(null, rootNames.text, null, assoc) : undefined;
  }
  const item = readId(value["item"]);
  return item === undefined ? undefined : new Y.RelativePosition(null, null, item, assoc);
}

function readId(value: unknown): Y.ID | undefined {
  if (!isRecord(value)) return undefined;
  const { client, clock } = value;
  return isClock(client) && isClock(clock) ? Y.createID(client, clock) : undefined;
}

function isClock(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
