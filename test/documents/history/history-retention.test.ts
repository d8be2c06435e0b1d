import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Y from "yjs";
import { DocumentHistory } from "../../../src/documents/history/document-history.ts";
import { docAt, openHistory } from "../../../src/documents/history/history-doc.ts";
import { HistoryRetention } from "../../../src/documents/history/history-retention.ts";
import { runHistoryJob } from "../../../src/documents/history/run-history-job.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { compactUpdates } from "../../../src/relay/compaction/compact-updates.ts";
import { historyInput } from "../../../src/relay/history/history-input.ts";
import { HistoryRecorder } from "../../../src/relay/history/history-recorder.ts";
import type { HistoryStore, Moment } from "../../../src/storage/history/history-store.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import type { RowId, Store } from "../../../src/storage/store.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";

const dayMs = 86_400_000;

let folder: string;
let clock: FakeClock;
let store: Store;
let history: HistoryStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "yurt-retention-"));
  clock = new FakeClock();
  const opened = openSqliteStore({ file: join(folder, "store.db"), metrics: createMetrics(), clock });
  if (opened.history === undefined) throw new Error("the store keeps no history");
  [store, history] = [opened, opened.history];
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** Types a word into a document, and compacts it. Returns the row. */
async function typeWord(name: string, doc: Y.Doc, word: string): Promise<RowId> {
  const updates: Uint8Array[] = [];
  doc.once("update", (update: Uint8Array) => updates.push(update));
  doc.getText("text").insert(0, word);
  const [row = 0] = await store.append(updates.map((update) => ({ document: name, update, user: "ann" })));
  const { base, tail = [] } = (await store.load(name)) ?? {};
  const entries = [...(base === undefined ? [] : [base]), ...tail];
  const rows = entries.map((entry) => entry.row);
  const facts = { rows, tailCount: tail.length, now: clock.now(), isFinal: true };
  const input = historyInput(await history.progress(name), facts);
  const recorder = input && new HistoryRecorder(input, Bun.zstdCompressSync);
  const compacted = compactUpdates(
    entries.map(({ update }) => update),
    { keepsDeleted: false },
    recorder,
  );
  await store.compact(name, { ...compacted, rows, quarantined: [] });
  return row;
}

async function textAt(name: string, moment: Moment): Promise<string | undefined> {
  const stored = await history.moment(name, moment);
  if (stored === undefined || stored.kind === "unknown") return undefined;
  return docAt(openHistory(stored, moment, Bun.zstdDecompressSync))
    .getText("text")
    .toString();
}

/** Runs one round, and resolves with its log. */
async function runRound(keepMs: (name: string) => number): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const compression = { compress: Bun.zstdCompressSync, decompress: Bun.zstdDecompressSync };
  const queue = {
    run: async ({ take }: { readonly take: () => Promise<Parameters<typeof runHistoryJob>[0]["job"]> }) => {
      const reply = runHistoryJob({ job: await take(), maxDocBytes: 2 ** 28 }, compression);
      if (reply.kind === "refused" || reply.kind === "failed") throw new Error(reply.message);
      return reply;
    },
  };
  const unused = () => {
    throw new Error("the retention opens no document");
  };
  const documents = { compact: unused, open: unused, write: unused, scrub: unused };
  const documentHistory = new DocumentHistory({ documents, history, queue, clock, restored: unused });
  const { log, events } = recordedLog();
  const isLeading = () => true;
  const retention = new HistoryRetention({ history, documents: documentHistory, isLeading, keepMs, clock, log });
  clock.advance(90_000);
  await eventually("a round", () => events.some((each) => each["event"] === "history-shortened"));
  await retention.close();
  return events;
}

test("history that is older than it is kept goes, by the document's name, and what is newer stays exact", async () => {
  const keepMs = (name: string) => (name === "long" ? 365 : 90) * dayMs;
  const [short, long] = [new Y.Doc(), new Y.Doc()];
  const rows: RowId[] = [];
  for (const word of ["one ", "two ", "three "]) {
    rows.push(await typeWord("short", short, word), await typeWord("long", long, word));
    clock.set(50 * dayMs);
  }
  await runRound(keepMs);
  const at = (index: number) => ({ sequence: rows[index] ?? 0 });
  // 150, 100 and 50 days ago.
  expect(await Promise.all([0, 2, 4].map((index) => textAt("short", at(index))))).toEqual([
    undefined,
    "two one ",
    "three two one ",
  ]);
  expect(await Promise.all([1, 3, 5].map((index) => textAt("long", at(index))))).toEqual([
    "one ",
    "two one ",
    "three two one ",
  ]);
  expect((await history.versions("short", { limit: 9 })).map(({ sequence }) => sequence)).toEqual([
    at(4).sequence,
    at(2).sequence,
  ]);
});

