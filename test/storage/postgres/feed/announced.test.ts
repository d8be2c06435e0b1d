import { describe, expect, test } from "bun:test";
import { packBatch } from "../../../../src/storage/postgres/documents/packed-batch.ts";
import { Feed } from "../../../../src/storage/postgres/feed/feed.ts";
import type { ChangeKind, FollowedUpdate, StoreFollower } from "../../../../src/storage/store.ts";
import { FakeNotifications } from "../../../support/database/fake-notifications.ts";
import { FakeClock } from "../../../support/fakes/fake-clock.ts";

/** The batches that are committed, by writer; each has one update, whose row is its number. */
class Committed {
  readonly heads = new Map<number, number>();
  readonly notifications = new FakeNotifications();
  /** The ranges of batches that were read. */
  readonly reads: string[] = [];
  /** The number of times that the heads were read. */
  looks = 0;
  /** If it is set, readings of batches wait for it. */
  gate: Promise<void> | undefined;

  readonly statement = async (text: string, values: readonly unknown[]): Promise<readonly unknown[]> => {
    if (text.includes("yurt_meta")) return [{ value: "cluster" }];
    if (text.includes("timeline")) return [{ timeline: "1" }];
    if (text.includes("LEFT JOIN yurt_writers")) {
      this.looks += 1;
      const rows = [...this.heads].map(([id, head]) => ({ at: 0, startedAt: 0, id, head }));
      return rows.length > 0 ? rows : [{ at: 0, startedAt: 0, id: null, head: null }];
    }
    if (!text.includes("FROM yurt_updates")) return [];
    await this.gate;
    const [writer, after, until] = values.slice(0, 3).map(Number);
    this.reads.push(`${writer}: ${after}-${until}`);
    const numbers = Array.from({ length: (until ?? 0) - (after ?? 0) }, (_, index) => (after ?? 0) + 1 + index);
    return numbers.map((number) => ({
      batch: number,
      document: `d${writer}`,
      row: number,
      data: Buffer.of(number),
      user: null,
      kind: null,
    }));
  };
}

/** The reports of a node, in order. */
class Reports implements StoreFollower {
  readonly all: string[] = [];

  appended(updates: readonly FollowedUpdate[]): void {
    this.all.push(...updates.map(({ document, row, update }) => `${document} ${row} ${update[0]}`));
  }

  changed(document: string, kind: ChangeKind): void {
    this.all.push(`${document} ${kind}`);
  }

  missed(): void {
    this.all.push("missed");
  }

  reverted(): void {
    this.all.push("reverted");
  }
}

async function open(committed: Committed, ownWriters: ReadonlySet<number> = new Set()) {
  const [clock, reports] = [new FakeClock(), new Reports()];
  let repaired = 0;
  const sql = committed.notifications.connect(committed.statement);
  const feed = new Feed({
    pool: sql,
    writer: sql,
    clock,
    follower: reports,
    ownWriters,
    ownHeads: () => new Map(),
    restore: async () => {},
    seen: () => {},
    repaired: (batches) => {
      repaired += batches;
    },
  });
  const starting = feed.start();
  // The probe of the doorbell.
  await settled();
  committed.notifications.deliver();
  await starting;
  await settled();
  committed.reads.length = 0;
  committed.looks = 0;
  return { feed, clock, reports, repaired: () => repaired };
}

/** Lets promises settle; nothing waits for a timer. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
}

/** Commits the next batch of a writer, and has `node` announce it. */
function commit(committed: Committed, node: Feed, writer: number): void {
  const number = (committed.heads.get(writer) ?? 0) + 1;
  committed.heads.set(writer, number);
  const batch = packBatch([{ document: `d${writer}`, update: Uint8Array.of(number) }], 0);
  node.appended({ writer, number }, batch, [number]);
}

async function openTwo(heads: Readonly<Record<number, number>> = { 1: 5 }) {
  const committed = new Committed();
  for (const [writer, head] of Object.entries(heads)) committed.heads.set(Number(writer), head);
  const [a, b] = [await open(committed, new Set([1, 2])), await open(committed)];
  const arrive = async (change?: Parameters<FakeNotifications["deliver"]>[0]) => {
    await settled();
    committed.notifications.deliver(change);
    await settled();
  };
  return { committed, a, b, arrive };
}

/** One node has committed a batch, and the other one reads it when `gate` is resolved; `late` is its announcement. */
async function openReading() {
  const two = await openTwo();
  const { a, arrive, committed } = two;
  const gate = Promise.withResolvers<void>();
  committed.gate = gate.promise;
  commit(committed, a.feed, 1);
  committed.notifications.sent.push({ channel: "yurt", payload: "another node" });
  let late: typeof committed.notifications.sent = [];
  await arrive((sent) => {
    late = sent.filter(({ channel }) => channel !== "yurt");
    return sent.filter(({ channel }) => channel === "yurt");
  });
  return { ...two, gate, late };
}

