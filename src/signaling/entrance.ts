import type { Authorizer } from "../auth/authorizer.ts";
import type { Limits } from "../config/limits.ts";
import type { Clock } from "../lib/clock.ts";
import type { Lease, RoomRegistry } from "../rooms/room-registry.ts";
import type { SignalingClient } from "./dialects.ts";
import { claimId } from "./liveness.ts";
import type { Member } from "./signaling-room.ts";

/** What all entrances of a dialect share. */
export interface EntranceOptions<R> {
  readonly rooms: RoomRegistry<R>;
  readonly authorizer: Authorizer;
  readonly limits: Limits;
  readonly clock: Clock;
}

/** A client on its way into a room, under an id that it names itself. */
export interface Entering<R, M extends Member> {
  readonly client: SignalingClient;
  readonly roomId: string;
  /** Whose the id is now. */
  readonly holder: (room: R) => M | undefined;
  /** As `Claim.granted`; the lease is the caller's from then on. */
  readonly granted: (lease: Lease<R>, holder: M | undefined) => void;
}

/** Resolves with why the client may not enter, in words for it; with undefined when it is in, or gone. */
export async function enterRoom<R extends { readonly size: number }, M extends Member>(
  { client: { connection, handshake, quota }, roomId, holder, granted }: Entering<R, M>,
  { authorizer, clock, limits, rooms }: EntranceOptions<R>,
): Promise<string | undefined> {
  const { remoteAddress } = connection;
  const request = { kind: "signaling", room: roomId, remoteAddress, signal: handshake.signal } as const;
  const decision = await authorizer.authorize(request);
  if (!decision.granted) return decision.reason;
  const lease = await rooms.acquire(roomId);
  // What the others will be told: that it comes, and that it goes.
  if (!(await quota.spend(2 * lease.room.size))) {
    lease.release();
    return undefined;
  }
  const isGranted = await claimId({
    holder: () => holder(lease.room),
    isOwn: (member) => member.connection === connection,
    clock,
    withinMs: limits.livenessProbeMs,
    granted: (member) => granted(lease, member),
  });
  if (isGranted) return undefined;
  lease.release();
  return "Peer id in use";
}
