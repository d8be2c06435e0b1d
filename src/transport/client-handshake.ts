import { bearerToken } from "../lib/bearer-token.ts";
import type { Handshake } from "./protocol.ts";

/** The facts that a handshake's request carries; see `Handshake`. */
export interface HandshakeFacts {
  readonly href: string;
  readonly origin: string | undefined;
  readonly headerToken: string | undefined;
}

/** The prefix of a subprotocol that is a token; a JWT is recognised without it. */
const tokenPrefix = "bearer.";
/** A JWT's head is a JSON object. */
const jwt = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/;

export function readHandshake({ url, headers }: Pick<Request, "url" | "headers">): HandshakeFacts {
  const token = bearerToken(headers.get("authorization")) ?? offered(headers).find(isToken);
  return {
    href: url,
    origin: headers.get("origin") ?? undefined,
    headerToken: token?.startsWith(tokenPrefix) ? token.slice(tokenPrefix.length) : token,
  };
}

/**
 * The subprotocol to answer with: browsers fail a socket whose offered subprotocols are answered by none. A token is not
 * repeated where anything else is offered.
 */
export function subprotocolFor(headers: Headers): string | undefined {
  const all = offered(headers);
  return all.find((name) => !isToken(name)) ?? all[0];
}

function offered(headers: Headers): readonly string[] {
  const names = headers.get("sec-websocket-protocol");
  return names === null
    ? []
    : names
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "");
}

function isToken(subprotocol: string): boolean {
  return subprotocol.startsWith(tokenPrefix) || jwt.test(subprotocol);
}

/** A handshake that creates its URL and its signal on demand: most connections are idle, and there are many. */
export class ClientHandshake implements Handshake {
  readonly #facts: HandshakeFacts;
  #isGone = false;
  #aborter: AbortController | undefined;

  constructor(facts: HandshakeFacts) {
    this.#facts = facts;
  }

  get url(): URL {
    return new URL(this.#facts.href);
  }

  get origin(): string | undefined {
    return this.#facts.origin;
  }

  get headerToken(): string | undefined {
    return this.#facts.headerToken;
  }

  get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.#isGone) this.#aborter.abort();
    }
    return this.#aborter.signal;
  }

  /** The client is gone; idempotent. */
  gone(): void {
    this.#isGone = true;
    this.#aborter?.abort();
  }
}
