import type { Clock } from "../lib/clock.ts";
import type { Connection } from "../transport/connection.ts";

/**
 * Whether the client at the other end is there: for dialects in which nothing but the id itself says whose it is.
 *
 * An id that is claimed anew is resumed, when its socket is dead and the server has not noticed, or taken by somebody
 * else, when its client answers.
 */
export function isAlive(connection: Connection, clock: Clock, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = clock.after(withinMs, () => resolve(false));
    connection.ping((alive) => {
      stop();
      resolve(alive);
    });
  });
}
