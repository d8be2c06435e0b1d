import { expect, test } from "bun:test";
import { Brake } from "../../src/lib/gate.ts";

test("a brake stops nobody while nobody holds it", () => {
  expect(new Brake().released).toBeUndefined();
});

test("a brake stops until everyone has released it", async () => {
  const brake = new Brake();
  brake.hold();
  brake.hold();
  let isReleased = false;
  const released = brake.released?.then(() => {
    isReleased = true;
  });
  brake.release();
  await Promise.resolve();
  expect([isReleased, brake.released === undefined]).toEqual([false, false]);
  brake.release();
  await released;
  expect([isReleased, brake.released]).toEqual([true, undefined]);
  brake.hold();
  expect(brake.released).toBeInstanceOf(Promise);
});
