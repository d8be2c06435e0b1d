import type { Clock } from "../lib/time/clock.ts";
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
  /** Joins in place of the holder, if there is one. It runs in the same synchronous step in which the holder was looked up. */
  readonly granted: (holder: M | undefined) => void;
}

/**
 * Gives an id to a client; resolves with false when another live client holds it.
 *
 * For dialects in which a client proves nothing but its id. A holder that does not answer a ping has a dead socket that
 * the server has not noticed yet; the client that asks for its id is taken to be the same one, back on a new socket.
 */
export async function takeOverId<M extends Member>(takeover: IdTakeover<M>): Promise<boolean> {
  let holder = takeover.holder();
  for (let dead: M | undefined; holder !== undefined && holder !== dead; holder = takeover.holder()) {
    // The id may have gone to another client during the ping: that one is pinged as well.
    if (!takeover.isOwn(holder) && (await isAlive(holder.connection, takeover.clock, takeover.withinMs))) return false;
    dead = holder;
  }
  takeover.granted(holder);
  return true;
}
