/** Why the server's copy is or is not in reach. */
export type ServerLink =
  | "connected"
  | "connecting"
  /** Switched off in this window. */
  | "off"
  /** The server said no for good. */
  | "denied"
  /** The server only introduces browsers to each other. */
  | "not-served"
  /** The room has a password, the server must not read along. */
  | "private";

export interface SyncFacts {
  readonly link: ServerLink;
  /** Why, where the link is refused and the server has said so. */
  readonly denial?: string | undefined;
  /** Edits of this window that the server has not acknowledged. */
  readonly unsavedCount: number;
  /** What the browser kept from an earlier visit is not yet known to be on the server, or not even read. */
  readonly isRestoring: boolean;
  /** Windows reached without the server. */
  readonly peerCount: number;
  /** Whether the browser keeps the text over a reload. */
  readonly isKept: boolean;
}

export interface SyncState {
  readonly state: "saved" | "saving" | "offline";
  readonly text: string;
}

/** "saved" says that the server has acknowledged every edit of this window as stored, and nothing less. */
export function syncState(facts: SyncFacts): SyncState {
  if (facts.link !== "connected") return { state: "offline", text: offlineText(facts) };
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
      return `Connected directly only: ${sharing(facts)}. ${waiting(facts)}`;
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
