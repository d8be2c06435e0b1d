import type { Authorizer, Denial } from "../auth/authorizer.ts";
import type { Clock } from "../lib/time/clock.ts";
import { accessRequest } from "../rooms/access-request.ts";
import { enterRoom, type RoomPass } from "../rooms/room-pass.ts";
import type { RoomRegistry } from "../rooms/room-registry.ts";
import type { IdClaim, IdGrant } from "./cluster/id-claim.ts";
import type { SignalingClient } from "./dialects.ts";
import { takeOverId } from "./id-takeover.ts";
import type { SignalingLimits } from "./limits.ts";
import type { Member } from "./signaling-room.ts";

/** The parts that all joins of a dialect share. */
export interface JoinOptions<R> {
  readonly rooms: RoomRegistry<R>;
  readonly authorizer: Authorizer;
  readonly limits: Pick<SignalingLimits, "livenessProbeMs">;
  readonly clock: Clock;
}

/** A client that asks to join a room under an id of its own choice. */
export interface JoinRequest<R, M extends Member> {
  readonly client: SignalingClient;
  readonly roomId: string;
  /** The member that holds the id now. */
  readonly holder: (room: R) => M | undefined;
  /** Begins the claim among all nodes of a cluster; undefined without a cluster. */
  readonly claim?: (() => IdClaim) | undefined;
  /** As `IdTakeover.granted`. The pass is the caller's from then on, to watch and to release. */
  readonly granted: (pass: RoomPass<R>, holder: M | undefined, grant: IdGrant | undefined) => void;
}

/**
 * Authorizes the client, opens the room and takes over the id.
 *
 * Resolves with the reason why the client may not join; with undefined when it has joined, or has disconnected.
 */
export async function joinRoom<R extends { readonly size: number }, M extends Member>(
  request: JoinRequest<R, M>,
  options: JoinOptions<R>,
): Promise<Denial | "id-in-use" | undefined> {
  const { client, roomId } = request;
  const turn = client.quota.requestAccess();
  if (turn !== true && !(await turn)) return undefined;
  const pass = await enterRoom(options.rooms, options.authorizer, accessRequest("signaling", roomId, client));
  if (!pass.granted) return pass;
  let hasJoined = false;
  try {
    // The client pays for two messages to every member: that it has joined, and that it has left.
    if (!(await client.quota.spend(2 * pass.room.size))) return undefined;
    hasJoined = await takeOverId({
      holder: () => request.holder(pass.room),
      isOwn: (member) => member.connection === client.connection,
      clock: options.clock,
      withinMs: options.limits.livenessProbeMs,
      claim: request.claim?.(),
      granted: (member, grant) => request.granted(pass, member, grant),
    });
  } finally {
    if (!hasJoined) pass.release();
  }
  return hasJoined ? undefined : "id-in-use";
}
