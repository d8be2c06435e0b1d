import { includesScope, type Scope } from "../auth/keys/api-keys.ts";
import { Problem } from "./problems.ts";

/** The sender of a request, as far as it has been allowed. */
export interface Caller {
  /** `client`: has a room token, or needs none. */
  readonly kind: "key" | "administrator" | "client";
  /** The user id that is stored with what it writes; undefined if unknown. */
  readonly user: string | undefined;
  /** The highest scope that it has for the document, or for all documents of a route without one. */
  readonly scope: Scope;
  /** The documents that it may see begin with this text; of a `client`, the one document that it has asked for. */
  readonly prefix: string;
  /** Whether its access has ended since: it must be sent nothing more. */
  readonly hasEnded: boolean;
  /** Decides again whether it has its access, for answers that go on. Never rejects. */
  isAllowedStill(): Promise<boolean>;
  /** Ends the use of its permission. Idempotent. */
  release(): void;
}

/** Throws `Problem` forbidden unless the caller has the scope. */
export function demandScope({ kind, scope }: Pick<Caller, "kind" | "scope">, needed: Scope): void {
  if (includesScope(scope, needed)) return;
  if (kind === "key") throw new Problem("forbidden", `The API key lacks the scope ${needed}.`);
  if (needed === "docs:write") throw new Problem("read-only", "The token grants read access only.");
  throw new Problem("forbidden", `Send an API key with the scope ${needed}, or an administrator's token.`);
}

/** Throws `Problem` forbidden for an API key that is for some documents only. `why` is a sentence without a full stop. */
export function demandNoPrefix({ kind, prefix }: Pick<Caller, "kind" | "prefix">, why: string): void {
  if (kind === "key" && prefix !== "") throw new Problem("forbidden", `Send an API key without a prefix: ${why}.`);
}

/** Throws `Problem` forbidden for API keys, which what they could make would outlive. */
export function demandAdministrator({ kind }: Pick<Caller, "kind">): void {
  if (kind !== "administrator") throw new Problem("forbidden", "Send an administrator's token: yurt token --admin.");
}

/** The problem of a request whose permission has ended before it was answered. */
export function accessEnded(): Problem {
  return new Problem("unauthorized", "The permission has ended. Send the request again with a new token.", {
    headers: { "www-authenticate": "Bearer" },
    denial: "expired",
  });
}

/** The problem of a document that does not exist, or that the caller may not see: both have the same answer. */
export function documentNotFound(): Problem {
  return new Problem("not-found", "There is no document with this name, or your token or API key is not for it.");
}
