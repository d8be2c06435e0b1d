import type { RoomMember } from "../../../../src/client/server/facts.ts";

/** A member of a signaling room, unless something else is said. */
export function member(id: string, facts: Partial<RoomMember> = {}): RoomMember {
  return {
    id,
    protocol: "y-webrtc",
    user: null,
    access: null,
    connectedAt: "2026-11-30T09:12:44.215Z",
    address: "203.0.113.7",
    ...facts,
  };
}
