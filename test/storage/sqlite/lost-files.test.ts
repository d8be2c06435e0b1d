import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics, type Metrics } from "../../../src/ops/metrics.ts";
import { type FileStore, openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import type { PendingUpdate, Store } from "../../../src/storage/store.ts";
import { compaction, numbersIn, rowsOf, updateOf } from "../../support/bytes/counting.ts";
import { Random } from "../../support/bytes/random.ts";
import { eventually } from "../../support/eventually.ts";
import { openMemoryStore } from "../../support/fakes/memory-store.ts";
import { contentsOf } from "../../support/processes/data-folder.ts";

let parent: string;
let folder: string;
let file: string;
let metrics: Metrics;
let store: FileStore;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "yurt-lost-"));
  folder = join(parent, "data");
  mkdirSync(folder);
  file = join(folder, "yurt.db");
  metrics = createMetrics();
  store = openSqliteStore({ file, metrics });
});

afterEach(async () => {
  await store.close().catch(() => {});
  rmSync(parent, { recursive: true });
});

const append = async (...numbers: readonly number[]) => store.append([{ document: "d", update: updateOf(numbers) }]);
const fault = () => store.findFault();
const lost = { kind: "unavailable" };

/** Resolves with the numbers that the next start finds after a kill now. */
async function afterKill(): Promise<readonly number[]> {
  const copy = mkdtempSync(join(parent, "copy-"));
  cpSync(folder, copy, { recursive: true });
  rmSync(join(copy, "yurt.db-shm"), { force: true });
  const opened = openSqliteStore({ file: join(copy, "yurt.db"), metrics: createMetrics() });
  const numbers = numbersIn(await opened.load("d"));
  await opened.close();
  return numbers;
}

/** Another server's folder with one document. */
async function writeForeign(path: string): Promise<Record<string, string>> {
  mkdirSync(path);
  const foreign = openSqliteStore({ file: join(path, "yurt.db"), metrics: createMetrics() });
  await foreign.append([{ document: "foreign", update: updateOf([7]) }]);
  await foreign.close();
  return contentsOf(path);
}

describe("a store whose folder is deleted", () => {
  test("makes nothing durable and takes no updates, but still reads", async () => {
    await append(1);
    await store.durable();
    rmSync(folder, { recursive: true });
    await append(2);
    await expect(store.durable()).rejects.toMatchObject(lost);
    await expect(append(3)).rejects.toMatchObject(lost);
    expect(fault()).toEqual({ path: file, state: "deleted" });
    expect(numbersIn(await store.load("d"))).toEqual([1, 2]);
  });

  test("writes everything out again, and continues", async () => {
    const rows = await append(1);
    await store.compact("d", compaction(rows, updateOf([1])));
    await append(2);
    rmSync(folder, { recursive: true });
    await append(3);
    mkdirSync(folder);
    await store.restore();
    expect(fault()).toBeUndefined();
    expect(await afterKill()).toEqual([1, 2, 3]);
    await append(4);
    await store.durable();
    expect(await afterKill()).toEqual([1, 2, 3, 4]);
    const document = await store.load("d");
    await store.compact("d", compaction(rowsOf(document), updateOf([1, 2, 3, 4])));
    expect(readdirSync(folder).toSorted()).toEqual(["yurt.db", "yurt.db-shm", "yurt.db-wal"]);
  });

  test("does so again when it is deleted again", async () => {
    for (const number of [1, 2, 3]) {
      await append(number);
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      await store.restore();
      await store.durable();
    }
    expect(await afterKill()).toEqual([1, 2, 3]);
  });

  test("writes out while a sync and a long log are under way", async () => {
    for (let number = 0; number < 1_500; number += 1) await append(number);
    const syncing = store.durable().catch(() => {});
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    await Promise.all([store.restore(), syncing]);
    await store.durable();
    expect(await afterKill()).toHaveLength(1_500);
  });

  test("cannot be restored without the folder, and can be later", async () => {
    await append(1);
    rmSync(folder, { recursive: true });
    await expect(store.restore()).rejects.toThrow("ENOENT");
    await expect(store.durable()).rejects.toMatchObject(lost);
    mkdirSync(folder);
    await store.restore();
    expect(await afterKill()).toEqual([1]);
  });

  test("overwrites no file that stands there meanwhile", async () => {
    await append(1);
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    for (const name of ["yurt.db", "yurt.db-wal", "yurt.db-journal", "yurt.db.restoring"]) {
      writeFileSync(join(folder, name), "a letter");
      const before = contentsOf(folder);
      await expect(store.restore()).rejects.toThrow("is not overwritten");
      expect(contentsOf(folder)).toEqual(before);
      rmSync(join(folder, name));
    }
    await store.restore();
    expect(await afterKill()).toEqual([1]);
  });
});

