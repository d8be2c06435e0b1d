import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { compactUpdates } from "../../../src/relay/compaction/compact-updates.ts";
import { HistoryRecorder } from "../../../src/relay/history/history-recorder.ts";
import { decodeMarks } from "../../../src/relay/history/marks.ts";
import { gc, updateBytes } from "../../support/bytes/update-bytes.ts";

const startAt = 1_700_000_000_000;

/** A document whose tail was sent by these users in turn, so many updates a second. */
interface Hostile {
  readonly updates: readonly Uint8Array[];
  readonly perSecond: number;
  readonly users?: readonly string[];
}

function recorderOf({ perSecond, updates, users }: Hostile, hasBase: boolean): HistoryRecorder {
  const tail = hasBase ? updates.slice(1) : updates;
  return new HistoryRecorder(
    {
      hasBase,
      reachesBase: false,
      baseEnd: undefined,
      snapshotBytes: 0,
      bytesSinceSnapshot: 0,
      last: undefined,
      lastVersion: undefined,
      users: [],
      versions: [],
      origins: tail.map((_, index) => ({
        row: index + 1,
        at: startAt + Math.floor((index * 1_000) / perSecond),
        user: users?.[index % users.length],
      })),
      now: startAt,
      isFinal: false,
    },
    (bytes) => Bun.zstdCompressSync(bytes),
  );
}

/** The milliseconds of CPU time that the shortest of some runs takes: other programs do not count. */
function fastest(runs: number, task: () => void): number {
  const times = Array.from({ length: runs }, () => {
    const before = process.cpuUsage();
    task();
    const { system, user } = process.cpuUsage(before);
    return (system + user) / 1_000;
  });
  return Math.min(...times);
}

/** Updates with one struct each, all of which wait for one that never comes. */
function structsBeyondGaps(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, index) =>
    updateBytes([{ client: 1, clock: 2 + 2 * index, structs: [gc(1)] }]),
  );
}

/** Updates that delete content which never comes, in many small ranges. */
function deletesOfNothing(count: number, ranges: number): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, piece) =>
    updateBytes(
      [],
      [
        {
          client: 1,
          ranges: Array.from({ length: ranges }, (__, range) => [2 * (piece * ranges + range), 1] as const),
        },
      ],
    ),
  );
}

/** Elements nested in each other, as a base, and a tail that changes each of them. */
function deepElements(depth: number): readonly Uint8Array[] {
  const doc = new Y.Doc();
  const elements: Y.XmlElement[] = [];
  doc.transact(() => {
    let parent: Y.XmlFragment = doc.getXmlFragment("xml");
    for (let level = 0; level < depth; level += 1) {
      const element = new Y.XmlElement("p");
      parent.insert(0, [element]);
      elements.push(element);
      parent = element;
    }
  });
  const base = Y.encodeStateAsUpdate(doc);
  const before = Y.encodeStateVector(doc);
  doc.transact(() => {
    for (const element of elements) element.setAttribute("a", "b");
  });
  return [base, Y.encodeStateAsUpdate(doc, before)];
}

describe("the history of a hostile document costs about as much as its compaction", () => {
  test.each<[string, Hostile, hasBase: boolean]>([
    ["structs beyond gaps", { updates: structsBeyondGaps(5_000), perSecond: 500 }, false],
    [
      "structs beyond gaps, of users who take turns",
      { updates: structsBeyondGaps(5_000), perSecond: 500, users: ["ann", "ben"] },
      false,
    ],
    ["deletes of nothing", { updates: deletesOfNothing(100, 2_000), perSecond: 5 }, false],
    ["nested elements", { updates: deepElements(3_000), perSecond: 1 }, true],
  ])("%s", { timeout: 60_000 }, (_, document, hasBase) => {
    const without = fastest(3, () => compactUpdates(document.updates));
    const withHistory = fastest(3, () =>
      compactUpdates(document.updates, { keepsDeleted: false }, recorderOf(document, hasBase)),
    );
    // It is 1.2 to 1.7 times; compiling and collecting garbage add to that at random.
    expect(withHistory).toBeLessThan(3 * without + 100);
  });
});

test("a document whose history would cost too much has a gap instead of a wrong moment, and the same base", () => {
  const document = { updates: structsBeyondGaps(3_000), perSecond: 1 };
  const { base, history, historyGap } = compactUpdates(
    document.updates,
    { keepsDeleted: false },
    recorderOf(document, false),
  );
  expect([history, historyGap]).toEqual([undefined, "skipped"]);
  expect(base).toEqual(compactUpdates(document.updates).base);
});

test("content that waits for a short time does not make the marks coarser", () => {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (let index = 0; index < 40; index += 1) doc.getText("text").insert(index, "x");
  // The third update comes last: what follows it waits.
  const [third] = updates.splice(2, 1);
  if (third === undefined) throw new Error("there is no third update");
  updates.push(third);
  const document = { updates, perSecond: 4 };
  const { history } = compactUpdates(updates, { keepsDeleted: false }, recorderOf(document, false));
  const marks = decodeMarks(Bun.zstdDecompressSync(history?.segment.marks ?? new Uint8Array()));
  expect(marks.map(({ row }) => row)).toEqual([4, 8, 12, 16, 20, 24, 28, 32, 36, 40]);
  expect(marks.map(({ inserted }) => inserted.reduce((sum, { length }) => sum + length, 0))).toEqual([
    ...[2, 0, 0, 0, 0, 0, 0, 0, 0, 38],
  ]);
});
