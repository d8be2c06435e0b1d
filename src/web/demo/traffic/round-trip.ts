import { equalFlat } from "lib0/array";
import type { WebrtcProvider } from "y-webrtc";
import { decodeSyncFrame } from "./sync-frame.ts";

interface PendingEcho {
  readonly askedAt: number;
  /** Undefined for a query of awareness, which any awareness answers. */
  readonly update: Uint8Array | undefined;
}

/** A question without an answer gives way to the next one. */
const forgetAfterMs = 10_000;

/** Times a WebSocket by what comes back: an update of its own (stored by then), or an answer to a query of awareness. */
export class EchoTimer {
  #pending: PendingEcho | undefined;
  /** Undefined until something has come back. */
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

  /** The connection is gone, and the answer with it. */
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

/** The round trips in milliseconds to the windows that y-webrtc has connected, as the browsers measure them. */
export async function directRoundTripsMs(webrtc: WebrtcProvider): Promise<readonly number[]> {
  const connections = [...(webrtc.room?.webrtcConns.values() ?? [])].filter(({ connected }) => connected);
  const times = await Promise.all(connections.map(({ peer }) => selectedRoundTripMs(peer)));
  return times.filter((time) => time !== undefined);
}

/** simple-peer shows its RTCPeerConnection as `_pc` alone, and takes it away when it closes. */
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
