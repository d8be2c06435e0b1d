import type { WebrtcProvider } from "y-webrtc";
import { type PeerRoute, readRoute } from "./peer-route.ts";

/** Measures the routes to the directly connected windows, by their y-webrtc ids. */
export async function measureRoutes(webrtc: WebrtcProvider): Promise<Readonly<Record<string, PeerRoute>>> {
  const connections = [...(webrtc.room?.webrtcConns ?? [])].filter(([, { connected }]) => connected);
  const routes = await Promise.all(connections.map(async ([id, { peer }]) => [id, await routeOf(peer)] as const));
  return Object.fromEntries(routes.filter((entry): entry is [string, PeerRoute] => entry[1] !== undefined));
}

/** simple-peer exposes its RTCPeerConnection only as `_pc`, and removes it when it closes. */
async function routeOf(peer: { readonly _pc?: RTCPeerConnection | null }): Promise<PeerRoute | undefined> {
  const report = await peer._pc?.getStats().catch(() => undefined);
  return report === undefined ? undefined : readRoute(report);
}
