/** Who asks to enter which room. */
export interface AccessRequest {
  readonly kind: "sync" | "signaling";
  /** The document's name, or the topic. */
  readonly room: string;
  readonly remoteAddress: string;
  /** What the client shows; undefined where it shows nothing. */
  readonly token?: string | undefined;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

/** A verified permission for one room. */
export interface Grant {
  readonly granted: true;
  readonly access: "read" | "write";
  /** Epoch milliseconds; when the client is to be asked for a new token, where its protocol has words for that. */
  readonly renewAt?: number;
}

/** An expected refusal; `reason` is told to the client. */
export interface Denial {
  readonly granted: false;
  /** `unauthorized`: a new token may help. `forbidden`: it will not. */
  readonly kind: "unauthorized" | "forbidden";
  readonly reason: string;
}

/**
 * Who may enter which room. A denial is returned; rejecting means the authorizer itself failed, and is never permission.
 * It rejects when `signal` aborts.
 */
export interface Authorizer {
  authorize(request: AccessRequest): Promise<Grant | Denial>;
}
