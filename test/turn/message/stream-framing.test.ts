import { describe, expect, test } from "bun:test";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { FrameWriter } from "../../../src/turn/message/frame-writer.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { StreamFraming } from "../../../src/turn/message/stream-framing.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import { type Random, withSeeds } from "../../support/bytes/random.ts";

const writer = new FrameWriter(new Uint8Array(12));
const binding = new StunWriter().begin(methods.binding, "request", new Uint8Array(12)).finish().slice();

/** A stream that pushes chunks and keeps copies of the messages. */
class Stream {
  readonly framing = new StreamFraming();
  readonly messages: string[] = [];

  push(...chunks: readonly Uint8Array[]): "garbage" | undefined {
    for (const chunk of chunks) {
      const fault = this.framing.push(chunk, (message) => this.messages.push(message.toHex()));
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Messages as they are in the stream, and as they are delivered. */
function traffic(random: Random): readonly { readonly sent: Uint8Array; readonly received: string }[] {
  return Array.from({ length: 1 + random.integer(20) }, (_, index) => {
    const payload = Uint8Array.from({ length: random.integer(200) }, () => random.integer(256));
    if (index > 0 && random.chance(0.6)) {
      const received = writer.channelData(0x4000 + index, payload).toHex();
      return { sent: writer.paddedChannelData(0x4000 + index, payload).slice(), received };
    }
    const sent = new StunWriter()
      .begin(methods.send, "indication", new Uint8Array(12))
      .bytes(attributes.data, payload)
      .finish();
    return { sent, received: sent.toHex() };
  });
}

describe("a stream", () => {
  test("is cut into its messages wherever its chunks end, and padding is not delivered", () => {
    withSeeds(300, (random) => {
      const messages = traffic(random);
      const all = Buffer.concat(messages.map(({ sent }) => sent));
      const stream = new Stream();
      for (let offset = 0; offset < all.byteLength; ) {
        const length = random.chance(0.3) ? 1 + random.integer(6) : 1 + random.integer(400);
        expect(stream.push(all.subarray(offset, offset + length))).toBeUndefined();
        offset += length;
      }
      expect(stream.messages).toEqual(messages.map(({ received }) => received));
      expect(stream.framing.pendingBytes).toBe(0);
    });
  });

  test("may come byte by byte", () => {
    const stream = new Stream();
    const data = writer.paddedChannelData(0x4000, new Uint8Array(101).fill(5)).slice();
    for (const byte of [...binding, ...data, ...binding]) expect(stream.push(Uint8Array.of(byte))).toBeUndefined();
    expect(stream.messages).toEqual([binding.toHex(), data.subarray(0, 105).toHex(), binding.toHex()]);
  });

  test("holds a message only as far as it has arrived, and nothing when it is complete", () => {
    const stream = new Stream();
    const longest = binding.slice();
    longest.set([0xff, 0xfc], 2);
    stream.push(longest);
    expect(stream.framing.pendingBytes).toBe(20);
    for (let sent = 0; sent < 65_532; sent += 1_092) stream.push(new Uint8Array(1_092));
    expect(stream.messages.map((message) => message.length / 2)).toEqual([65_552]);
    expect(stream.framing.pendingBytes).toBe(0);
  });

  test.each([
    ["HTTP", bytes("GET / HTTP/1.1\r\n")],
    ["HTTP, one byte", bytes("G")],
    ["TLS", Uint8Array.fromHex("1603010200010001fc0303")],
    ["SSH", bytes("SSH-2.0-OpenSSH_9.6\r\n")],
    ["a byte of no kind", Uint8Array.of(0x80)],
    ["ChannelData before any STUN message", Uint8Array.of(0x40, 0, 0, 0)],
    ["a length that is not a multiple of four", Uint8Array.of(0, 1, 0, 3)],
    ["the longest length, which is not a multiple of four", Uint8Array.of(0, 1, 0xff, 0xff)],
    ["no magic cookie", Uint8Array.of(0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43)],
  ])("is garbage if it begins with %s", (_name, chunk) => {
    expect(new Stream().push(chunk)).toBe("garbage");
    const stream = new Stream();
    expect(stream.push(...[...chunk].map((byte) => Uint8Array.of(byte)))).toBe("garbage");
    expect(stream.messages).toEqual([]);
  });

  test("delivers what comes before garbage", () => {
    const stream = new Stream();
    expect(stream.push(Buffer.concat([binding, Uint8Array.of(0xff)]))).toBe("garbage");
    expect(stream.messages).toEqual([binding.toHex()]);
  });
});