describe("a store with one file deleted", () => {
  test.each(["yurt.db", "yurt.db-wal", "yurt.db-shm"])("(%s) refuses updates, and restores it", async (name) => {
    await append(1);
    await store.durable();
    rmSync(join(folder, name));
    await append(2);
    // The index alone has no content: it is missed by the watch only.
    if (name === "yurt.db-shm") fault();
    await expect(store.durable()).rejects.toMatchObject(lost);
    await expect(append(3)).rejects.toMatchObject(lost);
    expect(fault()).toEqual({ path: join(folder, name), state: "deleted" });
    await store.restore();
    await append(4);
    await store.durable();
    expect(await afterKill()).toEqual([1, 2, 4]);
    expect(numbersIn(await store.load("d"))).toEqual([1, 2, 4]);
  });

  test("waits with the restoration of the log while another program reads the database", async () => {
    await append(1);
    const reader = new Database(file, { readonly: true });
    reader.run("BEGIN");
    reader.query("SELECT count(*) FROM updates").get();
    await append(2);
    rmSync(`${file}-wal`);
    await expect(store.restore()).rejects.toMatchObject(lost);
    reader.run("COMMIT");
    reader.close(true);
    await store.restore();
    expect(await afterKill()).toEqual([1, 2]);
  });

  test.each(["yurt.db-wal", "yurt.db-shm"])("(%s) restores it after a reader has created it again", async (name) => {
    await append(1);
    rmSync(join(folder, name));
    // Another process, as a backup is: connections of one process share the index of the log.
    const open = "new (require('bun:sqlite').Database)(process.argv[1], { readonly: true })";
    Bun.spawnSync([process.execPath, "-e", `${open}.query("SELECT 1 FROM row_ids").get()`, file]);
    expect(existsSync(join(folder, name))).toBe(true);
    await append(2);
    expect(fault()).toEqual({ path: join(folder, name), state: "deleted" });
    await store.restore();
    await store.durable();
    expect(await afterKill()).toEqual([1, 2]);
  });

  test("and a log with content in its place does not touch that one", async () => {
    await append(1);
    rmSync(`${file}-wal`);
    writeFileSync(`${file}-wal`, "a letter");
    await expect(store.durable()).rejects.toMatchObject(lost);
    expect(fault()).toEqual({ path: `${file}-wal`, state: "replaced" });
    expect(readFileSync(`${file}-wal`, "utf8")).toBe("a letter");
  });
});

