import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { ResidentMemory } from "../../../src/lib/system/resident-memory.ts";

const mebibyte = 2 ** 20;

test("the resident memory is that of this process, in bytes, and grows with it", () => {
  using memory = new ResidentMemory();
  const before = memory.read();
  expect(Math.abs(before - process.memoryUsage.rss())).toBeLessThan(16 * mebibyte);
  const used = new Uint8Array(64 * mebibyte).fill(1);
  expect(memory.read() - before).toBeGreaterThan((used.byteLength * 3) / 4);
});

test.skipIf(process.platform !== "linux")("one descriptor is open until it is disposed of", () => {
  const count = () => readdirSync("/proc/self/fd").length;
  const before = count();
  const memory = new ResidentMemory();
  memory.read();
  expect(count()).toBe(before + 1);
  memory[Symbol.dispose]();
  memory[Symbol.dispose]();
  expect(count()).toBe(before);
  expect(memory.read()).toBeGreaterThan(mebibyte);
});
