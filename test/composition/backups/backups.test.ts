import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import type { Registry } from "prom-client";
import * as Y from "yjs";
import { openBackups } from "../../../src/composition/backups/backups.ts";
import { backUpInWorker } from "../../../src/composition/backups/worker-backup.ts";
import type { ServerSettings } from "../../../src/composition/server-options.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { openDataFolder } from "../../../src/storage/data-folder.ts";
import { restoreDatabase } from "../../../src/storage/sqlite/restore.ts";
import { bringing } from "../../support/bytes/update-bytes.ts";
import { type HocuspocusClient, HocuspocusClients, kinds, saved } from "../../support/clients/hocuspocus-clients.ts";
import { TestClients } from "../../support/clients/providers.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { documentsIn, Workshop } from "../../support/processes/data-folder.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";
import { tuple } from "../../support/tuple.ts";

let workshop: Workshop;

beforeEach(() => {
  workshop = new Workshop();
});

afterEach(() => workshop[Symbol.dispose]());

const never = new AbortController().signal;

function pathsIn(folder: string) {
  mkdirSync(workshop.file(folder), { recursive: true });
  return { target: workshop.file(folder, "copy.db"), damagedTarget: workshop.file(folder, "copy.damaged.db") };
}

describe("a backup in a worker", () => {
  test("is verified, and says how many documents it has", async () => {
    const file = await workshop.fill("data", { a: [bringing(1, 0, 5)], b: [bringing(1, 0, 5)] });
    const made = await backUpInWorker({ file, ...pathsIn("backups") }, never);
    expect(made).toMatchObject({ documents: 2, damaged: 0 });
    expect(readdirSync(workshop.file("backups"))).toEqual(["copy.db"]);
  });

  test("has another name when updates in it are damaged", async () => {
    const file = await workshop.fill("data", { a: [bringing(1, 0, 5), Uint8Array.of(1, 2)], b: [Uint8Array.of(3)] });
    const made = await backUpInWorker({ file, ...pathsIn("backups") }, never);
    expect(made).toMatchObject({ documents: 2, damaged: 2 });
    expect(readdirSync(workshop.file("backups"))).toEqual(["copy.damaged.db"]);
  });

  test("that is given up before it begins rejects, and starts no worker", async () => {
    const rejected: unknown[] = [];
    const note = (error: unknown) => void rejected.push(error);
    process.on("unhandledRejection", note);
    const file = await workshop.fill("data", { a: [bringing(1, 0, 5)] });
    await expect(backUpInWorker({ file, ...pathsIn("backups") }, AbortSignal.abort())).rejects.toThrow("aborted");
    expect(readdirSync(workshop.file("backups"))).toEqual([]);
    process.off("unhandledRejection", note);
    expect(rejected).toEqual([]);
  });

  test("that fails rejects with the code of the error, and leaves nothing", async () => {
    const paths = pathsIn("backups");
    const missing = backUpInWorker({ file: workshop.file("yurt.db"), ...paths }, never);
    await expect(missing).rejects.toThrow("There is no database");
    const file = workshop.file("data", "yurt.db");
    mkdirSync(workshop.file("data"));
    writeFileSync(file, "no database ".repeat(1_000));
    await expect(backUpInWorker({ file, ...paths }, never)).rejects.toMatchObject({ code: "corrupt" });
    writeFileSync(paths.target, "");
    await expect(backUpInWorker({ file, ...paths }, never)).rejects.toMatchObject({ code: "EEXIST" });
    expect(readdirSync(workshop.file("backups"))).toEqual(["copy.db"]);
  });

  test("that is given up leaves nothing", async () => {
    const file = await workshop.fill("data", { a: Array.from({ length: 2_000 }, (_, at) => bringing(at, 0, 1_000)) });
    const controller = new AbortController();
    const given = backUpInWorker({ file, ...pathsIn("backups") }, controller.signal);
    await eventually("it has begun", () => readdirSync(workshop.file("backups")).length > 0);
    controller.abort();
    await expect(given).rejects.toThrow();
    expect(readdirSync(workshop.file("backups")).filter((name) => name.includes("partial"))).toEqual([]);
  });
});

/** A person who types in a document of their own, and the length that was acknowledged at each time. */
interface Writer {
  readonly client: HocuspocusClient;
  readonly acknowledged: { readonly at: number; readonly length: number }[];
}

/** Types one character after the other, as fast as they are acknowledged, until `isOver`. */
async function typeUntil(isOver: () => boolean, { client, acknowledged }: Writer): Promise<void> {
  while (!isOver()) {
    client.text.insert(client.text.length, "x");
    await saved(client);
    acknowledged.push({ at: performance.now(), length: client.text.length });
  }
}

/** The text of each document in a backup, after a restore. */
async function restoredTexts(source: string, name: string): Promise<ReadonlyMap<string, number>> {
  const dataFolder = workshop.file(`restored-${name}`);
  restoreDatabase({ source, dataFolder, atMs: 0 });
  const documents = await documentsIn(`${dataFolder}/yurt.db`);
  return new Map(
    Object.entries(documents).map(([document, updates]) => {
      const doc = new Y.Doc();
      for (const update of updates) Y.applyUpdate(doc, Uint8Array.from(update));
      return [document, doc.getText("text").length];
    }),
  );
}

