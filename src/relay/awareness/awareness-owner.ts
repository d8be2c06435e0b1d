import type { Connection } from "../../transport/connection.ts";
import type { AwarenessBound, Drops } from "./drop-counts.ts";

/** The account of the work that is done for a member. */
export type WorkAccount = Pick<Connection, "spend" | "turns">;

/** The room of an awareness. */
export interface AwarenessOwner<Member> {
  /** States, or a whole update, of `member` are dropped at `bound`. Undefined: states of another node. */
  dropped(member: Member | undefined, bound: AwarenessBound, drops: Drops): void;
  /** Returns the account of the work that is done for `member`: entries that are read or encoded count as ids. */
  accountOf(member: Member): WorkAccount;
}
