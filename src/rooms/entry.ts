import type { AccessRequest, Authorizer, Denial, Grant } from "../auth/authorizer.ts";
import { type CloseReason, closeReasons, SessionError } from "../transport/close-reason.ts";
import type { Connection } from "../transport/connection.ts";
import type { Handshake } from "../transport/protocol.ts";

/** Whose wish it is to enter a room, and with what. */
export interface Entrant {
  readonly connection: Pick<Connection, "remoteAddress">;
  readonly handshake: Handshake;
  /** What the client has shown since its handshake. */
  readonly token?: string | undefined;
  /** The parameter of the URL in which a token is expected, where it is not `token`. */
  readonly tokenParameter?: string;
}

const reasons: Readonly<Record<Denial["kind"], CloseReason>> = {
  unauthorized: closeReasons.unauthorized,
  forbidden: closeReasons.forbidden,
  unavailable: closeReasons.authorizationUnavailable,
};

/** Why a connection is closed whose client may not enter, or not stay. */
export function closeReasonOf({ kind }: Denial): CloseReason {
  return reasons[kind];
}

const statuses = { unauthorized: 401, forbidden: 403, unavailable: 503 } as const satisfies Record<
  Denial["kind"],
  number
>;

/** The same over HTTP. */
export function httpStatusOf({ kind }: Denial): (typeof statuses)[Denial["kind"]] {
  return statuses[kind];
}

/** What a client has shown in its handshake: in the URL, else in a header. */
export function handshakeToken(
  { url, headerToken }: Pick<Handshake, "url" | "headerToken">,
  parameter = "token",
): string | undefined {
  return url.searchParams.get(parameter) || headerToken;
}

/** Asks for one room. Everything is read only when the authorizer asks for it: an open one asks for nothing. */
class EntryRequest implements AccessRequest {
  readonly kind: AccessRequest["kind"];
  readonly room: string;
  readonly #entrant: Entrant;

  constructor(kind: AccessRequest["kind"], room: string, entrant: Entrant) {
    this.kind = kind;
    this.room = room;
    this.#entrant = entrant;
  }

  get remoteAddress(): string {
    return this.#entrant.connection.remoteAddress;
  }

  get origin(): string | undefined {
    return this.#entrant.handshake.origin;
  }

  get token(): string | undefined {
    const { handshake, token, tokenParameter } = this.#entrant;
    return token || handshakeToken(handshake, tokenParameter);
  }

  get signal(): AbortSignal {
    return this.#entrant.handshake.signal;
  }
}

/** The request of a client to enter `room`, with what it has shown. */
export function entryRequest(kind: AccessRequest["kind"], room: string, entrant: Entrant): AccessRequest {
  return new EntryRequest(kind, room, entrant);
}

/** For protocols whose connections are for one room: rejects with the `SessionError` of a denial. */
export async function enterOrRefuse(authorizer: Authorizer, request: AccessRequest): Promise<Grant> {
  const decision = await authorizer.authorize(request);
  if (!decision.granted) throw new SessionError(closeReasonOf(decision), decision.reason);
  return decision;
}