describe("a server with a schedule", () => {
  const schedule = (everyMs: number) => ({
    everyMs,
    keep: 100,
    folder: workshop.file("backups"),
    command: undefined,
    commandTimeoutMs: 1_000,
  });

  test("makes backups, while five people type, of everything that was acknowledged before each began", async () => {
    const { log, events } = recordedLog();
    const begun: { readonly at: number; readonly file: string }[] = [];
    const seen = Object.assign(log.child({}), {
      info: (line: Record<string, unknown>) => {
        log.info(line);
        if (line["event"] !== "backup-made") return;
        // The duration is rounded.
        begun.push({ at: performance.now() - Number(line["durationMs"]) - 2, file: String(line["file"]) });
      },
    });
    await using server = await startTestServer({ backup: schedule(200), log: seen });
    await using clients = new HocuspocusClients(tuple(5, kinds)[3], server.wsUrl);
    const names = ["a", "b", "c", "d", "e"];
    const writers = names.map((name): Writer => ({ client: clients.attach(name), acknowledged: [] }));
    const isOver = () => begun.length >= 4;
    await Promise.all(writers.map((writer) => typeUntil(isOver, writer)));
    expect(events.filter(({ event }) => event === "backup-failed")).toEqual([]);
    let compared = 0;
    for (const { at, file } of begun) {
      const restored = await restoredTexts(file, String(at));
      for (const [index, { acknowledged }] of writers.entries()) {
        const length = acknowledged.findLast((each) => each.at < at)?.length ?? 0;
        expect(restored.get(names[index] ?? "") ?? 0).toBeGreaterThanOrEqual(length);
        if (length > 0) compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(10);
  }, 30_000);

  test("shows the last success and failure at /readyz?verbose and in the metrics, and stays ready", async () => {
    const { log, events } = recordedLog();
    mkdirSync(workshop.file("backups"));
    writeFileSync(workshop.file("backups", "yurt-2026-01-02T03-04-05Z.db"), "");
    await using server = await startTestServer({ backup: { ...schedule(86_400_000), folder: unwritable() }, log });
    await using clients = new TestClients();
    clients.connect(server.wsUrl, "a").text.insert(0, "x");
    await eventually("it has failed", () => events.some(({ event }) => event === "backup-failed"));
    const response = await fetch(`${server.url}/readyz?verbose`);
    expect(response.status).toBe(200);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(await response.json()).toEqual({ ready: true, backup: { lastSuccessAt: null, lastFailureAt: time } });
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('yurt_backups_total{outcome="failed"} 1\n');
    expect(metrics).toMatch(/^yurt_backup_last_failure_timestamp_seconds \d{10}/m);
    expect(metrics).toContain("yurt_backup_last_success_timestamp_seconds 0\n");
  });

  /** A path below a file: root may write to every folder. */
  function unwritable(): string {
    writeFileSync(workshop.file("file"), "");
    chmodSync(workshop.file("file"), 0o400);
    return workshop.file("file", "backups");
  }
});

describe("a reload", () => {
  const options = { keep: 1, command: undefined, commandTimeoutMs: 1_000 };
  const metricsOf = (registry: Registry) => registry.getMetricsAsArray().map(({ name }) => name);

  test("begins, changes and ends a schedule, with its metrics", async () => {
    await workshop.fill("data", { a: [bringing(1, 0, 5)] });
    const dataFolder = openDataFolder(workshop.file("data"));
    const metrics = createMetrics();
    const clock = new FakeClock();
    const { log } = recordedLog();
    const store = { findFault: () => undefined };
    await using part = openBackups({ dataFolder, store, metrics, clock, log });
    const reload = async (backup: ServerSettings["backup"]) => part.reload?.({ backup } as ServerSettings);
    const isMadeIn = (folder: string) =>
      eventually(`a backup in ${folder}`, () => {
        clock.advance(1_000);
        return (
          existsSync(workshop.file(folder)) && readdirSync(workshop.file(folder)).some((name) => name.endsWith(".db"))
        );
      });
    const nothing = metricsOf(metrics.registry);
    expect(part.readinessDetail?.()).toEqual({});
    await reload({ ...options, everyMs: 60_000, folder: workshop.file("one") });
    await isMadeIn("one");
    expect(metricsOf(metrics.registry).length).toBeGreaterThan(nothing.length);
    await reload({ ...options, everyMs: 60_000, folder: workshop.file("two") });
    await isMadeIn("two");
    await reload(undefined);
    expect([metricsOf(metrics.registry), part.readinessDetail?.()]).toEqual([nothing, {}]);
    expect(clock.pendingTimers).toBe(0);
    dataFolder.release();
  });
});

test("a server without a schedule has no metrics of one", async () => {
  await using server = await startTestServer();
  expect(await (await fetch(`${server.url}/metrics`)).text()).not.toContain("yurt_backup");
  expect(await (await fetch(`${server.url}/readyz?verbose`)).json()).toEqual({ ready: true });
});
