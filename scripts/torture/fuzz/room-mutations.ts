import type { Random } from "../../../test/support/bytes/random.ts";
import type { SignalingFrame } from "./json-mutations.ts";
import { changedFrame } from "./signaling-mutations.ts";

type Message = Record<string, unknown>;

const names = ["a", "b", "room", "__proto__", "日本", "", "\u0000", "x".repeat(300)];

/** The first frame, which decides the dialect of a connection, and the frames that its clients send afterwards. */
interface RoomDialect {
  readonly opening: (random: Random) => Message;
  readonly messages: readonly ((random: Random) => Message)[];
}

const name = (random: Random) => random.pick(names);
const session = (random: Random) => ({ type: random.pick(["offer", "answer"]), sdp: "v=0\r\n" });

const cliffy: RoomDialect = {
  opening: (random) => ({ type: "join", roomId: name(random), peerId: `${random.integer(50)}` }),
  messages: [
    (random) => ({ type: "join", roomId: name(random), peerId: `${random.integer(50)}`, peerName: name(random) }),
    (random) => ({ type: "leave", roomId: name(random), peerId: name(random) }),
    (random) => ({ type: "offer", fromPeerId: "1", toPeerId: `${random.integer(50)}`, sdp: "{}" }),
    (random) => ({ type: "ice-candidate", toPeerId: `${random.integer(50)}`, candidate: "{}" }),
  ],
};

const octateCode: RoomDialect = {
  opening: (random) => ({ type: random.pick(["auth", "AUTH"]), roomId: name(random), userId: name(random) }),
  messages: [
    (random) => ({ type: "auth", roomId: name(random), userId: name(random), data: { token: "a.b.c" } }),
    (random) => ({ type: "CREATE_ROOM", data: { roomName: name(random), content: "text", version: 1 } }),
    (random) => ({ type: "join-room", data: { userName: name(random) } }),
    (random) => ({ type: "sdp-offer", targetUserId: name(random), data: { offer: session(random) } }),
    () => ({ type: "HEARTBEAT", timestamp: 1 }),
    () => ({ type: "leave-room" }),
  ],
};

const octateCodePeers: RoomDialect = {
  opening: (random) => ({ type: "auth", roomId: name(random), from: `${random.integer(50)}`, data: {} }),
  messages: [
    (random) => ({ type: "auth", roomId: name(random), from: `${random.integer(50)}`, data: { name: name(random) } }),
    (random) => ({ type: random.pick(["offer", "answer", "ice"]), to: `${random.integer(50)}`, data: session(random) }),
    () => ({ type: "leave" }),
  ],
};

/** The frames of one connection to the dialects with rooms. The first one is valid, because it decides the dialect. */
export function roomFrames(random: Random, count: number): readonly SignalingFrame[] {
  const { opening, messages } = random.pick([cliffy, octateCode, octateCodePeers]);
  const changed = () => changedFrame(random, () => random.pick(messages)(random));
  return [JSON.stringify(opening(random)), ...Array.from({ length: count - 1 }, changed)];
}
