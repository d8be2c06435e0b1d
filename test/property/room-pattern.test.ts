import { expect, test } from "bun:test";
import { matchesRoom } from "../../src/auth/room-pattern.ts";
import { type Random, withSeeds } from "../support/bytes/random.ts";

const textOf = (random: Random, letters: string, most: number) =>
  Array.from({ length: random.integer(most + 1) }, () => random.pick([...letters])).join("");

/** The definition of a match, by trying every split. */
function means([segment, ...segments]: readonly string[], names: readonly string[]): boolean {
  const [name, ...otherNames] = names;
  if (segment === undefined) return name === undefined;
  if (segment === "**") {
    return means(segments, names) || (name !== undefined && means([segment, ...segments], otherNames));
  }
  return name !== undefined && fits(segment, name) && means(segments, otherNames);
}

function fits(segment: string, name: string): boolean {
  if (segment === "") return name === "";
  if (name === "") return false;
  const ofOne = segment[0] === "*" || segment[0] === name[0];
  const isMore = segment[0] === "*" && fits(segment, name.slice(1));
  return isMore || (ofOne && fits(segment.slice(1), name.slice(1)));
}

test("a pattern matches exactly the rooms of its definition", () => {
  let matches = 0;
  withSeeds(20, (random) => {
    for (let count = 0; count < 5_000; count += 1) {
      const pattern = textOf(random, random.pick(["ab*/", "a**//", "a*"]), 9);
      const room = textOf(random, random.pick(["ab/", "a/", "a"]), 7);
      const expected = means(pattern.split("/"), room.split("/"));
      if (expected) matches += 1;
      expect({ pattern, room, matches: matchesRoom(pattern, room) }).toEqual({ pattern, room, matches: expected });
    }
  });
  // The test would prove little if few pairs matched.
  expect(matches).toBeGreaterThan(5_000);
});
