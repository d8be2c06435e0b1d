import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Clock, systemClock } from "../../../../src/lib/time/clock.ts";
import { createMetrics } from "../../../../src/ops/metrics.ts";
import { openPostgresStore, type SharedStore } from "../../../../src/storage/postgres/postgres-store.ts";
import type { ChangeKind, FollowedUpdate, StoreFollower } from "../../../../src/storage/store.ts";
import { compaction, numbersIn, rowsOf, updateOf } from "../../../support/bytes/counting.ts";
import { Random } from "../../../support/bytes/random.ts";
import { FakeClock } from "../../../support/fakes/fake-clock.ts";
import { isMissing } from "../../../support/processes/programs.ts";
import { PostgresServer } from "../../../support/programs/postgres.ts";

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

/** The reports that a node gets, in order: the numbers of updates, and documents that were changed. */
class Reports implements StoreFollower {
  readonly all: string[] = [];
  readonly updates: FollowedUpdate[] = [];
  #next = Promise.withResolvers<void>();

  appended(updates: readonly FollowedUpdate[]): void {
    this.updates.push(...updates);
    for (const { document, update } of updates) this.#report(`${document} ${numbersOf(update)}`);
  }

  changed(document: string, kind: ChangeKind): void {
    this.#report(`${document} ${kind}`);
  }

  missed(): void {
    this.#report("missed");
  }

  reverted(): void {
    this.#report("reverted");
  }

  /** Resolves when there are so many reports. */
  async until(count: number): Promise<readonly string[]> {
    while (this.all.length < count) await this.#next.promise;
    return this.all;
  }

  #report(report: string): void {
    this.all.push(report);
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }
}

const numbersOf = (update: Uint8Array) =>
  numbersIn({ base: undefined, tail: [{ row: 0, update }], quarantined: [], sequence: 0 });

