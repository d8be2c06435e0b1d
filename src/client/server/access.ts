import type { ReadOptions, Requests } from "../requests.ts";
import type { Access } from "../tokens.ts";

export interface AccessQuestion extends ReadOptions {
  /** The document name, topic or room. */
  readonly room: string;
  /** `sync` by default. */
  readonly kind?: "sync" | "signaling" | undefined;
  /** The token of the client; undefined for a client without one. */
  readonly token?: string | undefined;
  /** The origin of the page that connects, such as `https://app.example.com`. */
  readonly origin?: string | undefined;
}

/** The claims of a token, whether it is valid or not. Times are milliseconds since 1970. */
export interface TokenContents {
  readonly user?: string;
  readonly rooms: Readonly<Record<string, Access>>;
  readonly admin: boolean;
  readonly tokenId?: string;
  readonly issuer?: string;
  readonly audience?: string | readonly string[];
  readonly issuedAt?: number;
  readonly notBefore?: number;
  readonly expiresAt?: number;
  /** The claims that keep it from being valid. */
  readonly invalidClaims?: readonly string[];
}

interface Asked {
  /** The token that was asked about, if it is a JWT. */
  readonly token?: TokenContents;
  /** The origin that was asked about. */
  readonly origin?: { readonly origin: string; readonly allowed: boolean; readonly reason?: string };
}

export interface AccessGranted extends Asked {
  readonly granted: true;
  readonly access: Access;
  readonly user?: string;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number;
}

export interface AccessDenied extends Asked {
  readonly granted: false;
  readonly kind: string;
  /** One of the codes of denials, which do not change between releases. */
  readonly code: string;
  /** For people. */
  readonly reason: string;
  readonly closeCode: number;
}

export interface MintOrder {
  readonly rooms?: Readonly<Record<string, Access>> | undefined;
  readonly user?: string | undefined;
  readonly admin?: boolean | undefined;
  /** `15m`, `1h`, `30d`, or seconds. One hour by default. */
  readonly ttl?: string | number | undefined;
}

/** At least one member is needed. If there are several, all must match. */
export interface RevocationOrder {
  readonly user?: string | undefined;
  /** A room pattern. */
  readonly room?: string | undefined;
  readonly tokenId?: string | undefined;
}

export interface Revocation {
  /** Null for everybody. */
  readonly user: string | null;
  /** Null for all rooms. */
  readonly room: string | null;
  /** Null for all tokens. */
  readonly tokenId: string | null;
  readonly revokedAt: string;
  readonly until: string;
}

export interface Revocations {
  /** The latest first. */
  readonly items: readonly Revocation[];
  /** All that are in force. */
  readonly total: number;
}

/** Statuses of denials. */
const denied = [401, 403, 404, 503];

/** Tokens and revocations of a server. All but `validate` need an administrator's token. */
export class ServerAccess {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** Asks whether a client would be granted access, or why not. The request carries the client's token, not your own. */
  validate({ kind, origin, room, signal, token }: AccessQuestion): Promise<AccessGranted | AccessDenied> {
    return this.#requests.json({
      root: "/api",
      path: "/validate",
      query: { room, kind, origin },
      headers: { authorization: token === undefined ? undefined : `Bearer ${token}` },
      signal,
      expects: denied,
    });
  }

  /** Creates a token, which is signed with the secret of the server. */
  createToken(order: MintOrder): Promise<{ readonly token: string; readonly expiresAt: number }> {
    return this.#requests.json({ method: "POST", root: "/api", path: "/tokens", body: order });
  }

  /** Ends the permissions that match, and rejects the tokens that were issued before. */
  revoke(order: RevocationOrder): Promise<{ readonly ended: number; readonly until: number }> {
    return this.#requests.json({ method: "POST", root: "/api", path: "/revocations", body: order });
  }

  /** The latest revocations in force: 50, or up to 500. */
  revocations({ limit, signal }: ReadOptions & { readonly limit?: number } = {}): Promise<Revocations> {
    return this.#requests.json({ path: "/revocations", query: { limit }, signal });
  }
}