describe("a feed", () => {
  test("reports an announced batch, and reads nothing", async () => {
    const { a, arrive, b, committed } = await openTwo();
    commit(committed, a.feed, 1);
    await arrive();
    commit(committed, a.feed, 1);
    await arrive();
    expect(b.reports.all).toEqual(["d1 6 6", "d1 7 7"]);
    expect(a.reports.all).toEqual([]);
    expect([committed.looks, committed.reads]).toEqual([0, []]);
  });

  test("reads when an announcement is missing, and reports each batch once", async () => {
    const { a, arrive, b, committed } = await openTwo();
    commit(committed, a.feed, 1);
    await settled();
    commit(committed, a.feed, 1);
    await arrive((sent) => sent.slice(1));
    expect(b.reports.all).toEqual(["d1 6 6", "d1 7 7"]);
    expect(committed.reads).toEqual(["1: 5-7"]);
    commit(committed, a.feed, 1);
    await arrive((sent) => [...sent, ...sent]);
    expect(b.reports.all).toEqual(["d1 6 6", "d1 7 7", "d1 8 8"]);
    expect([committed.reads.length, committed.looks]).toEqual([1, 1]);
  });

  test("reads the first batch of a writer that it does not know: the database may have lost something", async () => {
    const { a, arrive, b, committed } = await openTwo();
    commit(committed, a.feed, 2);
    await arrive();
    expect([b.reports.all, committed.looks, committed.reads]).toEqual([["d2 1 1"], 1, ["2: 0-1"]]);
    commit(committed, a.feed, 2);
    await arrive();
    expect([b.reports.all, committed.looks]).toEqual([["d2 1 1", "d2 2 2"], 1]);
  });

  test("reports what is announced during a reading after it, and no batch twice", async () => {
    const { a, arrive, b, committed, gate, late } = await openReading();
    commit(committed, a.feed, 1);
    commit(committed, a.feed, 1);
    await arrive((sent) => [...late, ...sent]);
    expect(b.reports.all).toEqual([]);
    gate.resolve();
    await settled();
    expect(b.reports.all).toEqual(["d1 6 6", "d1 7 7", "d1 8 8"]);
    expect(committed.reads).toContain("1: 5-6");
  });

  test("reads what is announced during a reading that fails: it may be earlier than what was read", async () => {
    const { arrive, b, committed, gate, late } = await openReading();
    await arrive(() => late);
    committed.gate = undefined;
    gate.reject(new Error("The connection is broken."));
    await settled();
    expect([b.reports.all, committed.reads]).toEqual([["d1 6 6"], ["1: 5-6"]]);
  });

  test("looks once a second, and waits for what is on its way before it reads", async () => {
    const { a, arrive, b, committed } = await openTwo();
    commit(committed, a.feed, 1);
    await settled();
    b.clock.advance(1_000);
    await settled();
    expect([committed.looks, b.reports.all]).toEqual([1, []]);
    await arrive();
    b.clock.advance(100);
    await settled();
    expect([committed.looks, b.reports.all, committed.reads]).toEqual([2, ["d1 6 6"], []]);
    expect(b.repaired()).toBe(0);
    b.clock.advance(999);
    await settled();
    expect(committed.looks).toBe(2);
  });

  test("reads what has not arrived 100 ms after a look, and counts it as repaired", async () => {
    const { a, arrive, b, committed } = await openTwo();
    for (let count = 0; count < 3; count += 1) commit(committed, a.feed, 1);
    await arrive(() => []);
    expect(b.feed.lagBatches).toBe(0);
    b.clock.advance(1_000);
    await settled();
    expect(b.feed.lagBatches).toBe(3);
    b.clock.advance(100);
    await settled();
    expect(b.reports.all).toEqual(["d1 6 6", "d1 7 7", "d1 8 8"]);
    expect([b.repaired(), b.feed.lagBatches, b.feed.behindMs]).toEqual([3, 0, 0]);
  });

  test("looks when it is told what it cannot read, and when a batch is too long to be announced", async () => {
    const { a, arrive, b, committed } = await openTwo();
    committed.heads.set(1, 6);
    const channel = "yurt_batches_cluster";
    committed.notifications.sent.push({ channel, payload: "0123456789abcdefAA==" });
    await arrive((sent) => sent.filter((each) => each.channel === channel));
    expect(b.reports.all).toEqual(["d1 6 6"]);
    committed.heads.set(1, 7);
    const long = packBatch([{ document: "d1", update: new Uint8Array(10_000) }], 0);
    a.feed.appended({ writer: 1, number: 7 }, long, [7]);
    await arrive();
    expect(b.reports.all).toEqual(["d1 6 6", "d1 7 7"]);
  });
});