describe("a store whose folder is moved", () => {
  test("makes nothing durable until it is moved back, and has lost nothing", async () => {
    await append(1);
    await store.durable();
    const away = join(parent, "away");
    renameSync(folder, away);
    await append(2);
    await expect(store.durable()).rejects.toMatchObject(lost);
    await expect(append(3)).rejects.toMatchObject(lost);
    expect(fault()?.state).toBe("moved");
    renameSync(away, folder);
    await store.durable();
    await append(4);
    await store.durable();
    expect(await afterKill()).toEqual([1, 2, 4]);
  });

  test("does not close without an error, and leaves everything where the files are", async () => {
    await append(1);
    const away = join(parent, "away");
    renameSync(folder, away);
    await expect(store.close()).rejects.toMatchObject(lost);
    renameSync(away, folder);
    expect(await afterKill()).toEqual([1]);
  });

  test("and replaced by another server's, changes no byte of the other one", async () => {
    await append(0);
    renameSync(folder, join(parent, "away"));
    const before = await writeForeign(folder);
    // So many that the log would be checkpointed, by a connection that is opened now.
    for (let number = 1; number < 1_500; number += 1) await append(number);
    const failures = async () => (await metrics.storeFailures.get()).values[0]?.value ?? 0;
    await eventually("the checkpoint is refused", async () => (await failures()) > 0);
    await expect(store.durable()).rejects.toMatchObject(lost);
    expect(fault()?.state).toBe("replaced");
    await expect(store.close()).rejects.toMatchObject(lost);
    expect(contentsOf(folder)).toEqual(before);
  });

  test("and replaced by an empty one, as by an unmounted volume, leaves that one empty", async () => {
    await append(1);
    renameSync(folder, join(parent, "away"));
    mkdirSync(folder);
    await expect(store.durable()).rejects.toMatchObject(lost);
    expect(fault()?.state).toBe("moved");
    expect(readdirSync(folder)).toEqual([]);
  });
});

test("a store that is closed twice closes no descriptor that another file has got meanwhile", async () => {
  await append(1);
  await store.close();
  const descriptors = Array.from({ length: 8 }, () => openSync(file, "r"));
  await store.close();
  for (const descriptor of descriptors) closeSync(descriptor);
});

test("a store under a symbolic link notices that the link names another folder", async () => {
  await store.close();
  const link = join(parent, "current");
  symlinkSync(folder, link);
  store = openSqliteStore({ file: join(link, "yurt.db"), metrics });
  await append(1);
  await store.durable();
  await writeForeign(join(parent, "other"));
  rmSync(link);
  symlinkSync(join(parent, "other"), link);
  await expect(store.durable()).rejects.toMatchObject(lost);
  rmSync(link);
  symlinkSync(folder, link);
  await store.durable();
});

test("the files of a store are readable by their owner only, those of an earlier release included", async () => {
  const modes = () => readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777);
  await append(1);
  expect(modes()).toEqual([0o600, 0o600, 0o600]);
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o644);
  await store.close();
  expect(existsSync(`${file}-wal`)).toBe(false);
  store = openSqliteStore({ file, metrics });
  expect(modes()).toEqual([0o600, 0o600, 0o600]);
});

interface Change {
  readonly name: string;
  readonly batch: readonly PendingUpdate[];
  readonly update: Uint8Array;
}

describe("a store that is deleted at random", () => {
  const names = ["a", "b", "c"];
  const compactAll = async (each: Store, name: string, update: Uint8Array) => {
    const document = await each.load(name);
    if (document !== undefined) await each.compact(name, compaction(rowsOf(document), update));
  };
  const loseFiles = async (random: Random) => {
    const victims = random.pick([["yurt.db"], ["yurt.db-wal"], ["yurt.db-shm"], readdirSync(folder)]);
    for (const victim of victims) rmSync(join(folder, victim), { force: true });
    await store.restore();
  };

  const change = async (each: Store, choice: number, { name, batch, update }: Change) => {
    if (choice < 0.6) await each.append(batch);
    else if (choice < 0.75) await compactAll(each, name, update);
    else if (choice < 0.8) await each.purge(name);
    else await each.durable();
  };

  test.each([1, 2, 3, 4])("behaves like one in memory (seed %d)", async (seed) => {
    const random = new Random(seed);
    const memory = openMemoryStore();
    for (let step = 0; step < 120; step += 1) {
      const [choice, name, update] = [random.real(), random.pick(names), updateOf([step])];
      const batch = random.some([...names, ...names], 0.4).map((document) => ({ document, update }));
      await Promise.all([memory, store].map((each) => change(each, choice, { name, batch, update })));
      if (choice > 0.9) await loseFiles(random);
      for (const each of names) expect(numbersIn(await store.load(each))).toEqual(numbersIn(await memory.load(each)));
    }
  });
});
