import type { RoomAccess } from "../access/room-access.ts";
import type { ServerState } from "./server-state.ts";

export interface Headline {
  readonly tone: "good" | "busy" | "away";
  readonly title: string;
  readonly text: string;
}

export interface HeadlineFacts {
  readonly server: ServerState;
  readonly access: RoomAccess;
  /** True when the server stores the document of this room. */
  readonly isStored: boolean;
  readonly hasToken: boolean;
}

/** The page's headline: what the server does, or why it does not. The texts fit into two lines of a phone. */
export function headline({ server, access, isStored, hasToken }: HeadlineFacts): Headline {
  switch (server.kind) {
    case "running":
      return { tone: "good", title: "Yurt is running", text: runningText(access, isStored) };
    case "connecting":
      return { tone: "good", title: "Connecting to Yurt…", text: runningText(access, isStored) };
    case "restarting":
      return { tone: "busy", title: "Yurt is restarting", text: `It will be back in a moment. ${kept}` };
    case "down":
      return { tone: "away", title: "Yurt is not answering", text: `It is stopped or out of reach. ${kept}` };
    case "busy":
      return { tone: "busy", title: "Not connected to Yurt", text: `${busyText(server.reason)} ${kept}` };
    case "offline":
      return {
        tone: "busy",
        title: "You are offline",
        text: `This window has switched both transports off. ${offline}`,
      };
    case "refused":
      return hasToken
        ? { tone: "away", title: "Access denied", text: deniedText(server.reason) }
        : {
            tone: "away",
            title: "Token required",
            text: "Yurt is running. This room requires a token.",
          };
    default:
      throw new Error(`unknown state ${server satisfies never}`);
  }
}

const kept = "Keep editing: your edits are synced as soon as it is back.";
const offline = "Keep editing: your edits stay here until you go online.";

function runningText(access: RoomAccess, isStored: boolean): string {
  if (access === "read") return "You may only read this room. You see the edits of others at once.";
  return isStored
    ? "Edits travel directly and through the server, which stores them."
    : "Edits travel directly. The server connects browsers and stores nothing.";
}

/** The server's reasons for closing a connection for now, in a sentence each. */
const busyTexts: Readonly<Record<string, string>> = {
  overloaded: "It has too much to do now.",
  "storage-unavailable": "It cannot write to its storage now.",
  "authorization-unavailable": "It cannot check access now.",
  "room-full": "The room is full.",
  "rate-limited": "This window has sent too much at once.",
};

function busyText(reason: string): string {
  return busyTexts[reason] ?? `It has closed the connection (${reason}).`;
}

function deniedText(reason: string): string {
  return reason === "" ? "Yurt does not accept this token here." : `Yurt does not accept this token here: ${reason}.`;
}
