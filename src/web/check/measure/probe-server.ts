import { equalFlat } from "lib0/array";
import * as encoding from "lib0/encoding";
import type { WebSocketUrls } from "../../shared/server-addresses.ts";
import type { RelayOutcome, SignalingOutcome } from "../diagnosis/measurements.ts";
import { probe } from "./probe-socket.ts";
import { medianRoundTripMs } from "./round-trips.ts";
import type { RoomAndToken } from "./server-answers.ts";

/** Opens a connection to y-webrtc signaling, and measures its pings. It joins no topic. */
export function probeSignaling({ signal }: WebSocketUrls, { token }: RoomAndToken): Promise<SignalingOutcome> {
  return probe(withToken(signal, token), async (socket) => {
    const startedAt = performance.now();
    await socket.opened();
    const openMs = performance.now() - startedAt;
    const ping = JSON.stringify({ type: "ping" });
    const isPong = (message: string | Uint8Array) => typeof message === "string" && message.includes('"pong"');
    const roundTripMs = await medianRoundTripMs(() => socket.ask(ping, isPong));
    return { kind: "ok", openMs, roundTripMs };
  });
}

const sync = 0;
const syncStep1 = 0;
const syncStep2 = 1;
const update = 2;
/** The state vector of an empty document; and an update without content, which is acknowledged and leaves no trace. */
const emptyStateVector = Uint8Array.of(0);
const emptyUpdate = Uint8Array.of(0, 0);

/** Syncs a document over y-websocket, and measures how long the acknowledgement of an update takes. Stores nothing. */
export function probeRelay({ sync: url }: WebSocketUrls, { room, token }: RoomAndToken): Promise<RelayOutcome> {
  return probe(withToken(`${url}/${encodeURIComponent(room)}`, token), async (socket) => {
    const startedAt = performance.now();
    await socket.opened();
    const openMs = performance.now() - startedAt;
    await socket.ask(frameOf(syncStep1, emptyStateVector), isSyncStep2);
    const syncMs = performance.now() - startedAt - openMs;
    const frame = frameOf(update, emptyUpdate);
    const roundTripMs = await medianRoundTripMs(() => socket.ask(frame, (message) => isSame(message, frame)));
    return { kind: "ok", openMs, syncMs, roundTripMs };
  });
}

function frameOf(step: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, sync);
    encoding.writeVarUint(encoder, step);
    encoding.writeVarUint8Array(encoder, body);
  });
}

function isSyncStep2(message: string | Uint8Array): boolean {
  return typeof message !== "string" && message[0] === sync && message[1] === syncStep2;
}

/** The server acknowledges an update with the client's own frame. */
function isSame(message: string | Uint8Array, frame: Uint8Array): boolean {
  return typeof message !== "string" && equalFlat(message, frame);
}

function withToken(url: string, token: string | undefined): string {
  return token === undefined ? url : `${url}?${new URLSearchParams({ token })}`;
}
