import type { KeySetLocation } from "./token/key-source.ts";

/** The configuration of access control. */
export interface AuthOptions {
  /** The policy that decides about access to rooms. Administration tokens are checked in every mode. */
  readonly mode: "open" | "token" | "webhook";
  /** HS256 secrets: the first signs, all verify. Without one the server generates its own. */
  readonly secrets: readonly string[];
  /** The key set (JWKS) of an external issuer. */
  readonly jwks?: KeySetLocation;
  /** The required `iss` and `aud` of every token. */
  readonly issuer?: string;
  readonly audience?: string;
  /** Set in mode `webhook` only. All secrets sign; without one the server generates its own. */
  readonly webhook?: { readonly url: URL; readonly secrets: readonly Uint8Array[] };
  /** Whether clients with read access are visible to the others in presence. */
  readonly readersShowPresence: boolean;
}
