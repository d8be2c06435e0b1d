import type { AccessRequest } from "../../auth/authorizer.ts";
import type { TokenContents } from "../../auth/token/token-contents.ts";
import { bearerToken } from "../../lib/bearer-token.ts";
import { canonicalOrigin } from "../../lib/web-origin/web-origin.ts";
import type { RoomLimits } from "../../rooms/limits.ts";
import { checkRoomName } from "../../rooms/room-name.ts";

/** A question whether a client would be granted access. */
export interface AccessQuestion extends AccessRequest {
  /** The origin that is asked about, in its canonical form; undefined if none is. */
  readonly askedOrigin: string | undefined;
}

/** The request of a question, as far as it is read. */
export interface AskedRequest {
  readonly query: Readonly<Record<string, string>>;
  readonly request: Request;
  readonly remoteAddress: string;
}

/** The question that a request asks, or why it is invalid. */
export function readQuestion(
  { query, request, remoteAddress }: AskedRequest,
  { nameBytes }: RoomLimits,
): AccessQuestion | string {
  const { kind = "sync", origin = "", room = "", token = "" } = query;
  if (kind !== "sync" && kind !== "signaling") return "kind: give sync or signaling";
  const fault = checkRoomName(room, nameBytes);
  if (fault !== undefined) return `room: ${fault}`;
  const askedOrigin = origin === "" ? undefined : canonicalOrigin(origin);
  if (origin !== "" && askedOrigin === undefined) return "origin: give an origin, such as https://app.example.com";
  return {
    kind,
    room,
    remoteAddress,
    askedOrigin,
    origin: askedOrigin ?? request.headers.get("origin") ?? undefined,
    token: token || bearerToken(request.headers.get("authorization")),
    signal: request.signal,
  };
}

/** The answer to a question beside the decision: facts about what the sender has sent, and about nothing else. */
export interface SentFacts {
  readonly token?: object | undefined;
  readonly origin?: object | undefined;
}

/** How facts about tokens and origins are found. */
export interface FactFinders {
  readonly readToken: (token: string | undefined) => TokenContents | undefined;
  /** Why a page of the origin may not connect to this host, for people; undefined if it may. */
  readonly whyOriginRefused: (origin: string, host: string) => string | undefined;
}

/** The facts for the answer to a question. */
export function sentFacts({ askedOrigin, token }: AccessQuestion, request: Request, finders: FactFinders): SentFacts {
  const contents = finders.readToken(token);
  return {
    token: contents && showContents(contents),
    origin: askedOrigin === undefined ? undefined : showOrigin(askedOrigin, request, finders),
  };
}

function showContents({ invalidClaims, isAdmin, rooms, ...contents }: TokenContents): object {
  return {
    ...contents,
    rooms: Object.fromEntries(rooms),
    admin: isAdmin,
    invalidClaims: invalidClaims.length === 0 ? undefined : invalidClaims,
  };
}

function showOrigin(origin: string, { headers }: Request, { whyOriginRefused }: FactFinders): object {
  const reason = whyOriginRefused(origin, headers.get("host") ?? "");
  return { origin, allowed: reason === undefined, reason };
}
