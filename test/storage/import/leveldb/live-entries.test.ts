import { describe, expect, test } from "bun:test";
import { compareEntries, type LevelDbEntry } from "../../../../src/storage/import/leveldb/entry.ts";
import { liveEntries, type SortedRun } from "../../../../src/storage/import/leveldb/live-entries.ts";
import { utf8 } from "../../../support/bytes/leveldb-bytes.ts";
import { withSeeds } from "../../../support/bytes/random.ts";

/** `undefined` deletes. */
const entry = (key: string, sequence: number, value: string | undefined): LevelDbEntry => ({
  key: utf8(key),
  tag: (BigInt(sequence) << 8n) | (value === undefined ? 0n : 1n),
  value: utf8(value ?? ""),
});

const run = (...entries: readonly LevelDbEntry[]): SortedRun => ({
  firstKey: entries[0]?.key ?? utf8(""),
  entries: () => entries.values(),
});

const shown = (entries: Iterable<LevelDbEntry>) =>
  Array.from(entries, ({ key, value }) => `${new TextDecoder().decode(key)}=${new TextDecoder().decode(value)}`);

describe("live entries", () => {
  test("are the newest version of each key, in any run", () => {
    const runs = [
      run(entry("a", 1, "old"), entry("b", 7, "new"), entry("c", 3, "only")),
      run(entry("a", 9, "new"), entry("a", 5, "older"), entry("b", 2, "old")),
      run(),
    ];
    expect(shown(liveEntries(runs))).toEqual(["a=new", "b=new", "c=only"]);
    expect(shown(liveEntries(runs.toReversed()))).toEqual(["a=new", "b=new", "c=only"]);
  });

  test("leave out deleted keys, but not keys that were written again", () => {
    const runs = [
      run(entry("a", 1, "old"), entry("b", 1, "old"), entry("c", 1, "old")),
      run(entry("a", 4, undefined), entry("b", 4, undefined), entry("d", 4, undefined)),
      run(entry("b", 6, "again")),
    ];
    expect(shown(liveEntries(runs))).toEqual(["b=again", "c=old"]);
  });

  test("of no runs are none", () => {
    expect(shown(liveEntries([]))).toEqual([]);
  });

  test("open a run when its first key is reached, and close open runs when the iteration is abandoned", () => {
    const events: string[] = [];
    const observed = (name: string, ...entries: readonly LevelDbEntry[]): SortedRun => ({
      firstKey: entries[0]?.key ?? utf8(""),
      entries: function* () {
        events.push(`${name} opened`);
        try {
          yield* entries;
        } finally {
          events.push(`${name} closed`);
        }
      },
    });
    const runs = [
      observed("second", entry("c", 1, ""), entry("d", 1, "")),
      observed("first", entry("a", 1, ""), entry("b", 1, "")),
      observed("third", entry("e", 1, "")),
    ];
    for (const { key } of liveEntries(runs)) if (key[0] === utf8("c")[0]) break;
    expect(events).toEqual(["first opened", "first closed", "second opened", "second closed"]);
  });

  test("of random runs are the result of their writes in order", () => {
    withSeeds(200, (random) => {
      const expected = new Map<string, string>();
      const runs: LevelDbEntry[][] = Array.from({ length: 1 + random.integer(5) }, () => []);
      for (let sequence = 1; sequence < 60; sequence += 1) {
        const key = random.pick(["a", "b", "ba", "c", "ca", "cb"]);
        const value = random.chance(0.3) ? undefined : `${sequence}`;
        random.pick(runs).push(entry(key, sequence, value));
        if (value === undefined) expected.delete(key);
        else expected.set(key, value);
      }
      const live = shown(liveEntries(runs.map((entries) => run(...entries.toSorted(compareEntries)))));
      expect(live).toEqual([...expected].map(([key, value]) => `${key}=${value}`).sort());
    });
  });
});
