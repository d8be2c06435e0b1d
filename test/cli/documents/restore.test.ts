import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import * as Y from "yjs";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import { TestClients } from "../../support/clients/providers.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { documentsIn, Workshop } from "../../support/processes/data-folder.ts";
import { type ProgramOptions, yurt } from "../../support/processes/run-program.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";
import { endpointOf } from "../../support/webhooks/endpoint.ts";

let workshop: Workshop;
let data: string;

/** The time of the first update; the others follow every ten seconds. */
const firstAt = Date.parse("2026-01-01T12:00:00Z");

beforeEach(async () => {
  workshop = new Workshop();
  data = workshop.file("data");
  mkdirSync(data);
  const clock = new FakeClock(firstAt);
  const store = openSqliteStore({ file: join(data, "yurt.db"), metrics: createMetrics(), clock });
  const updates = updatesOf((doc) => {
    doc.getText("t").insert(0, "first");
    doc.getText("t").delete(0, 5);
    doc.getText("t").insert(0, "second");
  });
  for (const update of updates) {
    await store.append([{ document: "notes", update }]);
    clock.advance(10_000);
  }
  await store.close();
});

afterEach(() => workshop[Symbol.dispose]());

const documents = (args: readonly string[], options?: ProgramOptions) =>
  yurt(["documents", ...args, "--data", data], options);

async function text(name = "notes", folder = data): Promise<string> {
  const doc = new Y.Doc();
  const { [name]: updates = [] } = await documentsIn(join(folder, "yurt.db"));
  for (const update of updates) Y.applyUpdate(doc, Uint8Array.from(update));
  return doc.getText("t").toString();
}

test.each([[false], [true]])(
  "a document is made as it was, deleted text included, and back again (compacted before: %j)",
  async (isCompacted) => {
    if (isCompacted) await documents(["compact"]);
    expect(await documents(["restore", "notes", "--at", "1"])).toEqual({ code: 0, out: "restored\tnotes\n", err: "" });
    expect(await text()).toBe("first");
    expect((await documents(["restore", "notes", "--at", "3"])).out).toBe("restored\tnotes\n");
    expect(await text()).toBe("second");
    expect((await documents(["restore", "notes", "--at", "2026-01-01T12:00:05Z"])).code).toBe(0);
    expect(await text()).toBe("first");
  },
);

test("nothing is changed for a moment to come, and one before the document is not known", async () => {
  expect((await documents(["restore", "notes", "--at", "2099-01-01"])).out).toBe("unchanged\tnotes\n");
  await documents(["compact"]);
  expect(await documents(["restore", "notes", "--at", "2025-01-01"])).toEqual({
    code: 1,
    out: "",
    err: "yurt: The history of notes does not have this moment. See history.keep.\n",
  });
});

test("the state before is a version, and webhooks will be told, also without a server", async () => {
  const opened = () => openSqliteStore({ file: join(data, "yurt.db"), metrics: createMetrics() });
  const before = opened();
  await before.webhooks.save(endpointOf("wh_1", { events: ["doc.restored"] }));
  await before.close();
  await documents(["restore", "notes", "--at", "1", "--dry-run"]);
  await documents(["restore", "notes", "--at", "1"]);
  const after = opened();
  const versions = await after.history.versions("notes", { limit: 10 });
  const messages = await after.webhooks.messages("wh_1", 10);
  await after.close();
  expect(versions).toEqual([
    ...[{ sequence: 3, number: 0, at: firstAt + 20_000, name: undefined, users: [], createdBy: undefined }],
  ]);
  expect(messages.map(({ body }) => JSON.parse(body))).toMatchObject([
    { type: "doc.restored", data: { document: "notes", sequence: expect.any(Number), restoredSequence: 1 } },
  ]);
});

