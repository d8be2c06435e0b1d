import { describe, expect, test } from "bun:test";
import {
  type ClientMessage,
  decodeMessage,
  decodePacket,
  type EventPacket,
  encodeAcknowledgement,
  encodeConnectError,
  encodeConnected,
  encodeEvent,
  encodeSignal,
  type Packet,
  type Signal,
} from "../../../src/signaling/peers/codec.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";
import { withSeeds } from "../../support/bytes/random.ts";

const depth = 32;
const event = (name: unknown, ...args: unknown[]): EventPacket => ({
  type: "event",
  namespace: "/",
  acknowledgement: undefined,
  event: name,
  args,
});

describe("a packet", () => {
  test.each<[string, Packet]>([
    ["0", { type: "connect", namespace: "/", token: undefined }],
    ['0{"token":"x"}', { type: "connect", namespace: "/", token: "x" }],
    ['0{"token":5}', { type: "connect", namespace: "/", token: undefined }],
    ["0{}", { type: "connect", namespace: "/", token: undefined }],
    ["0/admin,", { type: "connect", namespace: "/admin", token: undefined }],
    ["0/admin", { type: "connect", namespace: "/admin", token: undefined }],
    ['0/admin,{"token":"x"}', { type: "connect", namespace: "/admin", token: "x" }],
    ["1", { type: "disconnect", namespace: "/" }],
    ["1/admin,", { type: "disconnect", namespace: "/admin" }],
    ['2["offer",{"a":1}]', event("offer", { a: 1 })],
    ['2["offer"]', event("offer")],
    ["2[5,null]", event(5, null)],
    ['27["getIceServers"]', { ...event("getIceServers"), acknowledgement: 7 }],
    ['20["getIceServers",null]', { ...event("getIceServers", null), acknowledgement: 0 }],
    ['2/admin,12["x"]', { ...event("x"), namespace: "/admin", acknowledgement: 12 }],
    ["31[null]", { type: "unknown" }],
    ["", { type: "unknown" }],
    ['4{"message":"x"}', { type: "unknown" }],
    ['51-["offer",{"_placeholder":true,"num":0}]', { type: "unknown" }],
    ["61-[]", { type: "unknown" }],
    ["7", { type: "unknown" }],
    ['2["__proto__",{"__proto__":1}]', event("__proto__", JSON.parse('{"__proto__":1}'))],
  ])("%s is understood", (frame, packet) => {
    expect(decodePacket(frame, depth)).toEqual(packet);
  });

  test("an attachment is unknown", () => {
    expect(decodePacket(new Uint8Array([0x30, 0x31]), depth)).toEqual({ type: "unknown" });
  });

  test.each<[string, string]>([
    ["garbage", "garbage"],
    ["a connect with what is no JSON", "0{"],
    ["a connect with what is no object", '0["x"]'],
    ["an event without arguments", "2"],
    ["an event that is no JSON", "2["],
    ["an event that is no list", '2{"a":1}'],
    ["an empty event", "2[]"],
    ["an acknowledgement without end", `2${"1".repeat(16)}["x"]`],
    ["33 levels", `2${"[".repeat(33)}${"]".repeat(33)}`],
    ["30,000 levels", `2${"[".repeat(30_000)}${"]".repeat(30_000)}`],
  ])("%s is malformed", (_, frame) => {
    expect(() => decodePacket(frame, depth)).toThrow(SessionError);
  });

  test("with 32 levels is taken", () => {
    expect(decodePacket(`2${"[".repeat(32)}${"]".repeat(32)}`, depth)).toMatchObject({ type: "event" });
  });

  test("is understood or malformed, whatever its text", () => {
    withSeeds(20, (random) => {
      const sound = '27["offer",{"toDeviceId":"b","sdi":["é",null]}]';
      const read = (frame: string): string => {
        try {
          const packet = decodePacket(frame, depth);
          return packet.type === "event" ? decodeMessage(packet).type : packet.type;
        } catch (error) {
          if (error instanceof SessionError) return "malformed";
          throw error;
        }
      };
      for (let round = 0; round < 500; round += 1) {
        const at = random.integer(sound.length);
        const mutation = random.pick(["", "{", '"', "\\", "\u0000", "\ud800", "/", ",", "]", "9", "\n"]);
        const result = read(sound.slice(0, at) + mutation + sound.slice(at + random.integer(4)));
        expect(["malformed", "signal", "invalid", "unknown", "connect", "disconnect"]).toContain(result);
      }
    });
  });
});

