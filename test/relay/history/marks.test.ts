import { expect, test } from "bun:test";
import { decodeMarks, encodeMarks, type Mark } from "../../../src/relay/history/marks.ts";
import { type Random, withSeeds } from "../../support/bytes/random.ts";

function marksOf(random: Random): readonly Mark[] {
  let row = random.integer(1_000);
  const range = () => ({
    client: random.pick([1, 7, 2 ** 32 - 1]),
    clock: random.integer(100_000),
    length: 1 + random.integer(50),
  });
  return Array.from({ length: random.integer(20) }, () => {
    row += 1 + random.integer(100);
    return {
      row,
      // The clock of the server can be set back.
      second: random.chance(0.1) ? 0 : 1_700_000_000 + random.integer(1_000),
      user: random.chance(0.2) ? undefined : random.pick(["ann", "bob", ""]),
      inserted: Array.from({ length: random.integer(4) }, range),
      deleted: Array.from({ length: random.integer(4) }, range),
    };
  });
}

test("marks are read as they were written", () => {
  withSeeds(200, (random) => {
    const marks = marksOf(random);
    expect(decodeMarks(encodeMarks(marks))).toEqual(marks.slice());
  });
});

test("what someone types takes eight bytes for each mark, and hardly any once it is compressed", () => {
  const marks = Array.from({ length: 1_000 }, (_, index) => ({
    row: 1 + index,
    second: 1_700_000_000 + index,
    user: "ann",
    inserted: [{ client: 4_000_000_000, clock: index, length: 1 }],
    deleted: [],
  }));
  expect(encodeMarks(marks).byteLength).toBeLessThan(8_100);
  expect(Bun.zstdCompressSync(encodeMarks(marks)).byteLength).toBeLessThan(200);
});

test("marks of another version are refused", () => {
  const encoded = encodeMarks([]);
  encoded[0] = 9;
  expect(() => decodeMarks(encoded)).toThrow("unknown version");
});
