import { expect, test } from "bun:test";
import {
  decodeForwarded,
  encodeForwarded,
  type ForwardedMessage,
} from "../../../src/signaling/y-webrtc/forwarded-codec.ts";

const none = { from: undefined, to: undefined, announcement: undefined };
const messages: readonly ForwardedMessage[] = [
  { ...none, sender: "7", frame: '{"type":"publish"}' },
  { ...none, sender: "7", from: "ada", to: "bob", frame: "" },
  { ...none, sender: "7", from: "ada", announcement: { number: 3, heard: new Map([["node-2", 5]]) }, frame: "x" },
  { ...none, sender: "", announcement: { number: 0, heard: new Map() }, frame: "x" },
];

test.each(messages)("%o is read as it was written, with more behind it, and not when it is cut short", (message) => {
  const bytes = encodeForwarded(message);
  expect(decodeForwarded(bytes)).toEqual(message);
  expect(decodeForwarded(Uint8Array.of(...bytes, 9))).toEqual(message);
  for (let length = 0; length < bytes.length; length += 1) {
    expect(decodeForwarded(bytes.subarray(0, length))).toBeUndefined();
  }
});
