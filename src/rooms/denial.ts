import type { Denial } from "../auth/authorizer.ts";
import { type CloseReason, closeReasons, SessionError } from "../transport/close-reason.ts";

const reasons: Readonly<Record<Denial["kind"], CloseReason>> = {
  unauthorized: closeReasons.unauthorized,
  forbidden: closeReasons.forbidden,
  unavailable: closeReasons.authorizationUnavailable,
};

const statuses = { unauthorized: 401, forbidden: 403, unavailable: 503 } as const satisfies Record<
  Denial["kind"],
  number
>;

/** Returns the reason with which the connection of a denied client is closed. */
export function closeReasonOf({ kind }: Denial): CloseReason {
  return reasons[kind];
}

/** Returns the HTTP status with which a denied request is answered. */
export function httpStatusOf({ kind }: Denial): (typeof statuses)[Denial["kind"]] {
  return statuses[kind];
}

/** Returns the error that ends the session of a denied client, for protocols whose connections are for one room. */
export function sessionErrorOf(denial: Denial): SessionError {
  return new SessionError(closeReasonOf(denial), denial.reason);
}
