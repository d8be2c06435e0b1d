import type { Administration } from "../auth/administration.ts";
import type { Authorizer, Denial, Grant } from "../auth/authorizer.ts";
import { type ApiKey, type ApiKeys, apiKeyPrefix, type Scope } from "../auth/keys/api-keys.ts";
import { bearerToken } from "../lib/bearer-token.ts";
import { type Caller, demandScope, documentNotFound } from "./caller.ts";
import { Problem } from "./problems.ts";
import { problemOfDenial } from "./refusals/denial-problem.ts";

export interface ApiAccessOptions {
  readonly authorizer: Authorizer;
  readonly administration: Administration;
  readonly keys: ApiKeys;
  /** Whether the sender may see the names of all documents without a token: a program of this machine, with open access. */
  readonly isAtHome: (request: Request, remoteAddress: string) => boolean;
  /** A key or an administrator's token was refused. Denials of the authorizer are its own to count. */
  readonly refused: (denial: Pick<Denial, "code" | "reason">, remoteAddress: string) => void;
}

export interface ApiAccessRequest {
  readonly request: Request;
  readonly remoteAddress: string;
  /** Undefined for a request that is not about one document. */
  readonly document: string | undefined;
  /** The token of the query, where a route takes one there. */
  readonly queryToken?: string | undefined;
}

const noToken: Denial = { granted: false, kind: "unauthorized", code: "no-token", reason: "no token was sent" };

const unknownKey: Denial = {
  granted: false,
  kind: "unauthorized",
  code: "bad-signature",
  reason: "the API key is unknown or was revoked",
};

const keyInUrl: Denial = {
  granted: false,
  kind: "unauthorized",
  code: "malformed-token",
  reason: "an API key must not be in a URL: send it as Authorization: Bearer",
};

/**
 * Decides what the sender of a request may do: by an API key, an administrator's token, or as a client of the document
 * that the request names.
 */
export class ApiAccess {
  readonly #options: ApiAccessOptions;

  constructor(options: ApiAccessOptions) {
    this.#options = options;
  }

  /** The API key of a request; undefined if it has none that is valid. */
  keyOf(request: Request): ApiKey | undefined {
    const token = bearerToken(request.headers.get("authorization"));
    return token?.startsWith(apiKeyPrefix) === true ? this.#options.keys.find(token) : undefined;
  }

  /** Allows a request; the caller is to be released. Throws `Problem` if it is denied. */
  async authorize(asked: ApiAccessRequest, needs: Scope): Promise<Caller> {
    const caller = await this.#callerOf(asked, needs);
    try {
      demandScope(caller, needs);
      return caller;
    } catch (error) {
      caller.release();
      throw error;
    }
  }

  async #callerOf(asked: ApiAccessRequest, needs: Scope): Promise<Caller> {
    const { document, queryToken, remoteAddress, request } = asked;
    const { administration, isAtHome } = this.#options;
    const token = bearerToken(request.headers.get("authorization"));
    if (token?.startsWith(apiKeyPrefix) === true) return this.#callerByKey(token, asked);
    if (queryToken?.startsWith(apiKeyPrefix) === true) throw problemOfDenial(keyInUrl);
    const denial = token === undefined ? noToken : await administration.refuse(request);
    if (denial === undefined) return this.#administrator(request);
    if (document !== undefined) return this.#clientOf(asked, { document, token: token ?? queryToken, needs, denial });
    if (token === undefined && isAtHome(request, remoteAddress)) return programAtHome;
    this.#options.refused(denial, remoteAddress);
    if (denial.kind === "forbidden") throw new Problem("forbidden", `Send an API key with the scope ${needs}.`);
    throw problemOfDenial(denial);
  }

  #callerByKey(token: string, { document, remoteAddress }: ApiAccessRequest): Caller {
    const { keys, refused } = this.#options;
    const key = keys.find(token);
    if (key === undefined) {
      refused(unknownKey, remoteAddress);
      throw problemOfDenial(unknownKey);
    }
    if (document?.startsWith(key.prefix) === false) throw documentNotFound();
    return {
      kind: "key",
      user: `key:${key.name}`,
      scope: key.scope,
      prefix: key.prefix,
      hasEnded: false,
      isAllowedStill: () => unlessItFails(async () => keys.find(token) !== undefined),
      release: () => {},
    };
  }

  #administrator(request: Request): Caller {
    const { administration } = this.#options;
    return {
      kind: "administrator",
      user: undefined,
      scope: "docs:admin",
      prefix: "",
      hasEnded: false,
      isAllowedStill: () => unlessItFails(async () => (await administration.refuse(request)) === undefined),
      release: () => {},
    };
  }

  async #clientOf(
    { remoteAddress, request }: ApiAccessRequest,
    { denial, document, needs, token }: ClientFacts,
  ): Promise<Caller> {
    const decision = await this.#options.authorizer.authorize({
      kind: "sync",
      room: document,
      remoteAddress,
      origin: request.headers.get("origin") ?? undefined,
      token,
      signal: request.signal,
    });
    if (!decision.granted) throw decision.kind === "forbidden" ? documentNotFound() : problemOfDenial(decision);
    if (needs !== "docs:admin") return new Client(decision, document);
    decision.release();
    this.#options.refused(denial, remoteAddress);
    // A client of the document may know that it exists.
    throw denial.kind === "forbidden"
      ? new Problem("forbidden", `Send an API key with the scope ${needs}, or an administrator's token.`)
      : problemOfDenial(denial);
  }
}

/** A decision that fails, such as for a file of keys that cannot be read, allows nothing. */
async function unlessItFails(decide: () => Promise<boolean>): Promise<boolean> {
  try {
    return await decide();
  } catch {
    return false;
  }
}

interface ClientFacts {
  readonly document: string;
  readonly token: string | undefined;
  readonly needs: Scope;
  /** Why it is no administrator. */
  readonly denial: Denial;
}

const programAtHome: Caller = {
  kind: "client",
  user: undefined,
  scope: "docs:write",
  prefix: "",
  hasEnded: false,
  isAllowedStill: async () => true,
  release: () => {},
};

/** A caller with the permission of a client of one document. */
class Client implements Caller {
  readonly kind = "client";
  readonly prefix: string;
  readonly #grant: Grant;
  #hasEnded = false;

  constructor(grant: Grant, document: string) {
    this.#grant = grant;
    this.prefix = document;
    grant.watch({
      ended: () => {
        this.#hasEnded = true;
      },
    });
  }

  get user(): string | undefined {
    return this.#grant.user;
  }

  get scope(): Scope {
    return this.#grant.access === "write" ? "docs:write" : "docs:read";
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  async isAllowedStill(): Promise<boolean> {
    return !this.#hasEnded;
  }

  release(): void {
    this.#grant.release();
  }
}
