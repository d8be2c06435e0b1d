import type { NodeId } from "../../cluster/bus.ts";
import type { Connection } from "../../transport/connection.ts";
import type { Stamp } from "./stamp.ts";

/** An id, and the room in which it is unique; the empty text where it is unique in the cluster. */
export interface RoomId {
  readonly room: string;
  readonly id: string;
}

/** A client that shows nothing about an id. */
export const noProof = new Uint8Array();

/** A client of this node that holds an id. */
export interface HeldId {
  /** The stamp of its `IdGrant`. */
  readonly stamp: Stamp;
  readonly connection: Pick<Connection, "ping">;
  /** Whether whoever shows this proof is known to be the same client: then it gets the id without a ping. */
  isOwn(proof: Uint8Array): boolean;
  /** The text is for the node of a client that takes over. */
  readonly details?: string;
}

/** A client of another node that holds an id, as that node has announced it. */
export interface RemoteHeldId {
  readonly node: NodeId;
  readonly stamp: Stamp;
  readonly proof: Uint8Array;
}

/** The room's part in what `IdClaims` decides. */
export interface ClaimedIds {
  /**
   * Whether `holdersElsewhere` leaves out clients, as those in rooms that this node has not open. Then a claim always gives
   * the other nodes the time for a ping.
   */
  readonly isPartial?: boolean;
  /** The client of this node that holds the id. */
  holderOf(claimed: RoomId): HeldId | undefined;
  /** The clients of other nodes that hold it: none or one, more after nodes were cut off from each other. */
  holdersElsewhere(claimed: RoomId): readonly RemoteHeldId[];
  /** A client of another node has taken over the id: removes that of this node, and closes its connection as replaced. */
  replaced(claimed: RoomId): void;
  /** Two clients had the id, and the other one keeps it: removes that of this node, and tells it that the id is taken. */
  refused(claimed: RoomId): void;
}
