import { beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import * as Y from "yjs";
import { audit, storedDocument } from "../../scripts/torture/cluster/audit.ts";
import { tortureCluster } from "../../scripts/torture/cluster/cluster.ts";
import { MemoryWatch } from "../../scripts/torture/cluster/memory-watch.ts";
import type { TorturedNode } from "../../scripts/torture/cluster/tortured-cluster.ts";
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

describe("the memory of nodes", () => {
  /** A node whose process takes so many MiB, one sample after the other. */
  const watched = (mebibytes: readonly number[], isServing = true) => {
    const left = [...mebibytes];
    const node = { name: "node 1", pid: 7, isServing, memory: 0 };
    const watch = new MemoryWatch([node as TorturedNode]);
    for (const each of left) {
      node.memory = each * 2 ** 20;
      watch.sample();
    }
    watch.end();
    return watch;
  };
  const constant = (value: number, samples = 80) => Array.from({ length: samples }, () => value);

  test("may go up and down, and be a little larger at the end", () => {
    const { faults, figures } = watched([...constant(100), 300, ...constant(80), ...constant(118)]);
    expect([faults, figures]).toEqual([[], { "MiB of node 1, process 7, 241 samples": "100, 80, 118 (most: 300)" }]);
  });

  test("may not grow", () => {
    expect(watched([...constant(100), ...constant(110), ...constant(119)]).faults).toEqual([
      "the memory of node 1, process 7, has grown from 100 to 119 MiB",
    ]);
  });

  test("is judged neither of a short life nor while a node does not serve", () => {
    const samples = [...constant(100, 10), ...constant(500, 19)];
    expect(watched(samples).figures).toEqual({});
    expect(watched([...constant(100), ...constant(500), ...constant(500, 79)]).faults).toEqual([]);
    expect(watched([...samples, ...samples], false).figures).toEqual({});
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
