import { expect, test } from "bun:test";
import { Gate } from "../../src/lib/gate.ts";

test("a gate without holders is open", () => {
  expect(new Gate().released).toBeUndefined();
});

test("a gate is closed until every holder has released it", async () => {
  const gate = new Gate();
  gate.hold();
  gate.hold();
  let isReleased = false;
  const released = gate.released?.then(() => {
    isReleased = true;
  });
  gate.release();
  await Promise.resolve();
  expect([isReleased, gate.released === undefined]).toEqual([false, false]);
  gate.release();
  await released;
  expect([isReleased, gate.released]).toEqual([true, undefined]);
  gate.hold();
  expect(gate.released).toBeInstanceOf(Promise);
});
