import { expect, test } from "bun:test";
import type { Store } from "../../src/storage/store.ts";
import { compaction, rowsOf, updateOf } from "../support/bytes/counting.ts";
import { Random } from "../support/bytes/random.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { openMemoryStore } from "../support/fakes/memory-store.ts";
import { ToldStore } from "../support/told-store.ts";
import type { StoreMedium } from "./store-medium.ts";

const names = ["a", "b", "c", "__proto__"];

/** Compares a store with one in memory under random operations. `create` makes a medium without documents. */
export function compareWithMemory(
  create: () => StoreMedium | Promise<StoreMedium>,
  { seeds, steps }: { readonly seeds: readonly number[]; readonly steps: number },
): void {
  test.each([...seeds])("behaves like a store in memory under random operations (seed %d)", async (seed) => {
    const random = new Random(seed);
    const clock = new FakeClock();
    const medium = await create();
    const memory = openMemoryStore(clock);
    let compared = await medium.open(clock);
    const [ofMemory, ofCompared] = [new ToldStore(names), new ToldStore(names)];
    for (let step = 0; step < steps; step += 1) {
      const change = pickChange(random, updateOf([step]));
      if (change === "reopen") {
        await compared.close();
        compared = await medium.open(clock);
      } else await Promise.all([change(memory, ofMemory), change(compared, ofCompared)]);
      expect(await ofCompared.tell(compared)).toEqual(await ofMemory.tell(memory));
      clock.advance(1);
    }
    await compared.close();
    await medium.remove();
  });
}

type Change = (store: Store, told: ToldStore) => Promise<unknown>;

/** The change that is made to both stores, or that the compared one is opened again. */
function pickChange(random: Random, update: Uint8Array): Change | "reopen" {
  const [choice, name, part] = [random.real(), random.pick(names), random.real()];
  if (choice < 0.6) {
    const batch = random.some([...names, ...names], 0.3).map((document) => ({ document, update }));
    return (store, told) => told.append(store, batch);
  }
  if (choice < 0.85) return (store) => compactPart(store, { name, part, base: update });
  if (choice < 0.9) return (store) => store.delete(name);
  if (choice < 0.93) return (store) => store.undelete(name);
  if (choice < 0.96) return (store) => store.purge(name);
  return "reopen";
}

async function compactPart(
  store: Store,
  { name, part, base }: { readonly name: string; readonly part: number; readonly base: Uint8Array },
): Promise<void> {
  const document = await store.load(name);
  if (document === undefined || document.deletedAt !== undefined) return;
  const tail = document.tail.slice(0, Math.ceil(document.tail.length * part));
  await store.compact(name, compaction(rowsOf({ ...document, tail }), base));
}