test("a version that is named after a long pause stays readable when all of the history is too old", async () => {
  const doc = new Y.Doc();
  const last = await typeWord("doc", doc, "one ");
  clock.set(100 * dayMs);
  const named = { sequence: last, at: clock.now(), name: "final", users: ["ann"], createdBy: "ann" };
  expect(await history.addVersion("doc", named)).toBeDefined();
  await runRound(() => 90 * dayMs);
  expect(await history.extent("doc")).toMatchObject({ segments: 0, snapshots: 0 });
  expect((await history.versions("doc", { limit: 9 })).map(({ name }) => name)).toContain("final");
  expect(await textAt("doc", { sequence: last })).toBe("one ");
  await typeWord("another", new Y.Doc(), "between ");
  await typeWord("doc", doc, "two ");
  expect((await history.extent("doc")).segments).toBe(1);
  expect(await textAt("doc", { sequence: last })).toBe("one ");
});

test("the history of a document that is damaged keeps that of no other", async () => {
  const [damaged, whole] = [new Y.Doc(), new Y.Doc()];
  const rows: RowId[] = [];
  for (const word of ["one ", "two "]) {
    rows.push(await typeWord("damaged", damaged, word), await typeWord("whole", whole, word));
    clock.set(80 * dayMs);
  }
  const [first = 0, ofWhole = 0] = rows;
  const snapshot = { sequence: first, at: 0, data: Uint8Array.of(1, 2, 3) };
  await history.addPart("damaged", { kind: "snapshot", isStart: true, snapshot });
  const events = await runRound(() => 90 * dayMs);
  expect(events).toContainEqual(expect.objectContaining({ event: "history-not-shortened", failures: 1 }));
  expect(events).toContainEqual(expect.objectContaining({ event: "history-shortened", documents: 1 }));
  expect((await history.extent("damaged")).segments).toBe(2);
  expect(await textAt("whole", { sequence: ofWhole - 1 })).toBeUndefined();
});

test("an erasure says so if the document cannot be compacted, and its updates keep what was deleted", async () => {
  const doc = new Y.Doc();
  await typeWord("doc", doc, "one ");
  await store.append([{ document: "doc", update: Uint8Array.of(0, 0), user: "ann" }]);
  const unused = () => {
    throw new Error("an erasure does nothing else");
  };
  let compact = async () => {};
  const documents = { compact: () => compact(), scrub: () => store.scrub(), open: unused, write: unused };
  const options = { documents, history, queue: { run: unused }, clock, restored: unused };
  const documentHistory = new DocumentHistory(options);
  await expect(documentHistory.erase("doc")).rejects.toThrow("cannot be compacted");
  expect((await history.extent("doc")).segments).toBe(0);
  compact = async () => {
    await typeWord("doc", doc, "two ");
    // Somebody types on.
    await store.append([{ document: "doc", update: Uint8Array.of(0, 0), user: "ann" }]);
  };
  await documentHistory.erase("doc");
  expect((await history.extent("doc")).segments).toBe(0);
});

test("versions are thinned however many there are", async () => {
  const doc = new Y.Doc();
  const last = await typeWord("doc", doc, "one ");
  clock.set(100 * dayMs);
  const recent = await typeWord("doc", doc, "two ");
  const version = (sequence: number, at: number) =>
    history.putVersion("doc", { sequence, at, number: 0, name: undefined, users: [], createdBy: undefined });
  const now = clock.now();
  for (let index = 0; index < 1_100; index += 1) await version(recent + 10 + index, now - index);
  const hour = Math.floor((now - 2 * dayMs) / 3_600_000) * 3_600_000;
  for (let index = 1; index <= 3; index += 1) await version(recent + index, hour + index);
  await runRound(() => 90 * dayMs);
  const kept: number[] = [];
  for (let before: { sequence: number; number: number } | undefined; ; ) {
    const page = await history.versions("doc", { before, limit: 500 });
    kept.push(...page.map(({ sequence }) => sequence));
    before = page.at(-1);
    if (before === undefined) break;
  }
  expect(kept).toHaveLength(1_103);
  expect(kept.slice(-3)).toEqual([recent + 3, recent, last]);
});
