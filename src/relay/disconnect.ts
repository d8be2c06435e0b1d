import type { Denial } from "../auth/authorizer.ts";
import { isSameUser } from "../auth/identifiers.ts";
import type { SyncRoom } from "./sync-room.ts";

const disconnected: Denial = {
  granted: false,
  kind: "expired",
  code: "disconnected",
  reason: "disconnected by the application",
};

/**
 * Ends the membership of all members of a room, or of those of one user. They may return, and are authorized anew then.
 * Returns their number.
 */
export function disconnectMembers(room: SyncRoom, user?: string): number {
  const isMeant = (id: string | undefined) => user === undefined || (id !== undefined && isSameUser(id, user));
  const members = [...room.members].filter((member) => isMeant(member.user));
  for (const member of members) {
    room.leave(member);
    member.ended?.(disconnected);
  }
  return members.length;
}
