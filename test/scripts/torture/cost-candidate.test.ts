import { expect, test } from "bun:test";
import {
  bytesOf,
  type Candidate,
  costProtocols,
  fitted,
  mutated,
  parseCandidate,
  roomPlaceholder,
  serialized,
  shownFrames,
  wireBytes,
} from "../../../scripts/torture/fuzz/cost/candidate.ts";
import { seedsOf } from "../../../scripts/torture/fuzz/cost/seeds.ts";
import { Random } from "../../support/bytes/random.ts";

const candidate: Candidate = {
  protocol: "signal",
  isSeeded: false,
  connections: 2,
  frames: [`{"topic":"${roomPlaceholder}"}`, Uint8Array.of(1, 2), Uint8Array.of(1, 2)],
  repeats: 2,
};

test("the frames are sent over the connections in turn, each in the room of the play", () => {
  const [one, other] = wireBytes({ ...candidate, repeats: 1 }, "cost-000007").map((bytes) => Buffer.from(bytes));
  expect(one?.toString("latin1")).toContain('{"topic":"cost-000007"}');
  expect(one?.subarray(-2)).toEqual(Buffer.of(1, 2));
  expect(other).toEqual(Buffer.of(0x82, 0x82, 0, 0, 0, 0, 1, 2));
});

test("the name of the room is replaced in binary frames too", () => {
  const frames = [new TextEncoder().encode(`\u000b${roomPlaceholder} and ${roomPlaceholder}`)];
  const [bytes] = wireBytes({ ...candidate, connections: 1, frames, repeats: 1 }, "cost-000008");
  expect(Buffer.from(bytes ?? []).toString()).toEndWith("\u000bcost-000008 and cost-000008");
});

test("a candidate is the same after it was written and read", () => {
  expect(parseCandidate(serialized(candidate))).toEqual(candidate);
});

test("equal frames in a row are shown once", () => {
  expect(shownFrames(candidate, 100)).toBe(`{"topic":"${roomPlaceholder}"} | 2 × 0102`);
});

test("seeds and their neighbours of all protocols keep to the bounds of a play", () => {
  const random = new Random(1);
  const seeds = seedsOf(random);
  for (const protocol of costProtocols) {
    let current = fitted({ ...candidate, protocol, frames: seeds[protocol]() });
    for (let step = 0; step < 200; step += 1) {
      expect(current.frames.length).toBeGreaterThan(0);
      expect(bytesOf(current)).toBeGreaterThanOrEqual(2 * 1024);
      // One frame alone may be larger.
      if (current.frames.length * current.repeats > 1) expect(bytesOf(current)).toBeLessThanOrEqual(128 * 1024);
      current = mutated(current, seeds[protocol], random);
    }
  }
});

test("the same seed makes the same candidates", () => {
  const some = (seed: number) => {
    const random = new Random(seed);
    const seeds = seedsOf(random);
    return costProtocols.map((protocol) => {
      const fresh = fitted({ ...candidate, protocol, frames: seeds[protocol]() });
      return serialized(mutated(fresh, seeds[protocol], random));
    });
  };
  expect(some(3)).toEqual(some(3));
  expect(some(3)).not.toEqual(some(4));
});
