import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { HistoryAddition } from "../../../src/storage/history/history-store.ts";
import { describeHistory } from "../../contract/history.ts";
import { compaction, rowsOf } from "../../support/bytes/counting.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { createSqliteMedium } from "../../support/sqlite-medium.ts";

describeHistory("a history in SQLite", createSqliteMedium);

test.each(["a purge", "its removal"])(
  "no byte of a history stays in the files after %s and a scrub",
  async (removal) => {
    const needle = "the text that must be forgotten";
    const medium = createSqliteMedium();
    const files = () => ["", "-wal"].filter((suffix) => readFileSync(medium.file + suffix).includes(needle));
    const store = await medium.open(new FakeClock());
    for (const byte of [1, 2, 3]) {
      const [last = 0] = await store.append([{ document: "a", update: Uint8Array.of(byte), user: needle }]);
      const data = Buffer.from(needle.repeat(byte * 50));
      const history: HistoryAddition = {
        start: byte === 1 ? { sequence: last - 1, at: 0, data } : undefined,
        segment: { last, startedAt: 0, endedAt: 0, users: [needle], marks: data, data },
        end: { sequence: last, at: 0, data },
        versions: [{ sequence: last, at: 0, users: [needle] }],
      };
      const rows = rowsOf(await store.load("a"));
      await store.compact("a", { ...compaction(rows, Uint8Array.of(99)), history });
    }
    const version = { sequence: 1, at: 0, name: needle, users: [needle], createdBy: needle };
    await store.history?.addVersion("a", version);
    expect(files().length).toBeGreaterThan(0);
    if (removal === "a purge") await store.purge("a");
    else await store.history?.erase("a");
    await store.scrub();
    expect(files()).toEqual([]);
    await store.close();
    await medium.remove();
  },
);
