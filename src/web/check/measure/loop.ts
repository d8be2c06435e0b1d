import type { LoopOutcome } from "../diagnosis/measurements.ts";
import { medianRoundTripMs, TimeLimitExceeded, within } from "./round-trips.ts";

const connectLimitMs = 10_000;
const sendLimitMs = 10_000;
const sendMs = 1_500;
const chunkBytes = 16 * 1024;
/** The most that is sent: a server may limit or bill its traffic. */
const mostBytes = 16 * 2 ** 20;
const bufferedBytes = 8 * chunkBytes;

/** Connects two connections of this page with each other, and measures a round trip and the throughput. */
export async function runLoop(configuration: RTCConfiguration): Promise<LoopOutcome> {
  const [near, far] = [new RTCPeerConnection(configuration), new RTCPeerConnection(configuration)];
  let during: "connecting" | "sending" = "connecting";
  try {
    const startedAt = performance.now();
    const [out, back] = await within(connectLimitMs, connect(near, far));
    const connectMs = performance.now() - startedAt;
    during = "sending";
    const roundTripMs = await within(sendLimitMs, measureRoundTrip(out, back));
    const bitsPerSecond = await within(sendLimitMs, measureThroughput(out, back));
    return { kind: "connected", connectMs, roundTripMs, bitsPerSecond };
  } catch (error) {
    return { kind: "failed", during, detail: detailOf(error) };
  } finally {
    near.close();
    far.close();
  }
}

function detailOf(error: unknown): string {
  if (error instanceof TimeLimitExceeded) return "no data came back in time";
  return error instanceof Error ? error.message : String(error);
}

/** Resolves with the two ends of an open data channel. */
async function connect(near: RTCPeerConnection, far: RTCPeerConnection): Promise<[RTCDataChannel, RTCDataChannel]> {
  forwardCandidates(near, far);
  forwardCandidates(far, near);
  const failing = new Promise<never>((_, reject) => {
    near.addEventListener("connectionstatechange", () => {
      if (near.connectionState === "failed") reject(new Error("the connection failed"));
    });
  });
  failing.catch(() => {});
  const out = near.createDataChannel("check");
  const opening = new Promise<void>((resolve) => out.addEventListener("open", () => resolve()));
  const accepting = new Promise<RTCDataChannel>((resolve) => {
    far.addEventListener("datachannel", ({ channel }) => resolve(channel));
  });
  await near.setLocalDescription();
  if (near.localDescription !== null) await far.setRemoteDescription(near.localDescription);
  await far.setLocalDescription();
  if (far.localDescription !== null) await near.setRemoteDescription(far.localDescription);
  const [, back] = await Promise.race([Promise.all([opening, accepting]), failing]);
  out.binaryType = "arraybuffer";
  back.binaryType = "arraybuffer";
  return [out, back];
}

/** Holds candidates back until the other side knows the description that they belong to. */
function forwardCandidates(from: RTCPeerConnection, to: RTCPeerConnection): void {
  const early: RTCIceCandidate[] = [];
  const add = (candidate: RTCIceCandidate) => void to.addIceCandidate(candidate).catch(() => {});
  from.addEventListener("icecandidate", ({ candidate }) => {
    if (candidate === null) return;
    if (to.remoteDescription === null) early.push(candidate);
    else add(candidate);
  });
  to.addEventListener("signalingstatechange", () => {
    if (to.remoteDescription !== null) for (const candidate of early.splice(0)) add(candidate);
  });
}

async function measureRoundTrip(out: RTCDataChannel, back: RTCDataChannel): Promise<number> {
  const ending = new AbortController();
  back.addEventListener("message", () => back.send("pong"), { signal: ending.signal });
  try {
    return await medianRoundTripMs(
      () =>
        new Promise((resolve) => {
          out.addEventListener("message", () => resolve(), { once: true });
          out.send("ping");
        }),
    );
  } finally {
    ending.abort();
  }
}

/** Sends for a while, at most as fast as the other end receives. Resolves with the bits per second that arrived. */
function measureThroughput(out: RTCDataChannel, back: RTCDataChannel): Promise<number> {
  const chunk = new Uint8Array(chunkBytes);
  const done = Promise.withResolvers<number>();
  const startedAt = performance.now();
  let sentBytes = 0;
  let receivedBytes = 0;
  const isOver = () => performance.now() - startedAt > sendMs || sentBytes >= mostBytes;
  const finish = () => done.resolve((receivedBytes * 8_000) / (performance.now() - startedAt));
  const fill = () => {
    while (!isOver() && out.readyState === "open" && out.bufferedAmount < bufferedBytes) {
      out.send(chunk);
      sentBytes += chunkBytes;
    }
  };
  out.bufferedAmountLowThreshold = bufferedBytes / 2;
  out.addEventListener("bufferedamountlow", fill);
  back.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer>) => {
    receivedBytes += data.byteLength;
    if (isOver()) finish();
  });
  // A server that drops all traffic ends the measurement, too.
  const timer = setTimeout(finish, sendMs + 1_000);
  fill();
  return done.promise.finally(() => clearTimeout(timer));
}
