import { expect, setDefaultTimeout, test } from "bun:test";
import { withSeedsInTurn } from "../support/bytes/random.ts";
import { TurnFuzz } from "../support/turn/turn-fuzz.ts";

setDefaultTimeout(30_000);

// `npm run torture -- turn` sends 1,000,000.
test("10,000 mutated packets cause no exception, no answer to anything but requests, and nothing that is left", async () => {
  await withSeedsInTurn(2, async (random) => {
    const fuzz = new TurnFuzz(random);
    await fuzz.send(5_000);
    const { answers, relayed, openedAllocations, faults } = await fuzz.finish();
    expect([...faults]).toEqual([]);
    expect(answers).toBeGreaterThan(500);
    expect(relayed).toBeGreaterThan(50);
    expect(openedAllocations).toBeGreaterThan(30);
  });
});
