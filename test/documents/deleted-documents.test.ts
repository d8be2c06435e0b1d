import { expect, test } from "bun:test";
import { DeletedDocuments } from "../../src/documents/deleted-documents.ts";
import { createMetrics } from "../../src/ops/metrics.ts";
import { updateOf } from "../support/api/documents.ts";
import { settled } from "../support/eventually.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { openMemoryStore } from "../support/fakes/memory-store.ts";
import { recordedLog } from "../support/fakes/recorded-log.ts";

const day = 86_400_000;
const hour = 3_600_000;

function setUp(keepMs: () => number | undefined = () => 30 * day) {
  const clock = new FakeClock();
  const store = openMemoryStore(clock);
  const { events: lines, log } = recordedLog();
  let isFailing = false;
  let isScrubFailing = false;
  let scrubs = 0;
  const scrub = async () => {
    if (isScrubFailing) throw new Error("the database is in use");
    scrubs += 1;
  };
  const documents = {
    scrub,
    list: store.list.bind(store),
    purgeDeleted: async (name: string, until: number) => {
      if (isFailing) throw new Error("no disk");
      const deletedAt = (await store.info(name))?.deletedAt;
      if (deletedAt === undefined || deletedAt > until) return false;
      await store.purge(name);
      // As a client that takes another deletion back while this document is purged.
      await store.undelete("taken back");
      await scrub();
      return true;
    },
  };
  let leads = true;
  const isLeading = () => leads;
  const deleted = new DeletedDocuments({ documents, isLeading, keepMs, clock, log, metrics: createMetrics() });
  const add = async (name: string) => {
    await store.append([{ document: name, update: updateOf(name) }]);
    await store.delete(name);
  };
  const advance = async (ms: number) => {
    clock.advance(ms);
    for (let turn = 0; turn < 20; turn += 1) await settled();
  };
  const names = async () => (await store.list({ state: "any", limit: 1_000 })).map(({ name }) => name);
  const fail = (fails: boolean) => (isFailing = fails);
  const failScrubs = (fails: boolean) => (isScrubFailing = fails);
  const lead = (does: boolean) => (leads = does);
  return { add, advance, deleted, lines, names, store, fail, failScrubs, lead, scrubs: () => scrubs };
}

test("a document is purged when it was deleted so long ago, and no other is", async () => {
  const { add, advance, lines, names, store } = setUp();
  await add("first");
  await store.append([{ document: "present", update: updateOf("x") }]);
  await advance(day);
  await add("second");
  await advance(29 * day - hour);
  expect(await names()).toEqual(["first", "present", "second"]);
  await advance(2 * hour);
  expect(await names()).toEqual(["present", "second"]);
  await advance(day);
  await advance(hour);
  expect(await names()).toEqual(["present"]);
  expect(lines).toMatchObject([
    { event: "deleted-documents-purged", documents: 1 },
    { event: "deleted-documents-purged", documents: 1 },
  ]);
});

test("a document is purged by the server that leads, and by the next one when that has ended", async () => {
  const { add, advance, lead, names } = setUp(() => 0);
  await add("first");
  lead(false);
  await advance(2 * hour);
  expect(await names()).toEqual(["first"]);
  lead(true);
  await advance(hour);
  expect(await names()).toEqual([]);
});

test("a document whose deletion is taken back during a round is not purged", async () => {
  const { add, advance, names } = setUp(() => 0);
  await add("first");
  await add("taken back");
  await advance(hour);
  expect(await names()).toEqual(["taken back"]);
});

test("more than one page is purged in a round", async () => {
  const { add, advance, names } = setUp(() => 0);
  for (let index = 0; index < 250; index += 1) await add(`d${index}`);
  await advance(hour);
  await advance(0);
  await advance(0);
  expect(await names()).toEqual([]);
});

test("deleted documents are kept for ever if so set, and a round that fails is repeated", async () => {
  let keepMs: number | undefined;
  const { add, advance, fail, lines, names } = setUp(() => keepMs);
  await add("doc");
  await advance(1_000 * day);
  expect(await names()).toEqual(["doc"]);
  keepMs = day;
  fail(true);
  await advance(hour);
  expect(lines).toMatchObject([{ event: "deleted-documents-not-purged" }]);
  fail(false);
  await advance(hour);
  expect(await names()).toEqual([]);
});

test("the files are scrubbed in a later round if that has failed after a purge", async () => {
  const { add, advance, failScrubs, names, scrubs } = setUp(() => 0);
  await add("doc");
  failScrubs(true);
  await advance(hour);
  await advance(hour);
  expect([await names(), scrubs()]).toEqual([[], 0]);
  failScrubs(false);
  await advance(hour);
  await advance(hour);
  expect(scrubs()).toBe(1);
});

test("no round begins after the end", async () => {
  const { add, advance, deleted, names } = setUp(() => 0);
  await add("doc");
  await deleted.close();
  await advance(hour);
  expect(await names()).toEqual(["doc"]);
});
