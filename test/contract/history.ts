import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { sequenceOf } from "../../src/storage/history/history-parts.ts";
import type { HistoryAddition, HistoryStore } from "../../src/storage/history/history-store.ts";
import type { RowId, Store } from "../../src/storage/store.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import type { StoreMedium } from "./store-medium.ts";

const second = 1_000;
const begin = 1_700_000_000_000;

interface Added {
  readonly end?: boolean;
  readonly users?: readonly string[];
  readonly versions?: HistoryAddition["versions"];
}

/** The contract of every history. `create` makes a medium without documents. */
export function describeHistory(name: string, create: () => StoreMedium | Promise<StoreMedium>): void {
  describe(name, () => {
    let medium: StoreMedium;
    let clock: FakeClock;
    let store: Store;
    let history: HistoryStore;

    beforeEach(async () => {
      medium = await create();
      clock = new FakeClock(begin);
      await open();
    });

    afterEach(async () => {
      await store.close();
      await medium.remove();
    });

    async function open(): Promise<void> {
      const opened = await medium.open(clock);
      if (opened.history === undefined) throw new Error("the store keeps no history");
      [store, history] = [opened, opened.history];
    }

    async function reopen(): Promise<void> {
      await store.close();
      await open();
    }

    /** Appends one update for each byte, a second after the other, and returns their rows. */
    async function append(document: string, user: string, ...bytes: readonly number[]): Promise<readonly RowId[]> {
      const rows: RowId[] = [];
      for (const byte of bytes) {
        rows.push(...(await store.append([{ document, update: Uint8Array.of(byte), user }])));
        clock.set(second);
      }
      return rows;
    }

    /** Compacts a document, with an addition to its history whose data names its rows. */
    async function compact(document: string, { end = false, users = [], versions = [] }: Added = {}) {
      const { base, tail = [] } = (await store.load(document)) ?? {};
      const progress = await history.progress(document);
      const [first, last] = [progress?.tail[0], progress?.tail.at(-1)];
      if (first === undefined || last === undefined) throw new Error("there is nothing to compact");
      const addition: HistoryAddition = {
        start: progress?.reachesBase
          ? undefined
          : { sequence: first.row - 1, at: first.at ?? 0, data: Buffer.from(`before ${first.row}`) },
        segment: {
          last: last.row,
          startedAt: first.at ?? 0,
          endedAt: last.at ?? 0,
          users,
          marks: Buffer.from(`marks ${last.row}`),
          data: Buffer.from(`from ${first.row} to ${last.row}`),
        },
        end: end ? { sequence: last.row, at: last.at ?? 0, data: Buffer.from(`after ${last.row}`) } : undefined,
        versions,
      };
      await replace(document, { base, tail }, addition);
    }

    async function replace(
      document: string,
      { base, tail = [] }: Partial<Pick<NonNullable<Awaited<ReturnType<Store["load"]>>>, "base" | "tail">>,
      addition?: HistoryAddition,
    ): Promise<void> {
      const rows = [...(base === undefined ? [] : [base]), ...tail].map(({ row }) => row);
      const compacted = { base: Uint8Array.of(99), summary: Uint8Array.of(), rows, quarantined: [] };
      await store.compact(document, { ...compacted, history: addition });
    }

    async function momentAt(document: string, moment: Parameters<HistoryStore["moment"]>[1]): Promise<unknown> {
      const found = await history.moment(document, moment);
      if (found === undefined || found.kind === "unknown") return found?.kind;
      if (found.kind === "updates") return found.updates.map((update) => update[0]);
      return [found.snapshot, ...found.segments].map(({ data }) => Buffer.from(data).toString());
    }

    describe("progress", () => {
      test("tells the origins of the tail, single updates and many at once", async () => {
        const rows = await append("a", "ann", 1, 2);
        const large = Array.from({ length: 300 }, () => ({ document: "a", update: Uint8Array.of(3), user: "bob" }));
        const later = await store.append(large);
        const { tail } = (await history.progress("a")) ?? {};
        expect(tail?.slice(0, 3)).toEqual([
          { row: rows[0] ?? 0, at: begin, user: "ann" },
          { row: rows[1] ?? 0, at: begin + second, user: "ann" },
          { row: later[0] ?? 0, at: begin + 2 * second, user: "bob" },
        ]);
        await reopen();
        expect((await history.progress("a"))?.tail).toEqual(tail ?? []);
      });

      test("reaches the base after a compaction with history, and not after one without", async () => {
        const first = await append("a", "ann", 1);
        expect((await history.progress("a"))?.reachesBase).toBe(false);
        await compact("a", { users: ["ann"] });
        expect(await history.progress("a")).toMatchObject({
          reachesBase: true,
          last: { sequence: first[0] ?? 0, at: begin },
          users: ["ann"],
          tail: [],
        });
        await append("a", "bob", 2);
        await replace("a", (await store.load("a")) ?? {});
        expect(await history.progress("a")).toMatchObject({ reachesBase: false, last: undefined, tail: [] });
      });

      test("counts the bytes since the last snapshot", async () => {
        await append("a", "ann", 1);
        await compact("a");
        const { bytesSinceSnapshot = 0, snapshotBytes = 0 } = (await history.progress("a")) ?? {};
        expect(snapshotBytes).toBe("before 1".length);
        expect(bytesSinceSnapshot).toBe("marks 1from 1 to 1".length);
        await append("a", "ann", 2);
        await compact("a", { end: true });
        expect((await history.progress("a"))?.bytesSinceSnapshot).toBe(0);
      });

      test("a compaction that was begun before the history was removed leaves none", async () => {
        await append("a", "ann", 1);
        await compact("a");
        await append("a", "ann", 2);
        const stored = (await store.load("a")) ?? {};
        await history.erase("a");
        const segment = {
          last: 2,
          startedAt: 0,
          endedAt: 0,
          users: [],
          marks: Buffer.from("m"),
          data: Buffer.from("d"),
        };
        await replace("a", stored, { start: undefined, segment, end: undefined, versions: [] });
        expect(await history.extent("a")).toEqual({ first: undefined, segments: 0, snapshots: 0, bytes: 0 });
        expect((await history.progress("a"))?.reachesBase).toBe(false);
      });
    });

    describe("a moment", () => {
      test("of the history is made of the last snapshot before it and the segments up to it", async () => {
        await append("a", "ann", 1, 2);
        await compact("a");
        await append("a", "ann", 3, 4);
        await compact("a", { end: true });
        await append("a", "ann", 5);
        await compact("a");
        // A base takes a row id as well.
        const moments = [0, 1, 2, 4, 5].map((sequence) => momentAt("a", { sequence }));
        expect(await Promise.all(moments)).toEqual([
          ["before 1"],
          ["before 1", "from 1 to 2"],
          ["before 1", "from 1 to 2"],
          ["before 1", "from 1 to 2", "from 4 to 5"],
          ["after 5"],
        ]);
        const times = [-second, 0, second, 2 * second, 3 * second].map((at) => momentAt("a", { at: begin + at }));
        expect(await Promise.all(times)).toEqual([
          undefined,
          ["before 1", "from 1 to 2"],
          ["before 1", "from 1 to 2"],
          ["before 1", "from 1 to 2", "from 4 to 5"],
          ["after 5"],
        ]);
      });

      test("of the tail, or after it, is made of the base and the updates up to it", async () => {
        await append("a", "ann", 1);
        await compact("a");
        await append("a", "ann", 2, 3);
        expect(await momentAt("a", { sequence: 1 })).toEqual([99]);
        const rows = (await history.progress("a"))?.tail.map(({ row }) => row) ?? [];
        expect(await Promise.all(rows.map((sequence) => momentAt("a", { sequence })))).toEqual([
          [99, 2],
          [99, 2, 3],
        ]);
        expect(await momentAt("a", { at: begin + second })).toEqual([99, 2]);
        expect(await momentAt("a", { at: begin + 60 * second })).toEqual([99, 2, 3]);
      });

      test("is known in the tail without any history, and from the last update on", async () => {
        const [first = 0, second_ = 0] = await append("a", "ann", 1, 2);
        expect(await momentAt("a", { sequence: first - 1 })).toEqual([]);
        expect(await momentAt("a", { sequence: first })).toEqual([1]);
        expect(await momentAt("a", { sequence: second_ })).toEqual([1, 2]);
        expect(await momentAt("a", { at: begin - second })).toBeUndefined();
        await replace("a", (await store.load("a")) ?? {});
        expect(await momentAt("a", { sequence: first })).toBeUndefined();
        expect(await momentAt("a", { sequence: second_ })).toEqual([99]);
        expect(await momentAt("a", { at: begin })).toBeUndefined();
        expect(await momentAt("a", { at: begin + second })).toEqual([99]);
      });

      test("in a part without history is unknown, and the history goes on after it", async () => {
        await append("a", "ann", 1);
        await compact("a");
        await append("a", "ann", 2);
        await replace("a", (await store.load("a")) ?? {});
        await append("a", "ann", 3, 4);
        // Also as long as the next history has not begun.
        expect(await momentAt("a", { at: begin })).toEqual(["before 1", "from 1 to 1"]);
        expect(await momentAt("a", { at: begin + second })).toBe("unknown");
        await compact("a");
        const { sequence = 0 } = (await store.info("a")) ?? {};
        expect(await momentAt("a", { sequence: 1 })).toEqual(["before 1", "from 1 to 1"]);
        expect(await momentAt("a", { sequence: 2 })).toBe("unknown");
        expect(await momentAt("a", { sequence: sequence - 1 })).toEqual([
          `before ${sequence - 1}`,
          `from ${sequence - 1} to ${sequence}`,
        ]);
        expect(await momentAt("a", { at: begin })).toEqual(["before 1", "from 1 to 1"]);
        expect(await momentAt("a", { at: begin + second })).toBe("unknown");
      });

      test("of a deleted document is not shown, and is there again when the deletion is taken back", async () => {
        await append("a", "ann", 1);
        await compact("a");
        await store.delete("a");
        expect(await momentAt("a", { sequence: 1 })).toBeUndefined();
        await store.undelete("a");
        expect(await momentAt("a", { sequence: 1 })).toEqual([99]);
        expect(await momentAt("a", { sequence: 0 })).toEqual(["before 1"]);
      });
    });

    describe("the parts of a history", () => {
      test("are added to a new document of another store, whose own rows follow", async () => {
        await append("a", "ann", 1, 2);
        await compact("a", { end: true, users: ["ann"] });
        await append("a", "ann", 3);
        await compact("a");
        await history.addVersion("a", { sequence: 2, at: begin, name: "draft", users: ["ann"], createdBy: undefined });
        const parts = await Array.fromAsync(history.parts("a"));
        expect(parts.map((part) => `${part.kind} ${sequenceOf(part)}`)).toEqual([
          ...["segment 2", "segment 4", "snapshot 0", "snapshot 2", "version 2"],
        ]);
        await store.purge("a");
        await history.expectParts(1_000);
        const [row = 0] = await append("b", "ben", 9);
        expect(row).toBeGreaterThan(1_001);
        for (const part of [...parts, ...parts]) await history.addPart("b", part);
        expect(await Array.fromAsync(history.parts("b"))).toEqual(parts);
        expect(await momentAt("b", { sequence: 2 })).toEqual(["after 2"]);
        expect(await momentAt("b", { sequence: 4 })).toEqual(["after 2", "from 4 to 4"]);
        expect(await momentAt("b", { sequence: row })).toEqual([9]);
        expect(await momentAt("b", { sequence: 500 })).toBe("unknown");
        // The users of the other history are not those of the changes since.
        expect((await history.progress("b"))?.users).toEqual([]);
        await reopen();
        const [next = 0] = await append("b", "ben", 10);
        expect(next).toBeGreaterThan(row);
        await history.expectParts(5);
        expect((await append("b", "ben", 11))[0]).toBe(next + 1);
      });

      test("of a document that was purged do not reach the next one of its name", async () => {
        const snapshot = { sequence: 1, at: begin, data: Uint8Array.of(1) };
        const part = { kind: "snapshot", isStart: true, snapshot } as const;
        await append("a", "ann", 1);
        const createdAt = (await store.info("a"))?.createdAt;
        await store.purge("a");
        await append("a", "ben", 2);
        await history.addPart("a", part, createdAt);
        expect(await Array.fromAsync(history.parts("a"))).toEqual([]);
        await history.addPart("a", part, (await store.info("a"))?.createdAt);
        expect(await Array.fromAsync(history.parts("a"))).toEqual([part]);
      });

      test("of a document that is not there are left out", async () => {
        expect(await Array.fromAsync(history.parts("nothing"))).toEqual([]);
        await history.addPart("nothing", {
          kind: "snapshot",
          isStart: true,
          snapshot: { sequence: 1, at: 1, data: Uint8Array.of(1) },
        });
        expect(await store.info("nothing")).toBeUndefined();
      });
    });

    describe("versions", () => {
      const version = { at: begin, name: "draft", users: ["ann"], createdBy: "key:ci" };

      test("are listed from the newest, a page at a time, with numbers where a sequence has several", async () => {
        await append("a", "ann", 1, 2);
        await compact("a", { versions: [{ sequence: 1, at: begin, users: ["ann"] }] });
        await history.addVersion("a", { ...version, sequence: 2 });
        await history.addVersion("a", { ...version, sequence: 2, name: "final" });
        const page = async (before?: { sequence: number; number: number }) =>
          (await history.versions("a", { limit: 2, before })).map(({ sequence, number, name }) => [
            sequence,
            number,
            name,
          ]);
        expect(await page()).toEqual([
          [2, 2, "final"],
          [2, 1, "draft"],
        ]);
        expect(await page({ sequence: 2, number: 1 })).toEqual([[1, 0, undefined]]);
        expect(await history.version("a", { sequence: 1, number: 0 })).toEqual({
          ...{ sequence: 1, number: 0, at: begin, name: undefined, users: ["ann"], createdBy: undefined },
        });
      });

      test("that are automatic are left out where there is one already", async () => {
        await append("a", "ann", 1);
        await history.addVersion("a", { ...version, sequence: 1 });
        expect((await history.progress("a"))?.versions).toEqual([1]);
        await compact("a", { versions: [{ sequence: 1, at: begin, users: ["ann"] }] });
        expect((await history.versions("a", { limit: 5 })).map(({ number }) => number)).toEqual([1]);
      });

      test("are renamed, and deleted", async () => {
        await append("a", "ann", 1);
        await history.putVersion("a", { ...version, sequence: 1, number: 0 });
        await history.deleteAutomatic("a", [1]);
        expect(await history.version("a", { sequence: 1, number: 0 })).toMatchObject({ name: "draft" });
        await history.putVersion("a", { ...version, sequence: 1, number: 0, name: undefined });
        await history.deleteAutomatic("a", [1]);
        expect(await history.version("a", { sequence: 1, number: 0 })).toBeUndefined();
        await history.addVersion("a", { ...version, sequence: 1 });
        expect(await history.deleteVersion("a", { sequence: 1, number: 1 })).toBe(true);
        expect(await history.deleteVersion("a", { sequence: 1, number: 1 })).toBe(false);
        expect(await history.putVersion("nothing", { ...version, sequence: 1, number: 0 })).toBe(false);
        expect(await history.addVersion("nothing", { ...version, sequence: 1 })).toBeUndefined();
      });
    });

    describe("shortened", () => {
      async function threeSegments(): Promise<void> {
        for (const byte of [1, 2, 3]) {
          await append("a", "ann", byte);
          await compact("a", { versions: [{ sequence: byte, at: begin, users: [] }] });
        }
      }

      test("a history begins with the given snapshot, and keeps what is newer", async () => {
        // Row ids are taken by bases as well.
        await append("a", "ann", 1);
        await compact("a");
        await append("a", "ann", 2);
        await compact("a");
        const [last] = await history.endedBefore(begin + second, undefined, 10);
        expect(last).toMatchObject({ name: "a", endedAt: begin });
        const expired = await history.expired("a", begin + second);
        expect(expired).toEqual({ last: { sequence: 1, at: begin }, isAll: false });
        await history.shorten("a", { sequence: 1, at: begin, data: Buffer.from("as it was") });
        expect(await momentAt("a", { sequence: 0 })).toBeUndefined();
        expect(await momentAt("a", { sequence: 1 })).toEqual(["as it was"]);
        expect(await momentAt("a", { at: begin })).toEqual(["as it was"]);
        const { sequence = 0 } = (await store.info("a")) ?? {};
        expect(await momentAt("a", { sequence: sequence - 1 })).toEqual([
          "as it was",
          `from ${sequence} to ${sequence}`,
        ]);
        expect(await history.extent("a")).toMatchObject({
          first: { sequence: 1, at: begin },
          segments: 1,
          snapshots: 1,
        });
        expect(await history.expired("a", begin + second)).toBeUndefined();
      });

      test("to nothing, it has gone with its versions, and the next compaction begins a new one", async () => {
        await threeSegments();
        expect((await history.expired("a", begin + 60 * second))?.isAll).toBe(true);
        await history.erase("a");
        expect(await history.versions("a", { limit: 5 })).toEqual([]);
        expect(await history.endedBefore(begin + 60 * second, undefined, 10)).toEqual([]);
        await append("a", "ann", 4);
        await compact("a");
        expect((await history.extent("a")).first).toMatchObject({ at: begin + 3 * second });
      });

      test("to nothing up to a row, it keeps the versions from there on, and what was added meanwhile", async () => {
        await threeSegments();
        const { last } = (await history.expired("a", begin + 60 * second)) ?? {};
        const until = last?.sequence ?? 0;
        const version = { at: begin, name: "named", users: [], createdBy: undefined };
        await history.addVersion("a", { ...version, sequence: until - 1 });
        const named = await history.addVersion("a", { ...version, sequence: until });
        await history.erase("a", until - 1);
        expect((await history.extent("a")).segments).toBe(3);
        await history.erase("a", until);
        expect(await history.extent("a")).toMatchObject({ segments: 0, snapshots: 0 });
        expect((await history.versions("a", { limit: 5 })).filter(({ name }) => name !== undefined)).toEqual([
          named as NonNullable<typeof named>,
        ]);
      });

      test("the base of a document without history is the document until its next update", async () => {
        await append("a", "ann", 1);
        const [last = 0] = await append("a", "ann", 2);
        await replace("a", (await store.load("a")) ?? {});
        await append("another", "ann", 3, 3, 3);
        const [next = 0] = await append("a", "ann", 4);
        expect(await momentAt("a", { sequence: last - 1 })).toBeUndefined();
        for (const sequence of [last, next - 1]) expect(await momentAt("a", { sequence })).toEqual([99]);
        expect((await history.progress("a"))?.baseEnd).toBe(last);
        expect((await history.progress("another"))?.baseEnd).toBeUndefined();
      });

      test("a snapshot of a history that was erased meanwhile, or of a document that was purged, is not taken", async () => {
        await threeSegments();
        const { last } = (await history.expired("a", begin + second)) ?? {};
        const snapshot = { ...(last ?? { sequence: 0, at: 0 }), data: Buffer.from("erased") };
        await history.erase("a");
        await history.shorten("a", snapshot);
        expect(await history.extent("a")).toMatchObject({ segments: 0, snapshots: 0 });
        await store.purge("a");
        await threeSegments();
        await history.shorten("a", snapshot);
        expect(await history.extent("a")).toMatchObject({ segments: 3, snapshots: 1 });
      });

      test("segments are found by their ends, a page at a time", async () => {
        await threeSegments();
        const [first] = await history.endedBefore(begin + 60 * second, undefined, 1);
        const rest = await history.endedBefore(begin + 60 * second, first, 10);
        expect([first, ...rest].map((ended) => ended?.endedAt)).toEqual(
          [0, 1, 2].map((index) => begin + index * second),
        );
      });
    });
  });
}
