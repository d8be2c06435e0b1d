import { expect, test } from "bun:test";
import { WaitingUpdates } from "../../../src/relay/document/waiting-updates.ts";
import { settled } from "../../support/eventually.ts";

const [one, two] = [{ update: new Uint8Array(1) }, { update: new Uint8Array(20) }];

function setUp() {
  const waiting = new WaitingUpdates();
  waiting.add(one);
  waiting.add(two);
  const seen: string[] = [];
  void waiting.settled().then(() => seen.push("settled"));
  return { waiting, seen };
}

test("updates count until they are stored", async () => {
  const { waiting, seen } = setUp();
  expect([waiting.bytes, waiting.last]).toEqual([21, two]);
  waiting.stored(one);
  await settled();
  expect([waiting.bytes, waiting.last, seen]).toEqual([20, two, []]);
  waiting.stored(two);
  await settled();
  expect([waiting.bytes, waiting.last, seen]).toEqual([0, undefined, ["settled"]]);
  await waiting.settled();
});

test("discarded updates count no more", async () => {
  const { waiting, seen } = setUp();
  waiting.discard();
  await settled();
  expect([waiting.bytes, waiting.last, seen]).toEqual([0, undefined, ["settled"]]);
});
