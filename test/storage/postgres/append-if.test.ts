import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { openPostgresStore, type SharedStore } from "../../../src/storage/postgres/postgres-store.ts";
import type { FollowedUpdate } from "../../../src/storage/store.ts";
import { compaction, rowsOf, updateOf } from "../../support/bytes/counting.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";
import { tuple } from "../../support/tuple.ts";

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

const [one, two] = [
  { document: "d", update: updateOf([1]) },
  { document: "d", update: updateOf([2]) },
];

describe.skipIf(isMissing("postgres"))("an append on a condition", () => {
  let server: PostgresServer;
  let opened: AsyncDisposableStack;

  beforeAll(async () => {
    server = await PostgresServer.start();
    opened = new AsyncDisposableStack();
  });

  afterAll(async () => {
    await opened.disposeAsync();
    await server[Symbol.asyncDispose]();
  });

  async function openNodes() {
    const url = await server.newSchema();
    const open = async (): Promise<SharedStore> => {
      const store = await openPostgresStore({ url, metrics: createMetrics() });
      return opened.adopt(store, () => store.close());
    };
    return tuple(2, [await open(), await open()]);
  }

  test("takes effect only behind the row that its caller has read, on whichever node", async () => {
    const [first, second] = await openNodes();
    const made = await Promise.all([first.appendIf(one, 0), second.appendIf(two, 0)]);
    expect(made.filter((row) => row !== undefined)).toHaveLength(1);
    const created = (await first.info("d"))?.sequence ?? 0;
    expect(made).toContain(created);
    expect(await second.appendIf(two, created - 1)).toBeUndefined();

    const [row = 0] = await first.append([two]);
    expect(await second.appendIf(one, created)).toBeUndefined();
    const next = (await second.appendIf(one, row)) ?? 0;
    expect(next).toBeGreaterThan(row);
    expect(rowsOf(await first.load("d"))).toEqual([created, row, next]);
  });

  test("finds out whether all rows up to the last one are known", async () => {
    const [first, second] = await openNodes();
    expect(await first.hasAllRows("d", [])).toBe(false);
    const [row = 0] = await first.append([one]);
    const [next = 0] = await second.append([two]);
    const [last = 0] = await first.append([one]);
    expect(await second.hasAllRows("d", [row, next])).toBe(true);
    expect(await second.hasAllRows("d", [last, row, next])).toBe(true);
    expect(await second.hasAllRows("d", [row, last])).toBe(false);
    const base = await first.compact("d", compaction([row, next], updateOf([3])));
    expect(await second.hasAllRows("d", [row, next, last])).toBe(false);
    expect(await second.hasAllRows("d", [base, last])).toBe(true);
    expect(await second.hasAllRows("d", [base])).toBe(true);
  });

  test("takes no effect on a deleted document, and creates one that was purged", async () => {
    const [first, second] = await openNodes();
    const row = (await first.appendIf(one, 0)) ?? 0;
    await first.delete("d");
    expect(await second.appendIf(two, row)).toBeUndefined();
    await first.purge("d");
    expect(await second.appendIf(two, row)).toBeUndefined();
    expect(await second.appendIf(two, 0)).toBeGreaterThan(row);
  });

  test("is told to the other nodes, among the changes before and after it", async () => {
    const [first, second] = await openNodes();
    const told: string[] = [];
    await second.follow({
      appended: (updates: readonly FollowedUpdate[]) => told.push(...updates.map(({ row }) => `row ${row}`)),
      changed: (document) => told.push(document),
      missed: () => told.push("missed"),
      reverted: () => told.push("reverted"),
    });
    const row = await first.appendIf(one, 0);
    await first.delete("d");
    await first.undelete("d");
    const next = await first.appendIf(two, row ?? 0);
    const [last] = await first.append([one]);
    await eventually("all is told", () => told.length === 5);
    expect(told.toSorted()).toEqual(["d", "d", `row ${row}`, `row ${next}`, `row ${last}`].toSorted());
  });

  test("lets one of the requests win that create or change a document on two servers in the same moment", async () => {
    const cluster = { url: new URL(await server.newSchema()) };
    await using near = await startTestServer({ cluster });
    await using far = await startTestServer({ cluster });
    const [update = new Uint8Array()] = updatesOf((doc) => doc.getText("t").insert(0, "text"));
    const answer = async (method: string, path: string, headers: Record<string, string>, body: Uint8Array) => {
      const sent = { ...headers, "content-type": "application/octet-stream" };
      const response = await fetch(path, { method, headers: sent, body });
      await response.arrayBuffer();
      return { status: response.status, tag: response.headers.get("etag") ?? "" };
    };
    for (let round = 0; round < 5; round += 1) {
      const path = `/v1/docs/made-${round}/update`;
      const create = ({ url }: { readonly url: string }) => answer("PUT", url + path, { "if-none-match": "*" }, update);
      const created = await Promise.all([create(near), create(far), create(near)]);
      expect(created.map(({ status }) => status).toSorted()).toEqual([201, 412, 412]);

      const { tag } = created.find(({ status }) => status === 201) ?? { tag: "" };
      const change = ({ url }: { readonly url: string }, word: string) => {
        const [bytes = update] = updatesOf((doc) => doc.getText("t").insert(0, word));
        return answer("POST", url + path, { "if-match": tag }, bytes);
      };
      const changed = await Promise.all([change(near, "one"), change(far, "two")]);
      expect(changed.map(({ status }) => status).toSorted()).toEqual([200, 412]);
    }
  });
});
