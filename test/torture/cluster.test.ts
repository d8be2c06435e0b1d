import { beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import * as Y from "yjs";
import { audit, storedDocument } from "../../scripts/torture/cluster/audit.ts";
import { tortureCluster } from "../../scripts/torture/cluster/cluster.ts";
import { Ledger } from "../../scripts/torture/ledger.ts";
import { createMetrics } from "../../src/ops/metrics.ts";
import { openPostgresStore } from "../../src/storage/postgres/postgres-store.ts";
import { ensureExecutable } from "../support/processes/executable.ts";
import { isMissing } from "../support/processes/programs.ts";
import { PostgresServer } from "../support/programs/postgres.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";
import { ensureNextRelease, nextExecutable } from "../support/upgrade/next-release.ts";

describe.skipIf(isMissing("postgres"))("a cluster", () => {
  beforeAll(async () => {
    await ensureExecutable();
    await ensureNextRelease();
  });

  test("loses nothing, converges and shows who is there, whatever happens to it, and is upgraded node by node", async () => {
    const dataFolder = await temporaryFolder();
    const options = { seconds: 1.5, documents: 6, updatesPerSecond: 300, seed: 20_261_130, nextExecutable };
    const { figures, faults } = await tortureCluster({ ...options, dataFolder });
    expect(faults).toEqual([]);
    expect(figures["edits"]).toBeGreaterThan(1_000);
    expect(figures["audits"]).toBeGreaterThan(50);
    await rm(dataFolder, { recursive: true, force: true });
  });
});

test.skipIf(isMissing("postgres"))("an audit finds what clients know and the database lacks", async () => {
  await using postgres = await PostgresServer.start();
  const url = await postgres.newSchema();
  const store = await openPostgresStore({ url, metrics: createMetrics() });
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  doc.getText("text").insert(0, "stored");
  doc.getText("text").insert(6, "lost");
  doc.getText("text").delete(0, 2);
  const [kept, lost, deleting] = updates;
  if (kept === undefined || lost === undefined || deleting === undefined) throw new Error("three updates are made");
  await store.append([{ document: "notes", update: kept }]);
  const known = { name: "notes", seen: new Ledger(), acknowledged: new Ledger() };
  await using database = postgres.connect(url);
  const stored = (name: string) => storedDocument(name, database);
  known.seen.add(kept);
  known.acknowledged.add(kept);
  expect(await audit(known, stored)).toMatchObject({ seen: 0, acknowledged: 0 });
  known.seen.add(lost);
  known.acknowledged.add(deleting);
  expect(await audit(known, stored)).toMatchObject({ seen: 4, acknowledged: 2 });
  await store.close();
});