describe("an event", () => {
  const read = (name: unknown, ...args: unknown[]): ClientMessage => decodeMessage(event(name, ...args));
  const invalid = { type: "invalid", problem: expect.any(String) };
  const signal = (message: object) => ({ type: "signal", event: "offer", to: "b", message });

  test.each<[string, unknown[], unknown]>([
    ["device-registered", ["a"], { type: "register", deviceId: "a", groups: [] }],
    ["device-registered", [5], invalid],
    ["device-registered", [], invalid],
    [
      "register-device",
      [{ deviceId: "a", user: 1, groups: ["g"] }],
      { type: "register", deviceId: "a", groups: ["g"] },
    ],
    ["register-device", [{ deviceId: "a" }], { type: "register", deviceId: "a", groups: [] }],
    ["register-device", [{ deviceId: "a", groups: "g" }], invalid],
    ["register-device", [{ deviceId: "a", groups: [5] }], invalid],
    ["register-device", ["a"], invalid],
    ["register-device", [null], invalid],
    ["offer", [{ toDeviceId: "b", sdi: 1 }], signal({ toDeviceId: "b", sdi: 1 })],
    ["offer", [{ toDevice: "b" }], signal({ toDevice: "b" })],
    ["answer", [{ toDeviceId: "b" }], { ...signal({ toDeviceId: "b" }), event: "answer" }],
    ["iceCandidate", [{ toDeviceId: "b" }], { ...signal({ toDeviceId: "b" }), event: "iceCandidate" }],
    ["offer", [{}], invalid],
    ["offer", [{ toDeviceId: ["b"] }], invalid],
    ["offer", ["b"], invalid],
    ["offer", [[]], invalid],
    ["getIceServers", [], { type: "get-ice-servers" }],
    ["getIceServers", [null], { type: "get-ice-servers" }],
    ["constructor", [], { type: "unknown" }],
  ])("%s %j", (name, args, message) => {
    expect<unknown>(read(name, ...args)).toEqual(message);
  });

  test("whose name is not a string is unknown", () => {
    expect(read(5)).toEqual({ type: "unknown" });
    expect(read(["offer"])).toEqual({ type: "unknown" });
  });
});

describe("the messages of the server", () => {
  test("is packets of Socket.IO", () => {
    expect(encodeConnected("s")).toBe('0{"sid":"s"}');
    expect(encodeConnectError("/admin", "Invalid namespace")).toBe('4/admin,{"message":"Invalid namespace"}');
    expect(encodeEvent("device-online", "a")).toBe('2["device-online","a"]');
    expect(encodeAcknowledgement(7, [null, "success"])).toBe('37[null,"success"]');
  });

  test.each<[object, object]>([
    [{ toDeviceId: "b" }, { toDeviceId: "b", fromDeviceId: "a" }],
    [{ toDevice: "b" }, { toDevice: "b", fromDevice: "a" }],
    [
      { connectionId: 1, fromDeviceId: "forged", toDeviceId: "b", iceCandidates: [], sdi: {} },
      { connectionId: 1, fromDeviceId: "a", toDeviceId: "b", iceCandidates: [], sdi: {} },
    ],
    [
      { fromDevice: "forged", fromDeviceId: "forged", toDevice: "b" },
      { fromDevice: "a", fromDeviceId: "a", toDevice: "b" },
    ],
  ])("a signal %j is forwarded as %j", (message, forwarded) => {
    const signal: Signal = { type: "signal", event: "offer", to: "b", message: { ...message } };
    expect(encodeSignal(signal, "a")).toBe(encodeEvent("offer", forwarded));
  });
});
