import type * as Y from "yjs";
import { Random } from "../bytes/random.ts";

/** A seeded person at a keyboard: `type(n)` makes n edits, mostly insertions at a moving cursor, and some deletions. */
export function typist(text: Y.Text, seed: string): (edits: number) => void {
  const random = new Random(hash(seed));
  let cursor = 0;
  return (edits) => {
    for (let edit = 0; edit < edits; edit += 1) {
      cursor = Math.min(cursor, text.length);
      if (random.chance(0.05)) cursor = random.integer(text.length + 1);
      if (cursor > 0 && random.chance(0.3)) {
        cursor -= 1;
        text.delete(cursor, 1);
      } else {
        text.insert(cursor, random.pick([..."etaoin shrdlu\n"]));
        cursor += 1;
      }
    }
  };
}

function hash(seed: string): number {
  return Bun.hash.crc32(seed);
}
