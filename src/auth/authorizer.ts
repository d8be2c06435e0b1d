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

/** A verified permission for one room. */
export interface Grant {
  readonly granted: true;
  readonly access: Access;
  /** Epoch milliseconds; when the client is to be asked for a new token, where its protocol has words for that. */
  readonly renewAt?: number;
}

/**
 * Who may enter which room. A denial is returned; rejecting means the authorizer itself failed, and is never permission.
 * It rejects when `signal` aborts.
 */
export interface Authorizer {
  authorize(request: AccessRequest): Promise<Grant | Denial>;
}
