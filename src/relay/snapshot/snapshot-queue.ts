import type { Connection } from "../../transport/connection.ts";
import type { HeldSnapshot } from "./held-snapshot.ts";
import type { SnapshotLoad } from "./snapshot-share.ts";

/** A snapshot that is to be sent to one client. */
export interface SnapshotRequest {
  readonly load: SnapshotLoad;
  readonly connection: Pick<Connection, "id" | "remoteAddress">;
  /** The room of the snapshot. */
  readonly room: object;
}

/** A request that waits. */
export interface WaitingSnapshot extends SnapshotRequest {
  /** The address whose turn it takes. */
  readonly address: string;
  readonly since: number;
  readonly start: (held: HeldSnapshot) => void;
}

/** So many requests of an address are looked at: a request passes at most as many that do not fit. */
const lookedAt = 32;

/** The requests for snapshots that wait, by address. The addresses take turns. */
export class SnapshotQueue {
  /** In the order of the turns. */
  readonly #byAddress = new Map<string, WaitingSnapshot[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The request of each address that has waited longest. */
  get first(): readonly WaitingSnapshot[] {
    return [...this.#byAddress.values()].flatMap(([waiting]) => waiting ?? []);
  }

  add(waiting: WaitingSnapshot): void {
    const { address } = waiting;
    const queue = this.#byAddress.get(address);
    if (queue === undefined) this.#byAddress.set(address, [waiting]);
    else queue.push(waiting);
    this.#size += 1;
  }

  /** Takes the next request that fits. Its address comes last after that. */
  take(fits: (waiting: WaitingSnapshot) => boolean): WaitingSnapshot | undefined {
    for (const [address, queue] of this.#byAddress) {
      const index = queue.slice(0, lookedAt).findIndex(fits);
      const [waiting] = index < 0 ? [] : queue.splice(index, 1);
      if (waiting === undefined) continue;
      this.#byAddress.delete(address);
      if (queue.length > 0) this.#byAddress.set(address, queue);
      this.#size -= 1;
      return waiting;
    }
    return undefined;
  }
}
