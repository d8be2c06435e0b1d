import type { ApiKey } from "../../auth/keys/api-keys.ts";
import type { Revocation } from "../../auth/revocation.ts";

/** An API key as it is kept. */
export interface HashedApiKey extends ApiKey {
  /** As `apiKeyHash`. */
  readonly hash: string;
}

/** Everything that access control keeps, links of administrators excepted: they are valid for half an hour. */
export interface AccessContent {
  /** The secrets that servers have generated, by name. */
  readonly secrets: ReadonlyMap<string, string>;
  /** In the order in which they were appended. */
  readonly revocations: readonly Revocation[];
  /** In the order in which they were made. */
  readonly apiKeys: readonly HashedApiKey[];
}

/** A place that access control is copied to has a secret of its own, or another API key with a name. */
export class AccessConflict extends Error {
  constructor(what: string) {
    super(`The target has another ${what}. Copy to a target that no server has used.`);
    this.name = "AccessConflict";
  }
}
