import type { PeerRoute } from "../traffic/peer-route.ts";
import type { Person } from "./person.ts";
import type { Presence } from "./presence.ts";

/**
 * The way in which this window reaches a person: `turn` over WebRTC through a TURN server, `relay` through this server,
 * `peer` through a window that passes edits on, `lost` not at all.
 */
export type Reach = "you" | "direct" | "turn" | "same-browser" | "relay" | "peer" | "lost";

/** A person as the list shows them. */
export interface Peer extends Pick<Person, "clientId" | "name" | "color"> {
  readonly reach: Reach;
  /** The measurements of a WebRTC connection to them; undefined without one, or before it is measured. */
  readonly route?: PeerRoute | undefined;
  /** Whether their window is connected to the server, as it says itself. */
  readonly isOnServer: boolean;
  /** For `lost`: when their last state came, in epoch milliseconds. */
  readonly lastSeenAt?: number;
}

/** The connections of this window, as they are measured. */
export interface Connections {
  readonly isOnServer: boolean;
  /** The y-webrtc ids of the windows with an open data channel. */
  readonly direct: ReadonlySet<string>;
  /** The y-webrtc ids of the windows of this browser. */
  readonly sameBrowser: ReadonlySet<string>;
  readonly routes: Readonly<Record<string, PeerRoute>>;
}

/** The people in the room: this window first, the others in a stable order. */
export function peers(presence: Presence, connections: Connections): readonly Peer[] {
  const own = presence.own.clientId;
  const here = presence.people.map((person): Peer => {
    const { clientId, name, color } = person;
    const reach = clientId === own ? "you" : reachOf(person, connections);
    const route = connections.routes[person.peerId ?? ""];
    const isOnServer = person.isOnServer ?? reach === "relay";
    const known = { clientId, name, color, reach, isOnServer };
    if (reach === "lost") return { ...known, lastSeenAt: presence.lastSeenAt(clientId) };
    return reach === "direct" || reach === "turn" ? { ...known, route } : known;
  });
  const lost = presence.lost.map(({ clientId, name, color, lastSeenAt }): Peer => {
    return { clientId, name, color, reach: "lost", isOnServer: false, lastSeenAt };
  });
  return [...here, ...lost];
}

/** True when any way out of this window is open. */
export function isAnyConnected({ isOnServer, direct, sameBrowser }: Connections): boolean {
  return isOnServer || direct.size > 0 || sameBrowser.size > 0;
}

function reachOf({ peerId = "" }: Person, connections: Connections): Reach {
  if (connections.direct.has(peerId)) return connections.routes[peerId]?.kind ?? "direct";
  if (connections.sameBrowser.has(peerId)) return "same-browser";
  if (connections.isOnServer) return "relay";
  return isAnyConnected(connections) ? "peer" : "lost";
}
