import { describe, expect, test } from "bun:test";
import { FrameParser } from "../../../scripts/bench/load/frame-parser.ts";
import { encodeFrame, FrameSequence, opcodes } from "../../../scripts/bench/load/frames.ts";
import { withSeeds } from "../../support/bytes/random.ts";

/** The payload of one masked frame, decoded without the encoder's own code. */
function unmask(frame: Uint8Array): Uint8Array {
  const short = (frame[1] ?? 0) & 0x7f;
  let header = 2;
  if (short === 126) header = 4;
  if (short === 127) header = 10;
  const mask = frame.subarray(header, header + 4);
  return frame.subarray(header + 4).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
}

/** A frame as a server sends it. */
function serverFrame(payload: Uint8Array, first = 0x82): Uint8Array {
  const { length } = payload;
  const header = new DataView(new ArrayBuffer(10));
  header.setUint8(0, first);
  let headerBytes = 2;
  if (length < 126) header.setUint8(1, length);
  else if (length < 65_536) {
    headerBytes = 4;
    header.setUint8(1, 126);
    header.setUint16(2, length);
  } else {
    headerBytes = 10;
    header.setUint8(1, 127);
    header.setUint32(6, length);
  }
  return Buffer.concat([new Uint8Array(header.buffer, 0, headerBytes), payload]);
}

const bytes = (length: number) => Uint8Array.from({ length }, (_, index) => index * 31 + length);
const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 100_000];

describe("a client's frame", () => {
  test.each(lengths)("of %d bytes is masked and has its length in its header", (length) => {
    const frame = encodeFrame(bytes(length));
    expect(frame[0]).toBe(0x82);
    expect((frame[1] ?? 0) & 0x80).toBe(0x80);
    expect(unmask(frame)).toEqual(bytes(length));
    if (length > 3) expect(frame.subarray(-length)).not.toEqual(bytes(length));
  });

  test("has its opcode", () => {
    expect(encodeFrame(bytes(3), opcodes.ping)[0]).toBe(0x89);
    expect(encodeFrame(bytes(3), opcodes.text)[0]).toBe(0x81);
  });

  test("is the same in a sequence, and any run of the sequence can be taken", () => {
    const sequence = new FrameSequence(lengths.map(bytes));
    expect(sequence.count).toBe(lengths.length);
    for (let first = 0; first < lengths.length; first += 1) {
      for (let end = first; end <= lengths.length; end += 1) {
        const expected = lengths.slice(first, end).map((length) => encodeFrame(bytes(length)));
        expect(Buffer.from(sequence.slice(first, end)).equals(Buffer.concat(expected))).toBeTrue();
      }
    }
  });

  test("is accepted by Bun's own server", async () => {
    const received = Promise.withResolvers<Uint8Array>();
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request, upgrader) => (upgrader.upgrade(request) ? undefined : new Response()),
      websocket: { message: (_, message) => received.resolve(new Uint8Array(Buffer.from(message))) },
    });
    const { LoadSocket } = await import("../../../scripts/bench/load/load-socket.ts");
    const socket = await LoadSocket.connect({ port: server.port ?? 0, path: "/", message: () => {} });
    socket.write(encodeFrame(bytes(70_000)));
    expect(await received.promise).toEqual(bytes(70_000));
    socket.close();
  });
});

interface Heard {
  readonly lengths: number[];
  readonly firsts: (number | undefined)[];
  readonly others: string[];
}

function listen(keptBytes?: number): { readonly heard: Heard; readonly parser: FrameParser } {
  const heard: Heard = { lengths: [], firsts: [], others: [] };
  const handler = {
    message: (chunk: Uint8Array, start: number, length: number) => {
      heard.lengths.push(length);
      heard.firsts.push(length === 0 ? undefined : chunk[start]);
    },
    ping: (payload: Uint8Array) => heard.others.push(`ping ${payload}`),
    pong: () => heard.others.push("pong"),
    closing: (code: number | undefined) => heard.others.push(`close ${code}`),
  };
  return { heard, parser: new FrameParser(handler, keptBytes) };
}

describe("a server's frames", () => {
  test("are found regardless of the chunks in which they arrive", () => {
    const stream = Buffer.concat(lengths.map((length) => serverFrame(bytes(length))));
    withSeeds(50, (random) => {
      const { heard, parser } = listen();
      for (let at = 0; at < stream.length; ) {
        const size = 1 + random.integer(random.pick([2, 20, 300, 200_000]));
        parser.push(stream.subarray(at, at + size));
        at += size;
      }
      expect(heard.lengths).toEqual(lengths);
      expect(heard.firsts).toEqual(lengths.map((length) => bytes(length)[0]));
    });
  });

  test("deliver their first bytes when they are in pieces, and all bytes when they are whole", () => {
    const seen: Uint8Array[] = [];
    const nothing = () => {};
    const message = (chunk: Uint8Array, start: number, length: number) => seen.push(chunk.slice(start, start + length));
    const parser = new FrameParser({ message, ping: nothing, pong: nothing, closing: nothing }, 200);
    const frame = serverFrame(bytes(1000));
    parser.push(frame);
    parser.push(frame.subarray(0, 7));
    parser.push(frame.subarray(7));
    expect(seen.map(({ length }) => length)).toEqual([1000, 200]);
    expect(seen).toEqual([bytes(1000), bytes(1000).slice(0, 200)]);
  });

  test("that control the connection are recognised", () => {
    const { heard, parser } = listen();
    const close = serverFrame(Uint8Array.of(0x11, 0x30), 0x88);
    const frames = [serverFrame(bytes(2), 0x89), serverFrame(bytes(0), 0x8a), serverFrame(bytes(5), 0x81), close];
    for (const byte of Buffer.concat(frames)) parser.push(Uint8Array.of(byte));
    expect(heard.others).toEqual([`ping ${bytes(2)}`, "pong", "close 4400"]);
    expect(heard.lengths).toEqual([5]);
  });

  test("in fragments are refused, because no measured server sends them", () => {
    const { parser } = listen();
    expect(() => parser.push(serverFrame(bytes(3), 0x02))).toThrow("begins with 2");
  });
});
