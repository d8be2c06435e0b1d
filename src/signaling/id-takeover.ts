import type { Clock } from "../lib/time/clock.ts";
import type { Connection } from "../transport/connection.ts";
import type { Member } from "./signaling-room.ts";

export interface IdTakeover<M extends Member> {
  /** Whose the id is now. */
  readonly holder: () => M | undefined;
  /** Whether the holder is known to be the client that claims, which may have what it has. */
  readonly isOwn: (holder: M) => boolean;
  readonly clock: Clock;
  /** How long a holder has to show that it is there. */
  readonly withinMs: number;
  /** Enters in place of the holder that was found dead, if there was one; in the same step in which it was looked up. */
  readonly granted: (holder: M | undefined) => void;
}

/**
 * False when the id is in live use by somebody else. For dialects in which nothing but the id says whose it is: a holder
 * that does not answer has a dead socket that the server has not noticed, and its client, who comes back, resumes.
 */
export async function takeOverId<M extends Member>(claim: IdTakeover<M>): Promise<boolean> {
  let holder = claim.holder();
  for (let gone: M | undefined; holder !== undefined && holder !== gone; holder = claim.holder()) {
    // Whoever was faster meanwhile is asked as well.
    if (!claim.isOwn(holder) && (await isAlive(holder.connection, claim.clock, claim.withinMs))) return false;
    gone = holder;
  }
  claim.granted(holder);
  return true;
}

function isAlive(connection: Connection, clock: Clock, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = clock.after(withinMs, () => resolve(false));
    connection.ping((alive) => {
      stop();
      resolve(alive);
    });
  });
}
