import { compareReaders } from "../../../test/support/bytes/compare-readers.ts";
import { Random } from "../../../test/support/bytes/random.ts";
import type { Outcome } from "../outcome.ts";

/** Compares the fast reader with the strict one. The server does not run. */
export async function tortureByReading({ frames, seed }: { frames: number; seed: number }): Promise<Outcome> {
  const { accepted, faults } = compareReaders(new Random(seed), frames);
  return { figures: { updates: frames, "accepted by the fast reader": accepted }, faults };
}
