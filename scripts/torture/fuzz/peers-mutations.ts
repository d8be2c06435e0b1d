import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { BoundExceeded } from "../../../src/signaling/json-codec.ts";
import { decodePacket, mainNamespace } from "../../../src/signaling/peers/codec.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";
import type { Random } from "../../../test/support/bytes/random.ts";
import { changedText, nested, randomText, type SignalingFrame } from "./json-mutations.ts";

/** Ids of devices; the fuzz registers all but the last ones. */
const deviceIds = ["fuzz a", "fuzz b", "fuzz c", "__proto__", "constructor", "日本", "x".repeat(256)];
/** The sender that messages name; the server must put the registered id in its place. */
export const forgedId = "forged";
const badIds = ["", "a\nb", "x".repeat(257), "\ud800"];
const groups = ["family", "__proto__", "toString", "g".repeat(256)];

/** Messages of Engine.IO with packets of Peers: some as clients send them, the others changed. */
export function* peersFrames(random: Random): Generator<SignalingFrame, never> {
  for (;;) yield peersFrame(random);
}

/** True if the server ignores the session after this frame. */
export function endsPeers(frame: SignalingFrame): boolean {
  // The frame is an attachment.
  if (typeof frame !== "string") return false;
  // The frame is a pong; any other message without a packet is an Engine.IO error there.
  if (frame[0] !== "4") return frame !== "3";
  try {
    const packet = decodePacket(frame.slice(1), defaultLimits.jsonDepth);
    if (packet.type === "connect" || packet.type === "disconnect") return packet.namespace === mainNamespace;
    return packet.type === "event" && packet.namespace !== mainNamespace;
  } catch (error) {
    // The message is refused alone.
    if (error instanceof BoundExceeded) return false;
    if (error instanceof SessionError) return true;
    throw error;
  }
}

function peersFrame(random: Random): SignalingFrame {
  const text = () => `42${random.pick(["", "", "7", "0", "999999"])}${JSON.stringify(event(random))}`;
  return random.pick<() => SignalingFrame>([
    text,
    text,
    text,
    text,
    () => changedText(random, text()),
    () =>
      `42${JSON.stringify([random.pick([5, null, "error", "__proto__", "disconnect", ""]), ...event(random).slice(1)])}`,
    () => `42["offer",${nested(random, '{"toDeviceId":"fuzz a","sdi":')}]`,
    () =>
      random.pick(["3", "40/admin,", "41/admin,", "42/admin,[1]", "43[]", "439[null]", "451-[]", "1", "6", "2probe"]),
    () => randomText(random),
    () => new TextEncoder().encode(text()),
  ])();
}

function event(random: Random): readonly unknown[] {
  const id = random.pick(random.chance(0.9) ? deviceIds : badIds);
  const message = random.pick<unknown>([
    { connectionId: random.integer(9), fromDeviceId: forgedId, toDeviceId: id, sdi: { sdp: "v=0" } },
    { fromDevice: forgedId, toDevice: id },
    { toDeviceId: id, sdi: "x".repeat(random.pick([100, 10_000, 60_000])) },
    { toDeviceId: 5 },
    [],
    null,
    "text",
  ]);
  return random.pick<() => readonly unknown[]>([
    () => ["device-registered", id],
    () => ["register-device", { deviceId: id, user: "u", groups: random.some(groups, 0.5) }],
    () => [
      "register-device",
      random.pick<unknown>([null, 5, { deviceId: 5 }, { deviceId: id, groups: { length: 1 } }]),
    ],
    () => ["offer", message],
    () => ["answer", message],
    () => ["iceCandidate", message],
    () => ["getIceServers"],
    () => ["get-available-devices", null],
  ])();
}
