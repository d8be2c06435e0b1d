import type { Denial } from "./authorizer.ts";

/** Authorizes requests to the administration API: to mint and revoke tokens, and to list the rooms. */
export interface Administration {
  /** Why the request is denied; undefined if it is allowed. Every answer comes within a deadline; never rejects. */
  refuse(request: Request): Promise<Denial | undefined>;
}
