import type { Access, AccessRequest, Authorizer, Denial, Grant, GrantWatcher } from "../auth/authorizer.ts";
import type { Lease, RoomRegistry } from "./room-registry.ts";

/** Permission for one client to use one room, which stays open until the pass is released. */
export class RoomPass<R> {
  readonly granted = true;
  readonly room: R;
  readonly #lease: Lease<R>;
  #grant: Grant;

  /** The pass owns the lease and the grant from now on. */
  constructor(lease: Lease<R>, grant: Grant) {
    this.room = lease.room;
    this.#lease = lease;
    this.#grant = grant;
  }

  /** The current access of the client; see `GrantWatcher.changed`. */
  get access(): Access {
    return this.#grant.access;
  }

  /** The id of the client's user; undefined if unknown. */
  get user(): string | undefined {
    return this.#grant.user;
  }

  /** Epoch milliseconds; undefined while no end is known. */
  get expiresAt(): number | undefined {
    return this.#grant.expiresAt;
  }

  /**
   * Reports every later change of the grant to one watcher; a grant that has ended already is reported at once, inside
   * this call. A released pass reports nothing.
   */
  watch(watcher: GrantWatcher): void {
    this.#grant.watch(watcher);
  }

  /** Replaces the grant by a later one for the same client and room, and the watcher with it. */
  renew(grant: Grant, watcher: GrantWatcher): void {
    const previous = this.#grant;
    this.#grant = grant;
    grant.watch(watcher);
    previous.release();
  }

  /** Releases the grant alone, for a session whose last message still needs the room. Idempotent; `release` follows. */
  releaseGrant(): void {
    this.#grant.release();
  }

  /** Releases the grant and the room. Idempotent. */
  release(): void {
    this.#grant.release();
    this.#lease.release();
  }
}

/**
 * Authorizes a client and opens the room that it asks for. The pass is the caller's, to release.
 *
 * Resolves with a denial when the authorizer denies, or when the grant ends before the room is open. Rejects when the
 * authorizer or the registry fails. Nothing is held after a denial or a failure.
 */
export async function enterRoom<R>(
  rooms: RoomRegistry<R>,
  authorizer: Authorizer,
  request: AccessRequest,
): Promise<RoomPass<R> | Denial> {
  const decision = await authorizer.authorize(request);
  return decision.granted ? openRoom(rooms, request.room, decision) : decision;
}

/** The second half of `enterRoom`, for a client that has been granted access. */
export async function openRoom<R>(rooms: RoomRegistry<R>, name: string, grant: Grant): Promise<RoomPass<R> | Denial> {
  const { promise: ended, resolve } = Promise.withResolvers<Denial>();
  grant.watch({ ended: resolve });
  const opening = rooms.acquire(name);
  try {
    const first = await Promise.race([opening, ended]);
    if ("room" in first) return new RoomPass(first, grant);
    opening.then(
      (lease) => lease.release(),
      // A failed open is reported to the clients that still wait for it.
      () => {},
    );
    grant.release();
    return first;
  } catch (error) {
    grant.release();
    throw error;
  }
}
