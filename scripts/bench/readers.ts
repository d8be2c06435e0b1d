/** Measures what reading and joining the keystrokes of a real history costs, in nanoseconds per update. */
import { FastUpdate } from "../../src/relay/update/fast/fast-update.ts";
import { JoinedUpdate } from "../../src/relay/update/fast/joined-update.ts";
import { decodeContents } from "../../src/relay/update/update-contents.ts";
import { typedUpdates } from "./load/updates.ts";
import { median } from "./statistics.ts";

const rounds = 60;
const runUpdates = 32;
const { updates } = typedUpdates(20_000);
const found = new FastUpdate();
const joined = new JoinedUpdate(16_384);

const isFast = (update: Uint8Array) => found.read(update, 0, update.byteLength);

/** The nanoseconds per update, once the code is compiled. */
function cost(work: () => void): number {
  const rests = Array.from({ length: rounds }, () => {
    const startedAt = Bun.nanoseconds();
    work();
    return (Bun.nanoseconds() - startedAt) / updates.length;
  });
  return median(rests.slice(rounds / 3));
}

function join(): void {
  for (const update of updates) {
    const isAdded = isFast(update) && joined.count < runUpdates && joined.addFast(update, found);
    if (isAdded) continue;
    joined.take();
    if (isFast(update)) joined.addFast(update, found);
  }
  joined.clear();
}

const costs = {
  strict: cost(() => updates.forEach(decodeContents)),
  fast: cost(() => updates.forEach(isFast)),
  [`fast, and joined in runs of ${runUpdates}`]: cost(join),
};
for (const [name, ns] of Object.entries(costs)) console.log(`${name}: ${ns.toFixed(0)} ns per update`);
console.log(`${((100 * updates.filter(isFast).length) / updates.length).toFixed(1)} % are read fast`);
