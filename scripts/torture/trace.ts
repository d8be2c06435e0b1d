import { type Patch, readPatches } from "../../test/support/bytes/histories.ts";
import { Random } from "../../test/support/bytes/random.ts";

/** The typing of a person, patch by patch. */
export interface Trace {
  readonly patches: readonly Patch[];
  readonly source: "automerge-paper" | "seeded";
}

/** The recorded trace of one writer if it is installed, else a seeded one, with `edits` single-character edits. */
export function openTrace(edits: number, seed: number): Trace {
  const patches = readPatches("automerge-paper", edits);
  return patches === undefined
    ? { patches: seededPatches(edits, new Random(seed)), source: "seeded" }
    : { patches, source: "automerge-paper" };
}

/** A moving cursor with mostly insertions and some deletions. */
export function seededPatches(edits: number, random: Random): readonly Patch[] {
  let length = 0;
  let cursor = 0;
  return Array.from({ length: edits }, (): Patch => {
    if (random.chance(0.05)) cursor = random.integer(length + 1);
    if (cursor > 0 && random.chance(0.3)) {
      cursor -= 1;
      length -= 1;
      return [cursor, 1, ""];
    }
    cursor += 1;
    length += 1;
    return [cursor - 1, 0, random.pick([..."etaoin shrdlu\n"])];
  });
}
