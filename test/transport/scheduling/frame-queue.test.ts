import { describe, expect, test } from "bun:test";
import { type Frame, frameBytes } from "../../../src/transport/connection.ts";
import { FrameQueue } from "../../../src/transport/scheduling/frame-queue.ts";
import { Random } from "../../support/bytes/random.ts";

/** Short and long frames of both kinds, around the size from which they are kept as they are. */
function someFrame(random: Random): Frame {
  const isLong = random.chance(0.3);
  const bytes = isLong ? 1_000 + random.integer(100) : random.integer(40);
  if (random.chance(0.5)) return Uint8Array.from({ length: bytes }, () => random.integer(256));
  return Array.from({ length: bytes / 2 }, () => random.pick(["a", "ä", "漢", "🙂", "\0"])).join("");
}

describe("a queue of frames", () => {
  test("gives back what was added, in order", () => {
    for (let seed = 0; seed < 100; seed += 1) {
      const random = new Random(seed);
      const queue = new FrameQueue();
      const expected: Frame[] = [];
      for (let step = 0; step < 300; step += 1) {
        if (random.chance(0.45)) {
          expect(queue.take()).toEqual(expected.shift());
        } else {
          const frame = someFrame(random);
          queue.add(frame, frameBytes(frame));
          expected.push(frame);
        }
        expect(queue.isEmpty).toBe(expected.length === 0);
      }
      while (expected.length > 0) expect(queue.take()).toEqual(expected.shift());
      expect(queue.take()).toBeUndefined();
      expect(queue.bytes).toBe(0);
    }
  });

  test("lets go of the large frames that were taken, also when it is never empty", () => {
    const queue = new FrameQueue();
    const taken: WeakRef<Uint8Array>[] = [];
    const add = () => queue.add(new Uint8Array(10_000), 10_000);
    const take = () => {
      const frame = queue.take();
      if (frame instanceof Uint8Array) taken.push(new WeakRef(frame));
    };
    add();
    for (let index = 0; index < 1_000; index += 1) {
      add();
      take();
    }
    Bun.gc(true);
    expect(taken.filter((frame) => frame.deref() !== undefined).length).toBeLessThan(50);
  });

  test("takes no more memory than a few bytes for each small frame", () => {
    const queue = new FrameQueue();
    for (let index = 0; index < 1_000; index += 1) queue.add(Uint8Array.of(index % 256), 1);
    expect(queue.bytes).toBe(4_000);
  });

  test("counts a large frame with its own bytes until it is taken", () => {
    const queue = new FrameQueue();
    queue.add(new Uint8Array(5_000), 5_000);
    queue.add("ä".repeat(5_000), 10_000);
    expect(queue.bytes).toBe(15_006);
    queue.take();
    expect(queue.bytes).toBe(10_003);
  });

  test("gives frames of their own: what is added later does not change them", () => {
    const queue = new FrameQueue();
    queue.add(Uint8Array.of(1, 2, 3), 3);
    const taken = queue.take();
    for (let index = 0; index < 100; index += 1) queue.add(Uint8Array.of(9, 9, 9), 3);
    expect(taken).toEqual(Uint8Array.of(1, 2, 3));
  });
});
