import type { Authorizer, Grant } from "../../auth/authorizer.ts";
import { comparable, isSameUser } from "../../auth/identifiers.ts";
import { accessRequest } from "../../rooms/access-request.ts";
import type { SignalingClient } from "../dialects.ts";
import { missingToken, otherUser, refusalText } from "./denial-text.ts";
import type { RoomClaim, RoomTokens } from "./room-tokens.ts";

export interface AuthenticationOptions {
  /** The tokens that this server mints; undefined where the authorizer decides. */
  readonly tokens: RoomTokens | undefined;
  readonly authorizer: Authorizer;
}

/** The user and room that a client claims, and its token. */
export interface Credentials extends RoomClaim {
  readonly token: string | undefined;
}

/** A user whose token permits one room. */
export interface AuthenticatedUser extends RoomClaim {
  /** A secret that only this user's clients have; undefined when the token names no user. */
  readonly proof: string | undefined;
  /** Owned by the session, which releases it; undefined for a token of this server, which ends no session. */
  readonly grant: Grant | undefined;
}

/** Resolves with an error text for the client if its token does not permit the room. */
export function authenticateUser(
  credentials: Credentials,
  client: Pick<SignalingClient, "connection" | "handshake">,
  { tokens, authorizer }: AuthenticationOptions,
): Promise<AuthenticatedUser | string> {
  return tokens === undefined ? authorize(credentials, client, authorizer) : verify(credentials, tokens);
}

async function verify({ user, room, token }: Credentials, tokens: RoomTokens): Promise<AuthenticatedUser | string> {
  if (!token) return missingToken;
  const claim = await tokens.verify(token);
  if (claim === "expired") return refusalText({ kind: "unauthorized", code: "expired" });
  if (claim === "invalid") return refusalText({ kind: "unauthorized", code: "bad-signature" });
  if (!isSameUser(claim.user, user)) return otherUser;
  if (comparable(claim.room) !== comparable(room)) return refusalText({ kind: "forbidden", code: "wrong-room" });
  return { user, room, proof: token, grant: undefined };
}

async function authorize(
  { user, room, token }: Credentials,
  { connection, handshake }: Pick<SignalingClient, "connection" | "handshake">,
  authorizer: Authorizer,
): Promise<AuthenticatedUser | string> {
  const request = accessRequest("signaling", room, { connection, handshake, token });
  const decision = await authorizer.authorize(request);
  if (!decision.granted) return refusalText(decision);
  if (decision.user === undefined) return { user, room, proof: undefined, grant: decision };
  if (isSameUser(decision.user, user)) return { user, room, proof: request.token, grant: decision };
  decision.release();
  return otherUser;
}
