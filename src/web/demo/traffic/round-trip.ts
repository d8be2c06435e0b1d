import { equalFlat } from "lib0/array";
import type { WebrtcProvider } from "y-webrtc";
import { decodeSyncFrame } from "./sync-frame.ts";

interface PendingEcho {
  readonly askedAt: number;
  /** Undefined for an awareness query, which any awareness message answers. */
  readonly update: Uint8Array | undefined;
}

/** A message that is not answered within this time is replaced by the next one. */
const forgetAfterMs = 10_000;

/** Measures a WebSocket's round trip: until an own update comes back (stored by then), or an awareness query is answered. */
export class EchoTimer {
  #pending: PendingEcho | undefined;
  /** Undefined until something was measured. */
  latestMs: number | undefined;
  latestAt = 0;

  sent(frame: Uint8Array): void {
    const askedAt = performance.now();
    if (this.#pending !== undefined && askedAt - this.#pending.askedAt < forgetAfterMs) return;
    const message = decodeSyncFrame(frame);
    if (message.type === "query-awareness") this.#pending = { askedAt, update: undefined };
    else if (message.type === "update") this.#pending = { askedAt, update: message.update };
  }

  received(frame: Uint8Array): void {
    if (this.#pending === undefined || !answers(frame, this.#pending)) return;
    this.latestAt = performance.now();
    this.latestMs = this.latestAt - this.#pending.askedAt;
    this.#pending = undefined;
  }

  /** Forgets all measurements: the connection is lost, and its answers with it. */
  reset(): void {
    this.#pending = undefined;
    this.latestMs = undefined;
    this.latestAt = 0;
  }
}

function answers(frame: Uint8Array, { update }: PendingEcho): boolean {
  const message = decodeSyncFrame(frame);
  if (update === undefined) return message.type === "awareness";
  return message.type === "update" && equalFlat(message.update, update);
}

/** The round trips in milliseconds to the directly connected windows, as the browser measures them. */
export async function directRoundTripsMs(webrtc: WebrtcProvider): Promise<readonly number[]> {
  const connections = [...(webrtc.room?.webrtcConns.values() ?? [])].filter(({ connected }) => connected);
  const times = await Promise.all(connections.map(({ peer }) => selectedRoundTripMs(peer)));
  return times.filter((time) => time !== undefined);
}

/** simple-peer exposes its RTCPeerConnection only as `_pc`, and removes it when it closes. */
async function selectedRoundTripMs(peer: { readonly _pc?: RTCPeerConnection | null }): Promise<number | undefined> {
  const report = await peer._pc?.getStats().catch(() => undefined);
  let seconds: number | undefined;
  report?.forEach((stats: RTCStats) => {
    if (!isUsedPair(stats)) return;
    seconds = stats.currentRoundTripTime ?? seconds;
  });
  return seconds === undefined ? undefined : seconds * 1000;
}

function isUsedPair(stats: RTCStats): stats is RTCIceCandidatePairStats {
  return stats.type === "candidate-pair" && "state" in stats && stats.state === "succeeded" && "nominated" in stats;
}
