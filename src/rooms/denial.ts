import type { Denial } from "../auth/authorizer.ts";
import { type CloseReason, closeReasons, isFinal, SessionError } from "../transport/close-reason.ts";

const reasons: Readonly<Record<Denial["kind"], CloseReason>> = {
  unauthorized: closeReasons.unauthorized,
  forbidden: closeReasons.forbidden,
  expired: closeReasons.grantExpired,
  early: closeReasons.notYetValid,
  unavailable: closeReasons.authorizationUnavailable,
  deleted: closeReasons.documentDeleted,
};

const statuses = {
  unauthorized: 401,
  forbidden: 403,
  expired: 401,
  early: 401,
  unavailable: 503,
  deleted: 404,
} as const satisfies Record<Denial["kind"], number>;

/** Returns the reason with which the connection of a denied client is closed. */
export function closeReasonOf({ kind }: Denial): CloseReason {
  return reasons[kind];
}

/** Whether the same client may be let in later without a change: its connection is closed with a code on which it returns. */
export function isTemporary(denial: Denial): boolean {
  return !isFinal(closeReasonOf(denial));
}

/** Returns the HTTP status with which a denied request is answered. */
export function httpStatusOf({ kind }: Denial): (typeof statuses)[Denial["kind"]] {
  return statuses[kind];
}

/** Returns the error that ends the session of a denied client, for protocols whose connections are for one room. */
export function sessionErrorOf(denial: Denial): SessionError {
  return new SessionError(closeReasonOf(denial), denial.reason);
}
