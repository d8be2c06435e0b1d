import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { type FileStore, openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import { describeWebhooks } from "../../contract/webhooks.ts";
import { createSqliteMedium } from "../../support/sqlite-medium.ts";
import { endpointOf } from "../../support/webhooks/endpoint.ts";

describeWebhooks("webhooks in SQLite", createSqliteMedium);

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

const append = async (document: string, user?: string) =>
  (await store.append([{ document, update, user }]))[0] ?? Number.NaN;
const types = async (endpoint = "one") => (await store.webhooks.messages(endpoint, 100)).map(({ type }) => type);
const firstPage = { after: "", limit: 100 };

test("messages are not recorded if the change fails", async () => {
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

test("a purged document leaves no cursor behind", async () => {
  await store.webhooks.save(endpointOf("one", { events: ["doc.updated"] }));
  const facts = { id: "msg_1", type: "doc.updated", body: "{}", attempts: 0, dueAt: 1, failedAt: undefined } as const;
  const message = { ...facts, document: "secret name", sequence: await append("secret name") };
  await store.webhooks.begin("one", message, 0);
  await store.purge("secret name");
  await store.webhooks.delivered("one", message);
  await store.close();
  const database = new Database(join(folder, "store.db"));
  expect(database.query("SELECT * FROM webhook_cursors").all()).toEqual([]);
  database.close(true);
  store = open();
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
