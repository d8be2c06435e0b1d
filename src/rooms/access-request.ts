import type { AccessRequest } from "../auth/authorizer.ts";
import type { Connection } from "../transport/connection.ts";
import type { Handshake } from "../transport/protocol.ts";

/** A client that asks to enter a room, with the credentials that it has shown. */
export interface Requester {
  readonly connection: Pick<Connection, "remoteAddress">;
  readonly handshake: Handshake;
  /** The token that the client has sent since its handshake; it takes precedence over the handshake's. */
  readonly token?: string | undefined;
  /** The URL parameter that carries the token, where it is not `token`. */
  readonly tokenParameter?: string;
}

/** Returns the token of a handshake: the URL's, else the header's. */
export function handshakeToken(
  { url, headerToken }: Pick<Handshake, "url" | "headerToken">,
  parameter = "token",
): string | undefined {
  return url.searchParams.get(parameter) || headerToken;
}

/** Every property is computed when the authorizer reads it: an open authorizer reads none. */
class ClientAccessRequest implements AccessRequest {
  readonly kind: AccessRequest["kind"];
  readonly room: string;
  readonly #requester: Requester;

  constructor(kind: AccessRequest["kind"], room: string, requester: Requester) {
    this.kind = kind;
    this.room = room;
    this.#requester = requester;
  }

  get remoteAddress(): string {
    return this.#requester.connection.remoteAddress;
  }

  get origin(): string | undefined {
    return this.#requester.handshake.origin;
  }

  get token(): string | undefined {
    const { handshake, token, tokenParameter } = this.#requester;
    return token || handshakeToken(handshake, tokenParameter);
  }

  get signal(): AbortSignal {
    return this.#requester.handshake.signal;
  }
}

/** Returns the request of a client to enter `room`. */
export function accessRequest(kind: AccessRequest["kind"], room: string, requester: Requester): AccessRequest {
  return new ClientAccessRequest(kind, room, requester);
}
