import type { Denial } from "./authorizer.ts";

/** Who may administer the server: mint tokens, revoke them, and see which rooms there are. */
export interface Administration {
  /** Why whoever sends this request may not; undefined if it may. Every answer comes within a deadline; never rejects. */
  refuse(request: Request): Promise<Denial | undefined>;
}
