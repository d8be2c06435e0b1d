import type { RoomAccess } from "../access/room-access.ts";

/** The state of the connection to the server's copy of the document. */
export type ServerLink =
  | "connected"
  | "connecting"
  /** The user has switched the WebSocket off. */
  | "off"
  /** The server has denied access, and the client does not try again. */
  | "denied"
  /** The server does signaling only. */
  | "not-served"
  /** The room has a password, so the server must not receive its text. */
  | "private";

export interface SyncFacts {
  readonly link: ServerLink;
  readonly access: RoomAccess;
  /** The reason that the server gave for denying access; empty or undefined if it gave none. */
  readonly denial?: string | undefined;
  /** Edits of this window that the server has not acknowledged. */
  readonly unsavedCount: number;
  /** True while text of an earlier visit is being read from the browser, or is not known to be on the server. */
  readonly isRestoring: boolean;
  /** The number of windows that are connected without the server. */
  readonly peerCount: number;
  /** How many of them say that they are connected to the server: they bring it the edits of this window. */
  readonly savingPeerCount: number;
  /** True when the browser stores the text, so that it survives a reload. */
  readonly isKept: boolean;
}

export interface SyncState {
  /** `shared`: not on the server, as far as this window knows, and with other windows. */
  readonly state: "saved" | "saving" | "shared" | "offline" | "read-only";
  readonly text: string;
}

/**
 * The state is "saved" only when the server has acknowledged every edit of this window as stored, and takes further ones.
 */
export function syncState(facts: SyncFacts): SyncState {
  if (facts.link !== "connected") {
    const isShared = facts.peerCount > 0 && facts.link !== "denied";
    return { state: isShared ? "shared" : "offline", text: offlineText(facts) };
  }
  if (facts.access === "read") return { state: "read-only", text: "Read only: your edits are not saved" };
  if (facts.access === "unknown") return { state: "saving", text: "Checking access…" };
  if (facts.unsavedCount > 0) return { state: "saving", text: "Saving…" };
  if (facts.isRestoring) return { state: "saving", text: "Syncing…" };
  return { state: "saved", text: "Saved on the server" };
}

function offlineText(facts: SyncFacts): string {
  switch (facts.link) {
    case "private":
      return `Private room, hidden from the server: ${sharing(facts)}`;
    case "not-served":
      return `This server stores no documents: ${sharing(facts)}`;
    case "denied":
      return facts.denial ? `Access denied (${facts.denial}): ${sharing(facts)}` : `Access denied: ${sharing(facts)}`;
    case "connecting":
      return `Connecting to the server… ${waiting(facts)}`;
    default:
      if (facts.peerCount === 0) return `Offline. ${waiting(facts)}`;
      return facts.savingPeerCount > 0
        ? `Connected directly only: ${sharing(facts)}, which ${facts.peerCount === 1 ? "saves" : "save"} your edits`
        : `Connected directly only: ${sharing(facts)}. ${waiting(facts)}`;
  }
}

function sharing({ peerCount }: SyncFacts): string {
  if (peerCount === 0) return "not shared, not saved";
  return peerCount === 1 ? "shared with 1 other window" : `shared with ${peerCount} other windows`;
}

function waiting({ unsavedCount, isRestoring, isKept }: SyncFacts): string {
  if (unsavedCount === 0) return isRestoring ? "Not synced with the server yet." : "No unsaved changes.";
  const changes = unsavedCount === 1 ? "1 unsaved change" : `${unsavedCount} unsaved changes`;
  return isKept ? `${changes}, kept in this browser.` : `${changes}; do not close this window.`;
}