describe.skipIf(isMissing("postgres"))("a node that follows the others", () => {
  let server: PostgresServer;
  let url: string;

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  afterAll(() => server[Symbol.asyncDispose]());

  beforeEach(async () => {
    url = await server.newSchema();
  });

  const open = (clock: Clock = systemClock, to = url) =>
    openPostgresStore({ url: to, clock, metrics: createMetrics() });

  async function openFollower(
    clock?: Clock,
    to?: string,
  ): Promise<{ readonly store: SharedStore; readonly reports: Reports }> {
    const [store, reports] = [await open(clock, to), new Reports()];
    await store.follow(reports);
    return { store, reports };
  }

  const append = (store: SharedStore, document: string, ...numbers: readonly number[]) =>
    store.append(numbers.map((number) => ({ document, update: updateOf([number]), user: "ann" })));

  test("is told of what they append, in order, with rows and users, and not of its own updates or earlier ones", async () => {
    const a = await openFollower();
    await append(a.store, "d", 1);
    const b = await openFollower();
    await append(b.store, "d", 2);
    const rows = [...(await append(a.store, "d", 3, 4)), ...(await append(a.store, "e", 5))];
    await append(b.store, "d", 6);
    expect(await b.reports.until(3)).toEqual(["d 3", "d 4", "e 5"]);
    expect(b.reports.updates.map(({ row, user }) => [row, user])).toEqual(rows.map((row) => [row, "ann"]));
    expect(await a.reports.until(2)).toEqual(["d 2", "d 6"]);
    await Promise.all([a.store.close(), b.store.close()]);
  });

  test("is told of documents that they compact, delete, undelete and purge", async () => {
    const [a, b] = [await openFollower(), await openFollower()];
    const rows = await append(a.store, "d", 1);
    await b.reports.until(1);
    await a.store.compact("d", compaction(rows, updateOf([1])));
    await b.reports.until(2);
    await a.store.delete("d");
    await a.store.delete("d");
    await b.reports.until(3);
    await a.store.undelete("d");
    await b.reports.until(4);
    await a.store.purge("d");
    await b.reports.until(5);
    await append(a.store, "d", 2);
    const changed = ["compacted", "deleted", "undeleted", "purged"].map((kind) => `d ${kind}`);
    expect(await b.reports.until(6)).toEqual(["d 1", ...changed, "d 2"]);
    await Promise.all([a.store.close(), b.store.close()]);
  });

  test("looks once a second at those whose rings it does not hear", async () => {
    const clock = new FakeClock();
    const silent = await open();
    const { reports, store } = await openFollower(clock);
    await append(silent, "d", 1);
    // The first look may have ended before or after the append.
    while (reports.all.length === 0) {
      clock.advance(1_000);
      await store.list({ limit: 1 });
    }
    expect(reports.all).toEqual(["d 1"]);
    await Promise.all([silent.close(), store.close()]);
  });

  test("goes on where it was when all connections break", async () => {
    const [a, b] = [await openFollower(), await openFollower()];
    await append(a.store, "d", 1);
    await b.reports.until(1);
    await using database = server.connect();
    await database`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'yurt'`;
    await append(a.store, "d", 2);
    expect(await b.reports.until(2)).toEqual(["d 1", "d 2"]);
    await Promise.all([a.store.close(), b.store.close()]);
  });

  test("is told of changes that a node makes at the same time, which is not told of them itself", async () => {
    const [a, b] = [await openFollower(), await openFollower()];
    const documents = Array.from({ length: 12 }, (_, index) => `${index}`);
    await a.store.append(documents.map((document) => ({ document, update: updateOf([1]) })));
    await b.reports.until(12);
    await Promise.all(documents.map((document) => a.store.delete(document)));
    const changed = documents.map((document) => `${document} deleted`);
    expect((await b.reports.until(24)).slice(12).toSorted()).toEqual(changed.toSorted());
    // A look that begins later has ended.
    await append(b.store, "d", 2);
    expect(await a.reports.until(1)).toEqual(["d 2"]);
    await Promise.all([a.store.close(), b.store.close()]);
  });

  test("reports that it has missed something when it has read nothing for too long, by the database's clock", async () => {
    const clock = new FakeClock();
    const silent = await open();
    await using database = server.connect(url);
    const passMinutes = (minutes: number) =>
      database.unsafe(`CREATE OR REPLACE FUNCTION now() RETURNS timestamptz LANGUAGE sql
        AS $$ SELECT pg_catalog.now() + interval '${minutes} minutes' $$`);
    await passMinutes(0);
    // The functions of this schema are preferred to those of Postgres.
    const { reports, store } = await openFollower(clock, `${url},pg_catalog`);
    while (clock.pendingTimers === 0) await store.list({ limit: 1 });
    await append(silent, "d", 1);
    await passMinutes(6);
    clock.advance(1_000);
    expect(await reports.until(1)).toEqual(["missed"]);
    await append(silent, "d", 2);
    while (reports.all.length === 1) {
      clock.advance(1_000);
      await store.list({ limit: 1 });
    }
    expect(reports.all).toEqual(["missed", "d 2"]);
    await Promise.all([silent.close(), store.close()]);
  });

  test("reports that the store has lost something when a writer has, as after a failover", async () => {
    const [a, b] = [await openFollower(), await openFollower()];
    await append(a.store, "d", 1);
    await append(a.store, "d", 2);
    await b.reports.until(2);
    await using database = server.connect(url);
    await database`UPDATE yurt_writers SET head = 1`;
    await append(a.store, "d", 3);
    expect((await b.reports.until(3)).slice(0, 3)).toEqual(["d 1", "d 2", "reverted"]);
    await append(a.store, "d", 4);
    while (!b.reports.all.includes("d 4")) await b.reports.until(b.reports.all.length + 1);
    await Promise.all([a.store.close(), b.store.close()]);
  });

  test("that loads what was changed knows every update in the end", async () => {
    const random = new Random(11);
    const documents = ["x", "y", "z"];
    const reader = await open();
    const known = new Map(documents.map((document) => [document, new Set<number>()]));
    const add = (document: string, numbers: readonly number[]) => {
      for (const number of numbers) known.get(document)?.add(number);
    };
    const loads: Promise<void>[] = [];
    const ended = Promise.withResolvers<void>();
    // Two reports of each node come after all its others: one of an update, and one of a change.
    let missing = 4;
    const end = (document: string) => {
      if (!document.startsWith("last")) return;
      missing -= 1;
      if (missing === 0) ended.resolve();
    };
    await reader.follow({
      appended: (updates) => {
        for (const { document, update } of updates) {
          add(document, numbersOf(update));
          if (document === "last update") end(document);
        }
      },
      changed: (document) => {
        loads.push(reader.load(document).then((loaded) => add(document, numbersIn(loaded))));
        end(document);
      },
      missed: () => ended.reject(new Error("the reader has missed something")),
      reverted: () => ended.reject(new Error("nothing was lost")),
    });
    const nodes = await Promise.all([open(), open()]);
    const compact = async (store: SharedStore, document: string) => {
      const loaded = await store.load(document);
      const base = updateOf(numbersIn(loaded));
      // The other node may have compacted the same rows.
      if (loaded !== undefined) await store.compact(document, compaction(rowsOf(loaded), base)).catch(() => {});
    };
    let next = 0;
    const work = async (store: SharedStore, index: number) => {
      await store.follow(new Reports());
      for (let step = 0; step < 80; step += 1) {
        next += 1;
        if (random.real() < 0.3) await compact(store, random.pick(documents));
        else await append(store, random.pick(documents), next);
      }
      await append(store, `last change of ${index}`, 0);
      await store.purge(`last change of ${index}`);
      await append(store, "last update", 0);
    };
    await Promise.all(nodes.map(work));
    await ended.promise;
    await Promise.all(loads);
    const sorted = (numbers: Iterable<number>) => [...numbers].toSorted((left, right) => left - right);
    for (const document of documents) {
      const stored = numbersIn(await reader.load(document));
      expect(sorted(known.get(document) ?? [])).toEqual(sorted(stored));
      expect(new Set(stored).size).toBe(stored.length);
    }
    await Promise.all([reader, ...nodes].map((store) => store.close()));
  });
});
