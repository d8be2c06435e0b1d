import type { Clock } from "../lib/time/clock.ts";
import type { IdClaim, IdGrant } from "./cluster/id-claim.ts";
import { isAlive } from "./sign-of-life.ts";
import type { Member } from "./signaling-room.ts";

/** A client's attempt to get an id that another member may hold. */
export interface IdTakeover<M extends Member> {
  /** The member that holds the id now. */
  readonly holder: () => M | undefined;
  /** Whether the holder is known to be the same client: then it loses the id without a ping. */
  readonly isOwn: (holder: M) => boolean;
  readonly clock: Clock;
  /** How long a holder has to answer a ping. */
  readonly withinMs: number;
  /** The claim among all nodes of a cluster, which ends with the attempt; undefined without a cluster. */
  readonly claim?: IdClaim | undefined;
  /**
   * Joins in place of the holder, if there is one. It runs in the same synchronous step in which the holder was looked up.
   * The grant is for the other nodes of a cluster.
   */
  readonly granted: (holder: M | undefined, grant: IdGrant | undefined) => void;
}

/**
 * Gives an id to a client; resolves with false when another live client holds it.
 *
 * For dialects in which a client proves nothing but its id. A holder that does not answer a ping has a dead socket that
 * the server has not noticed yet; the client that asks for its id is taken to be the same one, back on a new socket.
 */
export async function takeOverId<M extends Member>(takeover: IdTakeover<M>): Promise<boolean> {
  const { claim } = takeover;
  if (claim === undefined) return decide(takeover);
  await claim.begin();
  try {
    return await decide(takeover);
  } finally {
    claim.end();
  }
}

async function decide<M extends Member>(takeover: IdTakeover<M>): Promise<boolean> {
  const { claim, clock, withinMs } = takeover;
  let dead: M | undefined;
  for (;;) {
    const holder = takeover.holder();
    if (holder !== undefined && holder !== dead) {
      // The id may have gone to another client during the ping: that one is pinged as well.
      if (!takeover.isOwn(holder) && (await isAlive(holder.connection, clock, withinMs))) return false;
      dead = holder;
    } else if (claim !== undefined && !claim.isDecided) {
      if (!(await claim.ask())) return false;
    } else {
      takeover.granted(holder, claim?.grant());
      return true;
    }
  }
}
