import type { Denial, Grant } from "../auth/authorizer.ts";
import type { Lease } from "../rooms/room-registry.ts";

/** The right of one client to be in a room, which stays open meanwhile. */
export class RoomPass<R> {
  readonly #lease: Lease<R>;
  readonly #grant: Grant;

  constructor(lease: Lease<R>, grant: Grant) {
    this.#lease = lease;
    this.#grant = grant;
  }

  get room(): R {
    return this.#lease.room;
  }

  /** Calls `ended` when the client may not stay any longer, at once if that is so already; not once it is released. */
  watch(ended: (denial: Denial) => void): void {
    this.#grant.watch({ ended });
  }

  /** Idempotent. */
  release(): void {
    this.#lease.release();
    this.#grant.release();
  }
}
