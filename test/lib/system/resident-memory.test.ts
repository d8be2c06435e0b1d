import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { ResidentMemory } from "../../../src/lib/system/resident-memory.ts";

const mebibyte = 2 ** 20;

test("the resident memory is that of this process, in bytes, and grows with it", () => {
  using memory = new ResidentMemory();
  const difference = () => Math.abs(memory.read() - process.memoryUsage.rss());
  const before = process.memoryUsage.rss();
  expect(difference()).toBeLessThan(16 * mebibyte);
  // The first ones may take memory that others have freed.
  const used: Uint8Array[] = [];
  while (process.memoryUsage.rss() < before + 48 * mebibyte) used.push(new Uint8Array(8 * mebibyte).fill(1));
  expect(difference()).toBeLessThan(16 * mebibyte);
  expect(used.every(([first]) => first === 1)).toBe(true);
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
