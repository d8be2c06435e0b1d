/** Why a connection is closed: the code decides whether a client library retries, the name is sent as the reason. */
export interface CloseReason {
  readonly code: number;
  readonly name: string;
}

/**
 * The only place with close codes.
 *
 * y-websocket from 3.1 on treats 4400 to 4499 as final and retries every other code; 4500 to 4599 mean "later".
 */
export const closeReasons = {
  /** Both sides are done. */
  finished: { code: 1000, name: "finished" },
  restart: { code: 1012, name: "restart" },
  internalError: { code: 1011, name: "internal-error" },
  overloaded: { code: 1013, name: "overloaded" },
  storageUnavailable: { code: 1013, name: "storage-unavailable" },
  authorizationUnavailable: { code: 1013, name: "authorization-unavailable" },
  grantExpired: { code: 4501, name: "grant-expired" },
  notYetValid: { code: 4503, name: "not-yet-valid" },
  /** The client is most likely gone: it learns of this only if its network or its process comes back. */
  unresponsive: { code: 4508, name: "unresponsive" },
  roomFull: { code: 4509, name: "room-full" },
  rateLimited: { code: 4529, name: "rate-limited" },
  malformedFrame: { code: 4400, name: "malformed-frame" },
  unauthorized: { code: 4401, name: "unauthorized" },
  forbidden: { code: 4403, name: "forbidden" },
  documentDeleted: { code: 4404, name: "document-deleted" },
  // Never sent on /sync, where it would be final: y-websocket has no deadline to miss.
  timeout: { code: 4408, name: "timeout" },
  replaced: { code: 4409, name: "replaced" },
  idTaken: { code: 4410, name: "id-taken" },
  frameTooLarge: { code: 4413, name: "frame-too-large" },
} as const satisfies Record<string, CloseReason>;

/** Whether a client that understands close codes stays away. */
export function isFinal({ code }: CloseReason): boolean {
  return code >= 4400 && code < 4500;
}

/**
 * The client broke its protocol or a limit: ends that client's session and nothing else.
 *
 * Caught by the transport alone. `message` is the detail for the log and for that client; it never quotes content, names
 * of others or tokens.
 */
export class SessionError extends Error {
  readonly reason: CloseReason;

  constructor(reason: CloseReason, detail: string) {
    super(detail);
    this.name = "SessionError";
    this.reason = reason;
  }
}
