import type { Awareness } from "y-protocols/awareness";
import type { WebrtcProvider } from "y-webrtc";
import { readAwarenessState } from "./awareness-state.ts";

export type Reach = "you" | "direct" | "same-browser" | "relay";

export interface Person {
  readonly clientId: number;
  readonly name: string;
  readonly color: string;
  readonly reach: Reach;
}

/** The people in the room: this window first, the others in a stable order. */
export function people(awareness: Awareness, webrtc: WebrtcProvider): readonly Person[] {
  return [...awareness.getStates()]
    .map(([clientId, state]): Person => {
      const { name, color, peerId } = readAwarenessState(state);
      const reach = clientId === awareness.clientID ? "you" : reachOf(peerId, webrtc);
      return { clientId, name, color, reach };
    })
    .sort((one, other) => rank(one) - rank(other) || one.clientId - other.clientId);
}

/** A provider that is switched off keeps its list of peers, so `connected` is checked first. */
function reachOf(peerId: string | undefined, webrtc: WebrtcProvider): Reach {
  const room = webrtc.room;
  if (peerId === undefined || room === null || !webrtc.connected) return "relay";
  if (room.webrtcConns.get(peerId)?.connected) return "direct";
  return room.bcConns.has(peerId) ? "same-browser" : "relay";
}

function rank({ reach }: Person): number {
  return reach === "you" ? 0 : 1;
}
