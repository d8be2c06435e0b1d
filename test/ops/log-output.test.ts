import { expect, test } from "bun:test";
import { LogOutput } from "../../src/ops/log-output.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

const retryMs = 50;

function setUp() {
  const clock = new FakeClock();
  let free = 0;
  let error: Error | undefined;
  let written = "";
  const output = new LogOutput({
    clock,
    sink: {
      isWritable: () => free > 0,
      write: (bytes) => {
        if (error !== undefined) throw error;
        if (bytes.byteLength > 4_096) throw new Error("a pipe would block");
        const taken = Math.min(free, bytes.byteLength);
        free -= taken;
        written += new TextDecoder().decode(bytes.subarray(0, taken));
        return taken;
      },
    },
  });
  return {
    clock,
    output,
    /** Lets the reader take so many bytes more. */
    read: (bytes: number) => {
      free += bytes;
      clock.advance(retryMs);
    },
    fail: (code: string | undefined) => {
      error = code === undefined ? undefined : Object.assign(new Error(code), { code });
    },
    written: () => written,
  };
}

test("a line is written when the call returns, in pieces that a pipe takes", () => {
  const { clock, output, read, written } = setUp();
  read(20_000);
  output.write(`${"x".repeat(10_000)}\n`);
  output.write("second\n");
  expect([written().length, written().slice(-8), clock.pendingTimers]).toEqual([10_008, "\nsecond\n", 0]);
});

test("lines wait while the reader takes nothing, and are written in order afterwards", () => {
  const { clock, output, read, written } = setUp();
  for (const line of ["first\n", "second\n"]) output.write(line);
  expect([written(), clock.pendingTimers]).toEqual(["", 1]);
  read(8);
  expect(written()).toBe("first\nse");
  output.write("third\n");
  read(1_000);
  expect([written(), clock.pendingTimers]).toEqual(["first\nsecond\nthird\n", 0]);
});

test("a mebibyte of lines waits; further ones are dropped, and their number is written", () => {
  const { output, read, written } = setUp();
  const line = `${"x".repeat(1_023)}\n`;
  // The first line does not wait: a part of it may be written.
  for (let count = 0; count < 1_028; count += 1) output.write(line);
  read(2_000_000);
  const dropped = '{"level":"warn","event":"log-lines-dropped","lines":3}\n';
  expect([written().length, written().slice(-dropped.length)]).toEqual([1_025 * 1_024 + dropped.length, dropped]);
  output.write("later\n");
  expect(written()).toEndWith("later\n");
});

test("a line is written later when the pipe does not block, lost on an error, and all are dropped without a reader", () => {
  const { clock, output, read, fail, written } = setUp();
  read(1_000);
  fail("EAGAIN");
  output.write("later\n");
  expect(clock.pendingTimers).toBe(1);
  fail(undefined);
  clock.advance(retryMs);
  fail("ENOSPC");
  output.write("lost\n");
  fail(undefined);
  output.write("kept\n");
  fail("EPIPE");
  output.write("no reader\n");
  fail(undefined);
  output.write("no reader\n");
  expect([written(), clock.pendingTimers]).toEqual(["later\nkept\n", 0]);
});
