import * as encoding from "lib0/encoding";
import { encodeMessage } from "../../../../src/relay/y-websocket/codec.ts";
import { framed } from "../../../../test/support/bytes/hocuspocus-frames.ts";
import type { Random } from "../../../../test/support/bytes/random.ts";
import {
  any,
  bytes,
  gc,
  item,
  json,
  repeated,
  sequence,
  skip,
  string,
  text,
  updateBytes,
  type Write,
} from "../../../../test/support/bytes/update-bytes.ts";
import { awarenessBytes } from "../../../../test/support/hostile/awareness-bytes.ts";
import { conversations } from "../hocuspocus-mutations.ts";
import type { SignalingFrame } from "../json-mutations.ts";
import { peerjsFrames } from "../peerjs-mutations.ts";
import { peersFrames } from "../peers-mutations.ts";
import { roomFrames } from "../room-mutations.ts";
import { signalingFrames } from "../signaling-mutations.ts";
import { syncFrames } from "../sync-mutations.ts";
import { type CostProtocol, roomPlaceholder } from "./candidate.ts";

const mostFrames = 20;
const sizes = [1, 10, 100, 1_000, 5_000] as const;

type Frames = readonly SignalingFrame[];

/** Frames of each protocol: those of the other fuzz, and large ones of one kind. */
export function seedsOf(random: Random): Readonly<Record<CostProtocol, () => Frames>> {
  const sync = syncFrames(random);
  const collab = conversations(random, sync, () => [roomPlaceholder]);
  const [signal, peerjs, peers] = [signalingFrames(random), peerjsFrames(random), peersFrames(random)];
  const someOf = <Frame>(frames: Iterator<Frame, never>): readonly Frame[] =>
    Array.from({ length: 1 + random.integer(mostFrames) }, () => frames.next().value);
  const orLarge = (usual: () => Frames, large: (random: Random) => SignalingFrame) => () =>
    random.chance(0.5) ? usual() : [large(random), ...(random.chance(0.5) ? usual() : [])];
  return {
    sync: orLarge(() => someOf(sync), largeSyncFrame),
    collab: orLarge(
      () => collab.next().value.frames.slice(0, mostFrames),
      (random) => framedInRoom(largeSyncFrame(random)),
    ),
    signal: orLarge(() => someOf(signal), largeSignal),
    rooms: () => roomFrames(random, 1 + random.integer(mostFrames)),
    peerjs: orLarge(() => someOf(peerjs), largePeerjs),
    peers: orLarge(() => someOf(peers), largePeers),
  };
}

function framedInRoom(message: Uint8Array): Uint8Array {
  return Buffer.concat([framed(roomPlaceholder), message]);
}

function largeSyncFrame(random: Random): Uint8Array {
  const size = random.pick(sizes);
  return random.pick<() => Uint8Array>([
    () => encodeMessage({ type: "update", update: largeUpdate(random, size) }),
    () => encodeMessage({ type: "update", update: largeUpdate(random, size) }),
    () => encodeMessage({ type: "update", update: largeUpdate(random, size) }),
    () => encodeMessage({ type: "sync-step-2", update: largeUpdate(random, size) }),
    () => encodeMessage({ type: "sync-step-1", stateVector: largeStateVector(random, size) }),
    () => awarenessFrame(random, size),
  ])();
}

function largeStateVector(random: Random, size: number): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, size);
    for (let client = size; client > 0; client -= 1) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, random.integer(1_430));
    }
  });
}

function awarenessFrame(random: Random, size: number): Uint8Array {
  const state = random.pick(["null", "{}", '{"user":{"name":"A"}}', `"${"x".repeat(1_000)}"`]);
  const clock = 1 + random.integer(1_000);
  const from = random.integer(1_000);
  const entries = Array.from({ length: size }, (_, id) => ({ clientId: from + id, clock, json: state }));
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint8Array(encoder, awarenessBytes(...entries));
  });
}

