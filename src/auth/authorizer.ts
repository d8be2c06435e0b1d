/** A client's request for access to a room. */
export interface AccessRequest {
  readonly kind: "sync" | "signaling";
  /** The document's name, or the topic. */
  readonly room: string;
  readonly remoteAddress: string;
  /** The origin of the client's page, from its browser; undefined for a program. */
  readonly origin?: string | undefined;
  /** The client's token; undefined if it has sent none. */
  readonly token?: string | undefined;
  /** Aborts when the client disconnects. */
  readonly signal: AbortSignal;
}

/** `write` includes `read`. */
export type Access = "read" | "write";

/** Why access is denied. The set is small, so that denials can be counted by code. */
export type DenialCode =
  | "no-token"
  | "malformed-token"
  | "bad-signature"
  | "expired"
  | "not-yet-valid"
  | "wrong-issuer"
  | "wrong-audience"
  | "revoked"
  /** The token is valid, but does not grant access to this room. */
  | "wrong-room"
  /** The token is valid, but not an administration token. */
  | "not-admin"
  /** The app's webhook denied access. */
  | "refused"
  /** The app's webhook, or the key set that verifies tokens, is unreachable. */
  | "unavailable"
  /** The document was deleted while the client was in it. */
  | "deleted"
  /** The application has disconnected the client, which may return. */
  | "disconnected";

/** A decision to deny access. */
export interface Denial {
  readonly granted: false;
  /**
   * `unauthorized`: a new token may help. `forbidden`: a new token will not help. `expired`: a permission in use has run
   * out, and the next request decides anew. `early`: the same token is going to be valid. `unavailable`: the decision
   * could not be made, and access may be granted later. `deleted`: there is no such document any more.
   */
  readonly kind: "unauthorized" | "forbidden" | "expired" | "early" | "unavailable" | "deleted";
  readonly code: DenialCode;
  /** The reason for the client: a sentence without a full stop, which names no room and quotes no token. */
  readonly reason: string;
}

/** Receives the events of a grant. */
export interface GrantWatcher {
  /** The grant is about to expire: the session may ask the client for a new token, if its protocol has that message. */
  expiring?(): void;
  /** The grant's `access` has changed. A session that acts the same with `read` and `write` leaves this out. */
  changed?(): void;
  /** The grant has ended, and the client has no access any more. Called at most once; no event follows. */
  ended(denial: Denial): void;
}

/** A permission for one room that a client uses. */
export interface Grant {
  readonly granted: true;
  /** The present access; see `GrantWatcher.changed`. */
  readonly access: Access;
  /** The client's user id; undefined if unknown. */
  readonly user: string | undefined;
  /** Epoch milliseconds; undefined for a grant that does not expire. */
  readonly expiresAt: number | undefined;
  /**
   * The first content of the room's document, a Yjs update (V1), for a document that has no updates. Given away once;
   * undefined if the application gives none.
   */
  takeFirstContent?(): Uint8Array | undefined;
  /** Sets the one watcher, which receives the events from now on. A grant that was ended before tells it at once. */
  watch(watcher: GrantWatcher): void;
  /** Ends the use of the grant without an event. Idempotent; it happens by itself when the client disconnects. */
  release(): void;
}

/**
 * Authorizes access to rooms. A denial is returned; a rejection means that the authorizer itself failed, and never
 * grants access. It also rejects when `signal` aborts. Every answer comes within a deadline.
 */
export interface Authorizer {
  /**
   * Why the token grants access to no room at all, if that is known without a room; undefined otherwise.
   * `remoteAddress` is for the log.
   */
  authenticate(token: string | undefined, remoteAddress: string): Promise<Denial | undefined>;
  /** Grants or denies access. The caller must `release` a grant. */
  authorize(request: AccessRequest): Promise<Grant | Denial>;
}
