import type { AccessDenied, AccessGranted, TokenContents } from "../../../../client/server/access.ts";
import { formatAgo, formatTime } from "../../parts/formats.ts";
import { visibleName } from "../../parts/visible-name.ts";
import type { AccessMode } from "../access-facts.ts";
import { nearRoom } from "./near-rooms.ts";
import { isToldByTitle, reasonWords } from "./reason-words.ts";

export interface Asked {
  readonly room: string;
  readonly answer: AccessGranted | AccessDenied;
  /** Whether the room is a document that is deleted: tokens do not know of it. */
  readonly isDeleted?: boolean;
  readonly mode: AccessMode | undefined;
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface Verdict {
  readonly tone: "good" | "busy" | "away";
  /** A sentence without its full stop. */
  readonly title: string;
  /** A sentence; undefined if the title says all. */
  readonly text: string | undefined;
  /** The things that help, in sentences. */
  readonly remedies: readonly string[];
  /** Whether a new token lets the client in. */
  readonly isHelpedByToken: boolean;
}

/** The codes of denials of which a token of this server is the remedy, where tokens decide. */
const helpedByToken = new Set([
  ...["no-token", "malformed-token", "bad-signature", "expired", "wrong-issuer", "wrong-audience"],
  ...["revoked", "wrong-room"],
]);

/** The server's answer in words, with what helps: about the origin if it is refused, and about the permission. */
export function verdictsOf(asked: Asked): readonly Verdict[] {
  const { answer } = asked;
  const permission = answer.granted ? grantedVerdict(answer, asked) : deniedVerdict(answer, asked);
  const { origin } = answer;
  if (origin === undefined || origin.allowed) return [permission];
  const { title } = reasonWords("origin");
  // The reason has the remedy.
  return [{ tone: "away", title, text: origin.reason, remedies: [], isHelpedByToken: false }, permission];
}

function grantedVerdict({ access, user }: AccessGranted, { isDeleted, mode }: Asked): Verdict {
  if (isDeleted === true) {
    const { remedy, title } = reasonWords("deleted");
    return { tone: "away", title, text: "Nobody can enter it.", remedies: [remedy], isHelpedByToken: false };
  }
  const who = user === undefined ? "This client" : `The user ${visibleName(user)}`;
  const text = "The server lets it in now.";
  if (mode === "open") {
    return {
      tone: "good",
      title: "Everyone may enter this room",
      text: "The access mode of the server is open: it looks at no token.",
      remedies: otherCauses,
      isHelpedByToken: false,
    };
  }
  if (access === "write") {
    const title = `${who} may read and write in this room`;
    return { tone: "good", title, text, remedies: otherCauses, isHelpedByToken: false };
  }
  return {
    tone: "good",
    title: `${who} may read this room, but not write`,
    text: `${text} Its edits are refused as “read-only”.`,
    remedies: ["Create a token with the access “Read and write” if it may edit.", ...otherCauses],
    isHelpedByToken: mode === "token",
  };
}

/** The causes of the trouble of a client that is let in. */
const otherCauses: readonly string[] = [
  "If it is still refused, compare the token and the room with those that the client really sends.",
  "Look for its address under “Refusals”: a wrong path, another origin or a limit can refuse it, whatever its token says.",
];

function deniedVerdict({ code, reason, token }: AccessDenied, asked: Asked): Verdict {
  const { remedy, title } = reasonWords(code);
  const detail = token === undefined ? undefined : detailOf(code, token, asked);
  return {
    tone: code === "unavailable" || code === "not-yet-valid" ? "busy" : "away",
    title,
    text: detail ?? (isToldByTitle(code) ? undefined : sentenceOf(reason)),
    remedies: remedy === "" ? [] : [remedy],
    isHelpedByToken: asked.mode === "token" && helpedByToken.has(code),
  };
}

function sentenceOf(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
}

/** The contents of the token that explain the denial; undefined if the server's reason says all. */
function detailOf(code: string, token: TokenContents, { now, room }: Asked): string | undefined {
  const { admin, expiresAt, invalidClaims = [], notBefore } = token;
  const patterns = Object.keys(token.rooms);
  if (code === "expired" && expiresAt !== undefined)
    return `It expired ${formatAgo(expiresAt, now)}, on ${formatTime(expiresAt)}.`;
  if (code === "not-yet-valid" && notBefore !== undefined) return `It is valid from ${formatTime(notBefore)} on.`;
  if (code === "malformed-token" && invalidClaims.length > 0)
    return `These claims are missing or invalid: ${invalidClaims.join(", ")}.`;
  if (code !== "wrong-room") return undefined;
  if (patterns.length > 0) return nearRoom(patterns, room);
  return admin ? "It is an administrator's token, which opens no room." : "It names no room.";
}
