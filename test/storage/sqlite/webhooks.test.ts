import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { type FileStore, openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import type { StoredMessage } from "../../../src/storage/webhook-store.ts";
import { endpointOf } from "../../support/webhooks/endpoint.ts";

let folder: string;
let store: FileStore;

const open = () => openSqliteStore({ file: join(folder, "store.db"), metrics: createMetrics() });
const update = Uint8Array.of(1);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "yurt-webhooks-"));
  store = open();
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

async function reopen(): Promise<void> {
  await store.close();
  store = open();
}

const append = async (document: string, user?: string) =>
  (await store.append([{ document, update, user }]))[0] ?? Number.NaN;
const types = async (endpoint = "one") => (await store.webhooks.messages(endpoint, 100)).map(({ type }) => type);
const firstPage = { after: "", limit: 100 };

describe("messages about documents", () => {
  test("are recorded with the changes that they tell of, in order, for the endpoints that subscribe", async () => {
    await store.webhooks.save(endpointOf("one", { documents: ["notes/*"] }));
    await store.webhooks.save(endpointOf("two", { events: ["doc.purged"] }));
    await append("notes/a");
    await append("notes/a");
    await append("other");
    await store.delete("notes/a");
    await store.delete("notes/a");
    await store.undelete("notes/a");
    await store.undelete("notes/a");
    await store.purge("notes/a");
    await store.purge("notes/a");
    expect(await types()).toEqual(["doc.created", "doc.deleted", "doc.undeleted", "doc.purged"]);
    expect(await types("two")).toEqual(["doc.purged"]);
    const [created, deleted] = await store.webhooks.messages("one", 2);
    expect(JSON.parse(created?.body ?? "")).toEqual({
      type: "doc.created",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      data: { document: "notes/a" },
    });
    // The first has come before all updates, the second after both of this document.
    expect([created?.sequence, deleted?.sequence]).toEqual([0, 3]);
  });

  test("are recorded with a version that is made", async () => {
    await store.webhooks.save(endpointOf("one", { events: ["version.created"] }));
    const sequence = await append("a");
    const version = { sequence, at: 1, name: "draft", users: [], createdBy: "key:ci" };
    await store.history?.addVersion("a", version);
    await store.history?.addVersion("unknown", version);
    const [created, ...others] = await store.webhooks.messages("one", 9);
    expect(JSON.parse(created?.body ?? "").data).toEqual({ document: "a", sequence, name: "draft", user: "key:ci" });
    expect(others).toEqual([]);
  });

  test("survive a start, and nothing is recorded for a disabled endpoint", async () => {
    await store.webhooks.save(endpointOf("one"));
    await append("a");
    await reopen();
    const disabled = { reason: "request", at: 1 } as const;
    await store.webhooks.save(endpointOf("one", { disabled }));
    await append("b");
    expect(await store.webhooks.endpoints()).toEqual([endpointOf("one", { disabled })]);
    expect((await store.webhooks.messages("one", 9)).map(({ document }) => document)).toEqual(["a"]);
  });

  test("are not recorded if the change fails", async () => {
    await store.webhooks.save(endpointOf("one"));
    const database = new Database(join(folder, "store.db"));
    database.run("CREATE TRIGGER full BEFORE INSERT ON journal BEGIN SELECT raise(ABORT, 'full'); END");
    expect(() => store.append([{ document: "a", update }])).toThrow();
    database.run("DROP TRIGGER full");
    database.close(true);
    expect(await types()).toEqual([]);
    await append("b");
    expect(await types()).toEqual(["doc.created"]);
  });
});

test("an endpoint for which very many messages wait is told of no more events, and of updates all the same", async () => {
  await store.webhooks.save(endpointOf("one"));
  await store.webhooks.save(endpointOf("two"));
  await store.close();
  const database = new Database(join(folder, "store.db"));
  database.run(`
    WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 100000)
    INSERT INTO webhook_messages (webhook, document, message, type, sequence, body, attempts, due_at)
      SELECT 'one', 'old', number, 'doc.deleted', 0, '{}', 0, 1 FROM numbers`);
  database.close(true);
  const metrics = createMetrics();
  store = openSqliteStore({ file: join(folder, "store.db"), metrics });
  await append("a");
  expect(await types("two")).toEqual(["doc.created"]);
  expect((await store.webhooks.lane("one", "a")).next).toBeUndefined();
  expect((await store.webhooks.documentsWithChanges("one", firstPage)).documents).toEqual(["a"]);
  expect(await metrics.registry.metrics()).toContain("yurt_change_webhook_dropped_events_total 1");
  const [oldest] = await store.webhooks.messages("one", 1);
  if (oldest !== undefined) await store.webhooks.delivered("one", oldest);
  await store.delete("a");
  expect((await store.webhooks.lane("one", "a")).next?.type).toBe("doc.deleted");
});

