import { expect, test } from "bun:test";
import { lineStream } from "../../../src/documents/copies/line-stream.ts";
import { untilStalled } from "../../../src/documents/copies/stalls.ts";
import { settled } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

async function* lines(count: number): AsyncGenerator<string> {
  for (let number = 0; number < count; number += 1) yield `${number}\n`;
}

/** Chunks that come when the test sends them. */
function sender() {
  const stream = new TransformStream<string, string>();
  const writer = stream.writable.getWriter();
  return { chunks: stream.readable, send: (chunk: string) => writer.write(chunk) };
}

test("a sender that sends nothing for a minute is given up, one that goes on is not", async () => {
  const clock = new FakeClock();
  const { chunks, send } = sender();
  const read: string[] = [];
  const reading = (async () => {
    for await (const chunk of untilStalled(chunks, clock)) read.push(chunk);
  })().catch((error: unknown) => Object(error).message);
  for (const chunk of ["a", "b", "c"]) {
    void send(chunk);
    await settled();
    clock.advance(50_000);
    await settled();
  }
  expect(read).toEqual(["a", "b", "c"]);
  clock.advance(10_000);
  expect(await reading).toBe("nothing has come for a minute");
  expect(clock.pendingTimers).toBe(0);
});

test("a chunk that takes minutes to handle does not count as a sender that sends nothing", async () => {
  const clock = new FakeClock();
  const handled = Promise.withResolvers<void>();
  const { chunks, send } = sender();
  const read: string[] = [];
  const reading = (async () => {
    for await (const chunk of untilStalled(chunks, clock)) {
      if (chunk === "large") await handled.promise;
      read.push(chunk);
    }
  })().catch((error: unknown) => Object(error).message);
  void send("large");
  await settled();
  clock.advance(150_000);
  handled.resolve();
  void send("next");
  await settled();
  expect(read).toEqual(["large", "next"]);
  clock.advance(60_000);
  expect(await reading).toBe("nothing has come for a minute");
});

test("a stream ends once, with its lines, its reader, a failure, or a reader that takes nothing", async () => {
  const clock = new FakeClock();
  let ended = 0;
  const open = (made: AsyncGenerator<string>) =>
    lineStream(made, {
      clock,
      ended: () => {
        ended += 1;
      },
    });
  expect(await new Response(open(lines(3))).text()).toBe("0\n1\n2\n");
  expect(ended).toBe(1);
  const left = open(lines(3)).getReader();
  await left.read();
  await left.cancel();
  expect(ended).toBe(2);
  const failing = async function* () {
    yield "0\n";
    throw new Error("the store fails");
  };
  expect(new Response(open(failing())).text()).rejects.toThrow("the store fails");
  await settled();
  expect(ended).toBe(3);
  const stalled = open(lines(1_000)).getReader();
  await stalled.read();
  await settled();
  clock.advance(59_999);
  expect(ended).toBe(3);
  clock.advance(1);
  expect(ended).toBe(4);
  const rest = async () => {
    for (;;) if ((await stalled.read()).done) return;
  };
  expect(rest()).rejects.toThrow("the reader has taken nothing for a minute");
  await settled();
  expect(clock.pendingTimers).toBe(0);
});

test("a long line is handed over in pieces, so that a slow link has a minute for each", async () => {
  const clock = new FakeClock();
  const line = `${"x".repeat(300_000)}\n`;
  const made = async function* () {
    yield line;
    yield "end\n";
  };
  const reader = lineStream(made(), { clock, ended: () => {} }).getReader();
  const pieces: Uint8Array[] = [];
  for (let piece = await reader.read(); piece.done !== true; piece = await reader.read()) {
    pieces.push(piece.value);
    clock.advance(50_000);
    await settled();
  }
  expect(pieces.length).toBeGreaterThan(4);
  expect(Buffer.concat(pieces).toString()).toBe(`${line}end\n`);
});
