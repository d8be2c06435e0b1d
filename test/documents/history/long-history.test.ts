import { expect, setDefaultTimeout, test } from "bun:test";
import * as Y from "yjs";
import { docAt, openHistory } from "../../../src/documents/history/history-doc.ts";
import { compactUpdates } from "../../../src/relay/compaction/compact-updates.ts";
import { shouldCompact } from "../../../src/relay/compaction/compactor.ts";
import { HistoryRecorder } from "../../../src/relay/history/history-recorder.ts";
import type { HistorySegment, HistorySnapshot, UpdateTime } from "../../../src/storage/history/history-store.ts";
import { readHistory } from "../../support/bytes/histories.ts";

setDefaultTimeout(600_000);

/** A time model: 5,000 keystrokes an hour. */
const msPerKeystroke = 720;
const compress = (bytes: Uint8Array) => Bun.zstdCompressSync(bytes, { level: 9 });

/** The CPU time that a moment may take, also at the end of the whole document. */
const maxMs = 50;

/** As many keystrokes as fit in the time of a check; YURT_TEST_KEYSTROKES=259778 for all of the document. */
const keystrokes = Number(process.env["YURT_TEST_KEYSTROKES"] ?? 20_000);

/** The history of a document whose updates come one by one, and are compacted as the server does it. */
class Recorded {
  readonly segments: HistorySegment[] = [];
  readonly snapshots: HistorySnapshot[] = [];
  #base: Uint8Array | undefined;
  #tail: { readonly update: Uint8Array; readonly row: number }[] = [];
  #tailBytes = 0;
  #sinceSnapshot = 0;
  #lastVersion: UpdateTime | undefined;

  add(update: Uint8Array, row: number): void {
    this.#tail.push({ update, row });
    this.#tailBytes += update.byteLength;
    if (shouldCompact(this.#tailBytes, this.#base?.byteLength ?? 0)) this.compact();
  }

  compact(): void {
    const last = this.segments.at(-1);
    const recorder = new HistoryRecorder(
      {
        hasBase: this.#base !== undefined,
        reachesBase: last !== undefined,
        baseEnd: undefined,
        snapshotBytes: this.snapshots.at(-1)?.data.byteLength ?? 0,
        bytesSinceSnapshot: this.#sinceSnapshot,
        last: last && { sequence: last.last, at: last.endedAt },
        lastVersion: this.#lastVersion,
        users: [],
        versions: [],
        origins: this.#tail.map(({ row }) => ({ row, at: row * msPerKeystroke, user: "ann" })),
        now: 0,
        isFinal: false,
      },
      compress,
    );
    const updates = [...(this.#base === undefined ? [] : [this.#base]), ...this.#tail.map(({ update }) => update)];
    const { base, history } = compactUpdates(updates, { keepsDeleted: false }, recorder);
    if (history === undefined) throw new Error("nothing was recorded");
    const { start, segment, end, versions } = history;
    this.segments.push(segment);
    this.#sinceSnapshot += segment.marks.byteLength + segment.data.byteLength;
    this.#lastVersion = versions.at(-1) ?? this.#lastVersion;
    for (const snapshot of [start, end]) {
      if (snapshot === undefined) continue;
      this.snapshots.push(snapshot);
      this.#sinceSnapshot = 0;
    }
    [this.#base, this.#tail, this.#tailBytes] = [base, [], 0];
  }

  get bytes(): number {
    const segments = this.segments.reduce((sum, { marks, data }) => sum + marks.byteLength + data.byteLength, 0);
    return this.snapshots.reduce((sum, { data }) => sum + data.byteLength, segments);
  }

  /** The text at a keystroke or just before it, the keystroke that it ends with, and the milliseconds of CPU time that it takes. */
  textAt(row: number): { readonly text: string; readonly last: number; readonly ms: number } {
    const snapshot = this.snapshots.findLast(({ sequence }) => sequence <= row);
    if (snapshot === undefined) throw new Error("the moment is before the history");
    const end = this.segments.findIndex(({ last }) => last >= row) + 1;
    const segments = this.segments.slice(0, end).filter(({ last }) => last > snapshot.sequence);
    const before = process.cpuUsage();
    const moment = { sequence: row };
    const opened = openHistory({ kind: "history", snapshot, segments }, moment, Bun.zstdDecompressSync);
    const text = docAt(opened).getText("text").toString();
    const { system, user } = process.cpuUsage(before);
    return { text, last: opened.last.sequence, ms: (system + user) / 1_000 };
  }
}

test("the history of a long document takes a small part of its updates, and each of its moments a short time", () => {
  const history = readHistory("automerge-paper", keystrokes);
  if (history === undefined) {
    console.warn("skipped: ../shared/data is missing");
    return;
  }
  const recorded = new Recorded();
  for (const [index, update] of history.updates.entries()) recorded.add(update, 1 + index);
  recorded.compact();
  const logBytes = history.updates.reduce((sum, update) => sum + update.byteLength, 0);
  const part = recorded.bytes / logBytes;
  const times: number[] = [];
  const doc = new Y.Doc();
  let applied = 0;
  for (const part of [0.1, 0.25, 0.5, 0.75, 0.9, 0.99]) {
    const row = Math.floor(part * history.updates.length);
    const { last, ms, text } = recorded.textAt(row);
    // Two keystrokes may be in one second.
    expect([row - 1, row]).toContain(last);
    doc.transact(() => {
      for (; applied < last; applied += 1) Y.applyUpdate(doc, history.updates[applied] ?? Uint8Array.of(0, 0));
    });
    expect(text).toBe(doc.getText("text").toString());
    times.push(Math.min(ms, ...[1, 2].map(() => recorded.textAt(row).ms)));
  }
  if (process.env["YURT_TEST_KEYSTROKES"] !== undefined)
    console.info(`${(100 * part).toFixed(2)} % of the log; ${times.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  expect(part).toBeLessThan(keystrokes > 200_000 ? 0.06 : 0.08);
  expect(Math.max(...times)).toBeLessThan(maxMs);
});
