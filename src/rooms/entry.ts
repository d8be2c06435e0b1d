import type { AccessRequest, Authorizer, Denial, Grant } from "../auth/authorizer.ts";
import { type CloseReason, closeReasons, SessionError } from "../transport/close-reason.ts";

const reasons: Readonly<Record<Denial["kind"], CloseReason>> = {
  unauthorized: closeReasons.unauthorized,
  forbidden: closeReasons.forbidden,
  unavailable: closeReasons.authorizationUnavailable,
};

/** Why a connection is closed whose client may not enter, or not stay. */
export function closeReasonOf({ kind }: Denial): CloseReason {
  return reasons[kind];
}

/** For protocols whose connections are for one room: rejects with the `SessionError` of a denial. */
export async function enterOrRefuse(authorizer: Authorizer, request: AccessRequest): Promise<Grant> {
  const decision = await authorizer.authorize(request);
  if (!decision.granted) throw new SessionError(closeReasonOf(decision), decision.reason);
  return decision;
}
