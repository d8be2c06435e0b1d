import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { summarizeLog } from "../../../src/relay/document/log-summary.ts";
import { StoreError } from "../../../src/storage/store.ts";
import { bringing, deleting } from "../../support/bytes/update-bytes.ts";

const log = (...updates: readonly Uint8Array[]) => updates.map((update, index) => ({ row: index + 1, update }));

describe("the summary of a log", () => {
  test("counts every element once, whichever updates bring it", () => {
    const doc = new Y.Doc();
    doc.clientID = 1;
    doc.getText("t").insert(0, "hello");
    const base = Y.encodeStateAsUpdate(doc);
    doc.getText("t").delete(0, 2);
    const tail = log(Y.encodeStateAsUpdate(doc), bringing(2, 0, 3), deleting(2, 1, 2));
    expect(
      summarizeLog({ base: { row: 9, update: base, summary: undefined }, tail, quarantined: [], sequence: 0 }),
    ).toEqual({
      baseBytes: base.length,
      tailBytes: tail.reduce((sum, { update }) => sum + update.length, 0),
      clients: 2,
      inserted: 8,
      deleted: 3,
      hasGaps: false,
    });
  });

  test("has gaps when updates wait for others", () => {
    expect(summarizeLog({ base: undefined, tail: log(bringing(1, 5, 7)), quarantined: [], sequence: 0 })).toMatchObject(
      {
        baseBytes: 0,
        clients: 1,
        inserted: 2,
        hasGaps: true,
      },
    );
  });

  test("is rejected, with the number of the row, for a row that is not an update", () => {
    const tail = log(bringing(1, 0, 1), Uint8Array.of(1, 2));
    const summarize = () => summarizeLog({ base: undefined, tail, quarantined: [], sequence: 0 });
    expect(summarize).toThrow(StoreError);
    expect(summarize).toThrow("row 2 does not hold a Yjs update: ");
  });
});
