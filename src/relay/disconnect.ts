import type { Denial } from "../auth/authorizer.ts";
import type { SyncMember } from "./sync-member.ts";
import type { SyncRoom } from "./sync-room.ts";

/** The denial of a member whose membership the application has ended. */
export const disconnected: Denial = {
  granted: false,
  kind: "expired",
  code: "disconnected",
  reason: "disconnected by the application",
};

/** Ends the membership of those members of a room that are meant. They may return, and are authorized anew then. Returns their number. */
export function disconnectMembers(room: SyncRoom, isMeant: (member: SyncMember) => boolean): number {
  const members = [...room.members].filter(isMeant);
  for (const member of members) {
    room.leave(member);
    member.ended?.(disconnected);
  }
  return members.length;
}