describe("a cursor", () => {
  const report = async (document: string, sequence: number, cursor: number): Promise<StoredMessage> => {
    const facts = { id: `msg_${sequence}`, type: "doc.updated", body: "{}", attempts: 0, failedAt: undefined } as const;
    const message = { ...facts, document, sequence, dueAt: 1 };
    await store.webhooks.begin("one", message, cursor);
    return message;
  };

  test("moves when a message is delivered, and shows which documents have later updates", async () => {
    await append("old");
    await store.webhooks.save(endpointOf("one", { events: ["doc.updated"] }));
    expect(await store.webhooks.documentsWithChanges("one", firstPage)).toEqual({ documents: [], next: undefined });
    const [first, second] = [await append("a"), await append("b", "ann")];
    expect((await store.webhooks.documentsWithChanges("one", firstPage)).documents).toEqual(["a", "b"]);
    const message = await report("a", first, 0);
    expect(await store.webhooks.lane("one", "a")).toEqual({ next: message, cursor: 0 });
    await store.webhooks.delivered("one", message);
    expect(await store.webhooks.lane("one", "a")).toEqual({ next: undefined, cursor: first });
    await reopen();
    expect((await store.webhooks.documentsWithChanges("one", firstPage)).documents).toEqual(["b"]);
    expect(await store.webhooks.changes("b", 0)).toEqual({ sequence: second, users: ["ann"], bytes: 1 });
    expect(await store.webhooks.changes("b", second)).toBeUndefined();
  });

  test("looks at a bounded number of documents at a time", async () => {
    await store.webhooks.save(endpointOf("one", { events: ["doc.updated"] }));
    for (const name of ["a", "b", "c"]) await append(name);
    const page = await store.webhooks.documentsWithChanges("one", { after: "", limit: 2 });
    expect(page).toEqual({ documents: ["a", "b"], next: "b" });
    expect(await store.webhooks.documentsWithChanges("one", { after: "b", limit: 2 })).toEqual({
      documents: ["c"],
      next: undefined,
    });
  });

  test("of a purged document is gone, and is not made again by a message that was on its way", async () => {
    await store.webhooks.save(endpointOf("one", { events: ["doc.updated"] }));
    const message = await report("secret name", await append("secret name"), 0);
    await store.purge("secret name");
    await store.webhooks.delivered("one", message);
    await store.close();
    const database = new Database(join(folder, "store.db"));
    expect(database.query("SELECT * FROM webhook_cursors").all()).toEqual([]);
    database.close(true);
    store = open();
  });

  test("moves as well when updates are given up, and the message can be read until it is pruned", async () => {
    await store.webhooks.save(endpointOf("one", { events: ["doc.updated"] }));
    const row = await append("a");
    const message = await report("a", row, 0);
    const failed = { ...message, attempts: 9, dueAt: undefined, failedAt: 50 };
    await store.webhooks.failed("one", failed);
    expect(await store.webhooks.lane("one", "a")).toEqual({ next: undefined, cursor: row });
    expect(await store.webhooks.message("one", message.id)).toEqual(failed);
    await store.webhooks.prune(50);
    expect(await store.webhooks.message("one", message.id)).toEqual(failed);
    await store.webhooks.prune(51);
    expect(await store.webhooks.message("one", message.id)).toBeUndefined();
  });
});

test("an endpoint that is removed leaves nothing behind", async () => {
  await store.webhooks.save(endpointOf("one"));
  await append("a");
  await store.webhooks.remove("one");
  await store.close();
  const database = new Database(join(folder, "store.db"));
  for (const table of ["webhooks", "webhook_cursors", "webhook_messages"])
    expect(database.query(`SELECT * FROM ${table}`).all()).toEqual([]);
  database.close(true);
  store = open();
});
