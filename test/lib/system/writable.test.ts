import { expect, test } from "bun:test";
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { writableCheck } from "../../../src/lib/system/writable.ts";
import { Workshop } from "../../support/processes/data-folder.ts";

test.skipIf(process.platform !== "linux")("a pipe can be written until it is full, and again once it is read", () => {
  using workshop = new Workshop();
  const path = join(workshop.path, "pipe");
  expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const isWritable = writableCheck(descriptor);
  const piece = new Uint8Array(4_096);
  let pieces = 0;
  for (; isWritable(); pieces += 1) expect(writeSync(descriptor, piece)).toBe(piece.byteLength);
  expect(pieces).toBeGreaterThan(0);
  expect(() => writeSync(descriptor, piece)).toThrow("EAGAIN");
  readSync(descriptor, piece);
  expect(isWritable()).toBe(true);
  closeSync(descriptor);
});

test.skipIf(process.platform !== "linux")("a file can always be written", () => {
  using workshop = new Workshop();
  const descriptor = openSync(join(workshop.path, "file"), "w");
  expect(writableCheck(descriptor)()).toBe(true);
  closeSync(descriptor);
});
