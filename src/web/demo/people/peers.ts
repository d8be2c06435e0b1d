import type { WebrtcProvider } from "y-webrtc";
import type { Person } from "./person.ts";
import type { Presence } from "./presence.ts";

export type Reach = "you" | "direct" | "same-browser" | "relay";

/** A person as the list shows them. */
export interface Peer extends Pick<Person, "clientId" | "name" | "color"> {
  readonly reach: Reach;
}

/** The people in the room: this window first, the others in a stable order. */
export function peers(presence: Presence, webrtc: WebrtcProvider): readonly Peer[] {
  const own = presence.own.clientId;
  return presence.people.map(({ clientId, name, color, peerId }) => {
    return { clientId, name, color, reach: clientId === own ? "you" : reachOf(peerId, webrtc) };
  });
}

/** A provider that is switched off keeps its list of peers, so `connected` is checked first. */
function reachOf(peerId: string | undefined, webrtc: WebrtcProvider): Reach {
  const room = webrtc.room;
  if (peerId === undefined || room === null || !webrtc.connected) return "relay";
  if (room.webrtcConns.get(peerId)?.connected) return "direct";
  return room.bcConns.has(peerId) ? "same-browser" : "relay";
}