/** An update of `size` pieces of one kind. */
function largeUpdate(random: Random, size: number): Uint8Array {
  const descending = Array.from({ length: size }, (_, index) => size - index);
  const one = (clock: number, ...structs: readonly Write[]) => updateBytes([{ client: 7, clock, structs }]);
  const many = (write: (index: number) => Write) => one(0, ...descending.map((_, index) => write(index)));
  const start = random.pick([0, 0, 1, 2 ** 31]);
  return random.pick<() => Uint8Array>([
    () => updateBytes(descending.map((client) => ({ client, clock: start, structs: [gc(1)] }))),
    () => updateBytes(descending.map((client) => ({ client, clock: start, structs: [text("a")] }))),
    () => updateBytes([], [{ client: 7, ranges: descending.map((_, index) => [2 * index, 1] as const) }]),
    () =>
      updateBytes(
        [],
        descending.map((client) => ({ client, ranges: [[start, 1]] as const })),
      ),
    () => many((index) => (index % 2 === 0 ? gc(1) : skip(1))),
    () => many(() => text("a")),
    // Each is inserted before the first, or after the first.
    () => many((index) => (index === 0 ? text("a") : text("a", { rightOrigin: [7, index - 1] }))),
    () => many((index) => (index === 0 ? text("a") : text("a", { origin: [7, 0] }))),
    () => many((index) => (index === 0 ? text("a") : text("a", { origin: [7, index - 1] }))),
    () => many((index) => item(7, bytes(index % 3), { parent: "root", key: `${index}` })),
    () => many((index) => (index === 0 ? item(7, bytes(1)) : item(7, bytes(1), { parent: [7, index - 1], key: "k" }))),
    () => many(() => text("a", { parent: "root", key: "same" })),
    () => many((index) => text("a", { parent: `root ${index}` })),
    () => many(() => any(bytes(118, 0))),
    () => one(0, text("a".repeat(size)), text("b")),
    () => one(0, item(1, bytes(1)), any(repeated(Math.min(size, 90), bytes(117, 1)))),
    () =>
      one(
        0,
        any(
          sequence(bytes(118, Math.min(size, 100)), repeated(Math.min(size, 100), sequence(string("k"), bytes(126)))),
        ),
      ),
    () => one(0, json("[".repeat(size) + "]".repeat(size))),
    () => one(0, item(6, sequence(string("bold"), string(JSON.stringify("x".repeat(size)))))),
  ])();
}

function largeSignal(random: Random): SignalingFrame {
  const size = Math.min(1_000, random.pick(sizes));
  const topics = Array.from({ length: Math.min(size, 100) }, (_, index) => `${roomPlaceholder} ${index}`);
  const publish = (data: unknown) => JSON.stringify({ type: "publish", topic: roomPlaceholder, data });
  return random.pick<() => string>([
    () => JSON.stringify({ type: "subscribe", topics }),
    () => JSON.stringify({ type: "unsubscribe", topics }),
    () => JSON.stringify({ type: "subscribe", topics: [roomPlaceholder] }),
    () => publish("x".repeat(size)),
    () => publish(Object.fromEntries(topics.map((topic) => [topic, [topic]]))),
    () => publish("[".repeat(30) + "]".repeat(30)),
    () =>
      publish({
        type: "signal",
        to: `${random.integer(9)}`,
        from: `${random.integer(1e6)}`,
        signal: "\u0000".repeat(size),
      }),
  ])();
}

function largePeerjs(random: Random): SignalingFrame {
  const size = random.pick(sizes);
  const dst = `${roomPlaceholder} ${random.integer(1e6)}`;
  return JSON.stringify({ type: random.pick(["OFFER", "CANDIDATE", "LEAVE"]), dst, payload: "\u0000".repeat(size) });
}

function largePeers(random: Random): SignalingFrame {
  const size = Math.min(5_000, random.pick(sizes));
  const groups = Array.from({ length: Math.min(size, 200) }, (_, index) => `${roomPlaceholder} ${index}`);
  const id = `${roomPlaceholder} ${random.integer(1e6)}`;
  return random.pick<() => string>([
    () => `42${JSON.stringify(["register-device", { deviceId: id, user: "u", groups }])}`,
    () => `42${JSON.stringify(["offer", { connectionId: 1, toDeviceId: id, sdi: "\u0000".repeat(size) }])}`,
    () => "3".repeat(1),
    () => `42${JSON.stringify(["getIceServers"])}`,
  ])();
}
