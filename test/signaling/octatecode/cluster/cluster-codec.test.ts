import { expect, test } from "bun:test";
import {
  decodeMember,
  decodeRoomMessage,
  encodeMember,
  encodeRoomMessage,
  type RoomMessage,
} from "../../../../src/signaling/octatecode/cluster/cluster-codec.ts";

const record = {
  ...{ roomId: "room", roomName: "The room", hostId: "host", hostName: "Hanna", createdAt: 1_700_000_000_000 },
  ...{ fileId: undefined, content: undefined, version: undefined },
};
const messages: readonly RoomMessage[] = [
  { type: "described", facts: record },
  { type: "described", facts: { ...record, fileId: "f", content: "text", version: 3 } },
  { type: "forgotten", roomId: "room", createdAt: 7 },
  { type: "describe-all" },
];

test.each(messages)("%o is read as it was written, with more behind it, and not when it is cut short", (message) => {
  const bytes = encodeRoomMessage(message);
  expect(decodeRoomMessage(bytes)).toEqual(message);
  expect(decodeRoomMessage(Uint8Array.of(...bytes, 9))).toEqual(message);
  for (let length = 0; length < bytes.length; length += 1) {
    expect(decodeRoomMessage(bytes.subarray(0, length))).toBeUndefined();
  }
});

test("a message about something else, or of another format, is ignored", () => {
  const described = encodeRoomMessage({ type: "described", facts: { ...record, hostName: 7 as unknown as string } });
  expect([Uint8Array.of(16, 0), Uint8Array.of(99), described].map(decodeRoomMessage)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("a member is read as it was written, and not from another format", () => {
  const member = { name: "Hanna", connectedAt: 1, lastHeartbeat: 2 };
  expect(decodeMember(encodeMember(member))).toEqual(member);
  expect(["", "7", "null", '{"name":1}', '{"name":"Hanna"}'].map(decodeMember)).toEqual(
    Array.from({ length: 5 }, () => undefined),
  );
});
