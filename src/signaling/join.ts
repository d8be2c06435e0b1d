import type { Authorizer, Denial } from "../auth/authorizer.ts";
import type { Clock } from "../lib/time/clock.ts";
import { accessRequest } from "../rooms/access-request.ts";
import { enterRoom, type RoomPass } from "../rooms/room-pass.ts";
import type { RoomRegistry } from "../rooms/room-registry.ts";
import type { SignalingClient } from "./dialects.ts";
import { takeOverId } from "./id-takeover.ts";
import type { SignalingLimits } from "./limits.ts";
import type { Member } from "./signaling-room.ts";

/** What all entrances of a dialect share. */
export interface JoinOptions<R> {
  readonly rooms: RoomRegistry<R>;
  readonly authorizer: Authorizer;
  readonly limits: Pick<SignalingLimits, "livenessProbeMs">;
  readonly clock: Clock;
}

/** A client on its way into a room, under an id that it names itself. */
export interface JoinRequest<R, M extends Member> {
  readonly client: SignalingClient;
  readonly roomId: string;
  /** Whose the id is now. */
  readonly holder: (room: R) => M | undefined;
  /** As `Claim.granted`; the pass is the caller's from then on, to watch and to release. */
  readonly granted: (pass: RoomPass<R>, holder: M | undefined) => void;
}

/** Resolves with why the client may not enter; with undefined when it is in, or gone. */
export async function joinRoom<R extends { readonly size: number }, M extends Member>(
  entering: JoinRequest<R, M>,
  options: JoinOptions<R>,
): Promise<Denial | "id-in-use" | undefined> {
  const { client, roomId } = entering;
  const pass = await enterRoom(options.rooms, options.authorizer, accessRequest("signaling", roomId, client));
  if (!pass.granted) return pass;
  let isIn = false;
  try {
    // What the others will be told: that it comes, and that it goes.
    if (!(await client.quota.spend(2 * pass.room.size))) return undefined;
    isIn = await takeOverId({
      holder: () => entering.holder(pass.room),
      isOwn: (member) => member.connection === client.connection,
      clock: options.clock,
      withinMs: options.limits.livenessProbeMs,
      granted: (member) => entering.granted(pass, member),
    });
  } finally {
    if (!isIn) pass.release();
  }
  return isIn ? undefined : "id-in-use";
}
