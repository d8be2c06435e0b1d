/** Who asks to enter which room. */
export interface AccessRequest {
  readonly kind: "sync" | "signaling";
  /** The document's name, or the topic. */
  readonly room: string;
  readonly remoteAddress: string;
  /** Of the page that the client runs in, as its browser says it; undefined for a program. */
  readonly origin?: string | undefined;
  /** What the client shows; undefined where it shows nothing. */
  readonly token?: string | undefined;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

/** `write` includes `read`. */
export type Access = "read" | "write";

/** Why somebody may not enter: one of few, so it can be counted. */
export type DenialCode =
  | "no-token"
  | "malformed-token"
  | "bad-signature"
  | "expired"
  | "not-yet-valid"
  | "wrong-issuer"
  | "wrong-audience"
  | "revoked"
  /** The token is good, and not for this room. */
  | "wrong-room"
  /** The token is good, and not for administrators. */
  | "not-admin"
  /** The application has said no. */
  | "refused"
  /** Nobody could be asked. */
  | "unavailable";

/** An expected refusal. */
export interface Denial {
  readonly granted: false;
  /** `unauthorized`: a new token may help. `forbidden`: it will not. `unavailable`: it is not known, and may be granted later. */
  readonly kind: "unauthorized" | "forbidden" | "unavailable";
  readonly code: DenialCode;
  /** Told to the client: a sentence without its dot. It names no room and quotes no token. */
  readonly reason: string;
}

/** What whoever acts under a grant wants to know of it. */
export interface GrantWatcher {
  /** It is about to end: time to ask the client for a new token, where its protocol has words for that. */
  expiring?(): void;
  /** The grant's `access` has changed. A session that acts the same with `read` and `write` leaves this out. */
  changed?(): void;
  /** From now on the client may not act any more. At most once, and nothing follows it. */
  ended(denial: Denial): void;
}

/** A verified permission for one room, as long as it is in use. */
export interface Grant {
  readonly granted: true;
  /** What is allowed now; see `GrantWatcher.changed`. */
  readonly access: Access;
  /** Who the client is; undefined where nobody has said. */
  readonly user: string | undefined;
  /** Epoch milliseconds; undefined while no end is known. */
  readonly expiresAt: number | undefined;
  /** Tells one watcher what becomes of the grant from now on, and at once if it has ended already. */
  watch(watcher: GrantWatcher): void;
  /** Nobody acts under it any more, and nobody is told anything. Idempotent; when the client goes it happens by itself. */
  release(): void;
}

/**
 * Who may enter which room. A denial is returned; rejecting means the authorizer itself failed, and is never permission.
 * It rejects when `signal` aborts. Every answer comes within a deadline.
 */
export interface Authorizer {
  /** Why what a client shows is good for no room at all, where that can be said before it names one. */
  authenticate(token: string | undefined): Promise<Denial | undefined>;
  /** A grant is the caller's, to `release`. */
  authorize(request: AccessRequest): Promise<Grant | Denial>;
}
