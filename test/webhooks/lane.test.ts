import { expect, test } from "bun:test";
import { Lane } from "../../src/webhooks/lane.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

const change = (row: number) => ({ document: "d", row, update: Uint8Array.of(1), user: undefined });

test("a lane collects up to the last row, also when an update of another node with an earlier row comes late", () => {
  const lane = new Lane("d", new FakeClock());
  lane.changed(change(12));
  lane.changed(change(11));
  const taken = lane.take();
  expect(taken).toEqual({ first: 11, sequence: 12, users: [], bytes: 2 });
  lane.changed(change(10));
  if (taken !== undefined) lane.giveBack(taken);
  expect(lane.take()).toEqual({ first: 10, sequence: 12, users: [], bytes: 3 });
});
