import { expect, test } from "bun:test";
import { channelDataLength, channelNumber, isChannelNumber } from "../../../src/turn/message/channel-data.ts";
import { frameKind } from "../../../src/turn/message/frame-kind.ts";
import { FrameWriter } from "../../../src/turn/message/frame-writer.ts";

const writer = new FrameWriter(new Uint8Array(12));

test("ChannelData is the number of the channel, the length, and the data", () => {
  const bytes = writer.channelData(0x4001, Uint8Array.of(7, 8, 9, 10, 11));
  expect(bytes.toHex()).toBe("400100050708090a0b");
  expect(frameKind(bytes)).toBe("channel-data");
  expect(channelNumber(bytes)).toBe(0x4001);
  expect(channelDataLength(bytes)).toBe(5);
});

test("ChannelData in a stream is padded with zeros to a multiple of four bytes", () => {
  writer.channelData(0x4000, new Uint8Array(20).fill(0xff));
  expect(writer.paddedChannelData(0x4001, Uint8Array.of(7, 8, 9, 10, 11)).toHex()).toBe("400100050708090a0b000000");
  expect(writer.paddedChannelData(0x4001, Uint8Array.of(7, 8, 9, 10)).toHex()).toBe("400100040708090a");
  expect(writer.paddedChannelData(0x4001, Uint8Array.of()).toHex()).toBe("40010000");
});

test("ChannelData may be empty, and may be padded in a datagram", () => {
  expect(channelDataLength(Uint8Array.of(0x40, 0, 0, 0))).toBe(0);
  expect(channelDataLength(Uint8Array.of(0x40, 0, 0, 1, 9, 0, 0, 0))).toBe(1);
});

test("ChannelData is dropped if the data is longer than the datagram", () => {
  expect(channelDataLength(Uint8Array.of(0x40, 0, 0, 2, 9))).toBe(-1);
  for (let length = 0; length < 4; length += 1) expect(channelDataLength(new Uint8Array(length))).toBe(-1);
});

test("channels have the numbers of RFC 8656, or those of RFC 5766", () => {
  const numbers = [0, 0x3fff, 0x4000, 0x4fff, 0x5000, 0x7ffe, 0x7fff, 0x8000];
  expect(numbers.filter((number) => isChannelNumber(number, "rfc-8656"))).toEqual([0x4000, 0x4fff]);
  expect(numbers.filter((number) => isChannelNumber(number, "rfc-5766"))).toEqual([0x4000, 0x4fff, 0x5000, 0x7ffe]);
});

test("the first two bits tell what a message is", () => {
  const kind = (first: number) => frameKind(Uint8Array.of(first));
  expect([0x00, 0x3f].map(kind)).toEqual(["stun", "stun"]);
  expect([0x40, 0x7f].map(kind)).toEqual(["channel-data", "channel-data"]);
  expect([0x80, 0xbf, 0xc0, 0xff].map(kind)).toEqual([undefined, undefined, undefined, undefined]);
  expect(frameKind(new Uint8Array())).toBeUndefined();
});