test("a copy of a moment has the content of then, with a server and without", async () => {
  const fork = (copy: string, at: string) => documents(["fork", "notes", copy, "--at", at]);
  expect(await fork("offline", "1")).toEqual({ code: 0, out: "created\toffline\n", err: "" });
  expect(await text("offline")).toBe("first");
  expect((await fork("other", "2001-01-01")).err).toBe(
    "yurt: The history of notes does not have this moment. See history.keep.\n",
  );
  expect((await fork("other", "yesterday")).code).toBe(2);
  await using server = await startTestServer({ dataFolder: data });
  expect(await fork("online", "1")).toEqual({ code: 0, out: "created\tonline\n", err: "" });
  expect((await fork("online", "3")).code).toBe(1);
  expect((await documents(["fork", "nothing", "other", "--at", "1"])).err).toContain("There is no document nothing.");
  await server.stop();
  expect(await text("online")).toBe("first");
});

test.each([
  ["a folder", "a folder"],
  ["a folder", "a server"],
  ["a server", "a folder"],
  ["a server", "a server"],
])("an export of %s with its history brings it to %s", async (from, to) => {
  await documents(["compact"]);
  const file = workshop.file("export.ndjson");
  const other = workshop.file("other");
  mkdirSync(other);
  const within = async (kind: string, dataFolder: string, args: readonly string[]) => {
    await using server = kind === "a server" ? await startTestServer({ dataFolder }) : undefined;
    const result = await yurt(["documents", ...args, "--data", dataFolder]);
    await server?.stop();
    return result;
  };
  expect((await within(from, data, ["export", "--history", "--output", file])).err).toBe("");
  const imported = await within(to, other, ["import", "--from", "ndjson", file]);
  expect([imported.code, imported.err]).toEqual([0, ""]);
  for (const [copy, at] of Object.entries({ first: "1", second: "3" })) {
    expect((await within(to, other, ["fork", "notes", copy, "--at", at])).err).toBe("");
    expect(await text(copy, other)).toBe(copy);
  }
  // Again it brings nothing.
  expect((await within(to, other, ["import", "--from", "ndjson", file])).out).toContain("known");
});

test("a dry run writes nothing", async () => {
  const before = await documentsIn(join(data, "yurt.db"));
  const { out } = await documents(["restore", "notes", "--at", "1", "--dry-run"], { isTTY: true });
  expect(out).toBe("  OUTCOME  NAME\n restored  notes\n\nNothing was written.\n");
  expect(await documentsIn(join(data, "yurt.db"))).toEqual(before);
});

test("a moment that is none, and a document that is not there, are named", async () => {
  const { code, err } = await documents(["restore", "notes", "--at", "yesterday"]);
  expect([code, err]).toEqual([2, expect.stringContaining("Give the moment with --at")]);
  expect((await documents(["restore", "notes"])).code).toBe(2);
  expect((await documents(["restore", "nots", "--at", "1"])).err).toBe(
    "yurt: There is no document nots. Did you mean notes?\n",
  );
  await documents(["delete", "notes"]);
  expect((await documents(["restore", "notes", "--at", "1"])).err).toContain("notes is deleted.");
});

test("a running server restores with the same words, and its clients see it", async () => {
  await documents(["compact"]);
  await using server = await startTestServer({ dataFolder: data });
  await using clients = new TestClients();
  const client = clients.connect(server.wsUrl, "notes");
  const shared = client.doc.getText("t");
  await eventually("second", () => shared.toString() === "second");
  expect((await documents(["restore", "notes", "--at", "1", "--dry-run"])).out).toBe("restored\tnotes\n");
  expect(shared.toString()).toBe("second");
  expect(await documents(["restore", "notes", "--at", "1"])).toEqual({ code: 0, out: "restored\tnotes\n", err: "" });
  await eventually("first", () => shared.toString() === "first");
  expect((await documents(["restore", "notes", "--at", "2026-01-01T12:00:20Z"])).code).toBe(0);
  await eventually("second again", () => shared.toString() === "second");
  expect((await documents(["restore", "notes", "--at", "2025-01-01"])).err).toBe(
    "yurt: The history of notes does not have this moment. See history.keep.\n",
  );
  expect((await documents(["restore", "nots", "--at", "1"])).err).toBe(
    "yurt: There is no document nots. Did you mean notes?\n",
  );
});
