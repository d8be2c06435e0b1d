import type { DemoPage } from "./page.ts";

/** The pair of addresses that a WebRTC connection has settled on. */
export interface SelectedPair {
  readonly state: string;
  readonly isNominated: boolean;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** The types of both ends: `host`, `srflx`, `prflx` or `relay`. */
  readonly candidateTypes: readonly [local: string, remote: string];
}

/** The members of `RTCStats` and its kinds that are read here (W3C Identifiers for WebRTC's Statistics API). */
interface Stats {
  readonly type: string;
  readonly selectedCandidatePairId?: string;
  readonly state?: string;
  readonly nominated?: boolean;
  readonly bytesSent?: number;
  readonly bytesReceived?: number;
  readonly localCandidateId?: string;
  readonly remoteCandidateId?: string;
  readonly candidateType?: string;
}

/** The selected pair of each WebRTC connection of the page that has one. */
export function selectedPairs({ page }: DemoPage): Promise<readonly SelectedPair[]> {
  return page.evaluate(async () => {
    const connections = [...(globalThis.yurt.webrtc.room?.webrtcConns.values() ?? [])];
    const pairs = connections.map(async ({ peer }): Promise<readonly SelectedPair[]> => {
      const report: ReadonlyMap<string, Stats> = await peer._pc.getStats();
      const transport = [...report.values()].find(({ type }) => type === "transport");
      const pair = report.get(transport?.selectedCandidatePairId ?? "");
      if (pair === undefined) return [];
      const typeOf = (id = "") => report.get(id)?.candidateType ?? "unknown";
      return [
        {
          state: pair.state ?? "unknown",
          isNominated: pair.nominated ?? false,
          bytesSent: pair.bytesSent ?? 0,
          bytesReceived: pair.bytesReceived ?? 0,
          candidateTypes: [typeOf(pair.localCandidateId), typeOf(pair.remoteCandidateId)],
        },
      ];
    });
    return (await Promise.all(pairs)).flat();
  });
}

/** The STUN and TURN servers that the page's WebRTC connections use. */
export function iceServers({ page }: DemoPage): Promise<readonly string[]> {
  return page.evaluate(() => {
    const connections = [...(globalThis.yurt.webrtc.room?.webrtcConns.values() ?? [])];
    return connections.flatMap(({ peer }): string[] => {
      const { iceServers = [] }: { iceServers?: { urls: string | string[] }[] } = peer._pc.getConfiguration();
      return iceServers.flatMap(({ urls }) => urls);
    });
  });
}

/** The ids of the peers that y-webrtc reaches over BroadcastChannel. */
export function broadcastPeers({ page }: DemoPage): Promise<readonly string[]> {
  return page.evaluate(() => [...(globalThis.yurt.webrtc.room?.bcConns ?? [])]);
}
