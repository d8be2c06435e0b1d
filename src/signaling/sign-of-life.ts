import type { Clock } from "../lib/time/clock.ts";
import type { Connection } from "../transport/connection.ts";

/** Asks a client whether it is still connected; resolves with false when it has not answered within `withinMs`. */
export function isAlive(connection: Pick<Connection, "ping">, clock: Clock, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = clock.after(withinMs, () => resolve(false));
    connection.ping((alive) => {
      stop();
      resolve(alive);
    });
  });
}
