import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTransfer, type TransferPlaces as Places } from "../../../src/composition/cluster/open-transfer.ts";
import { openOrCreateStore, openStore } from "../../../src/composition/open-store.ts";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import type { AccessContent } from "../../../src/storage/access/access-content.ts";
import { addFolderAccess, readFolderAccess } from "../../../src/storage/access/folder-access.ts";
import { openExistingDataFolder } from "../../../src/storage/data-folder.ts";
import { openPostgresStore } from "../../../src/storage/postgres/postgres-store.ts";
import { type TransferListener, transfer } from "../../../src/storage/transfer/transfer.ts";
import type { TransferSource } from "../../../src/storage/transfer/transfer-ends.ts";
import { contentOf, fillVaried, specialDocuments } from "../../support/documents/varied-store.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { unpackFormer } from "../../support/upgrade/former-data-folder.ts";

/** The documents are read by many statements. */
setDefaultTimeout(120_000);

const seed = 22;
const now = 1_800_000_000_000;
const plainDocuments = 520;
const allDocuments = plainDocuments + specialDocuments.length;

/** As in the composition, with the URL as the tests have it. */
interface TransferPlaces extends Omit<Places, "cluster"> {
  readonly url: string;
}

const open = ({ url, ...places }: TransferPlaces) => openTransfer({ ...places, cluster: { url: new URL(url) } });

const access: AccessContent = {
  secrets: new Map([["auth.secret", "s".repeat(40)]]),
  revocations: [
    { user: "ann", revokedAt: 1, until: 4e12 },
    { tokenId: "t", revokedAt: 2, until: 4e12 },
  ],
  apiKeys: [
    { id: "one", name: "robot", scope: "docs:write", prefix: "notes/", createdAt: 5, hash: "0a".repeat(32) },
    { id: "two", name: 'Ünïcødé "', scope: "docs:read", prefix: "", createdAt: 4, hash: "0b".repeat(32) },
  ],
};

const quiet: TransferListener = { begins: () => {}, copied: () => {}, compared: () => {}, differs: () => {} };

describe.skipIf(isMissing("postgres"))("a transfer between a data folder and Postgres", () => {
  let server: PostgresServer;
  let folder: string;
  /** A data folder with documents of all kinds, and what a store tells of it. */
  let origin: string;
  let content: unknown;
  let targets = 0;

  beforeAll(async () => {
    server = await PostgresServer.start();
    folder = mkdtempSync(join(tmpdir(), "yurt-transfer-"));
    origin = join(folder, "origin");
    const opened = await openOrCreateStore({ dataFolder: origin });
    await fillVaried(opened.store, { seed, documents: plainDocuments });
    await opened.close();
    await addFolderAccess(origin, access, systemClock);
    content = await contentOfFolder(origin);
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server[Symbol.asyncDispose]();
  });

  function newFolder(): string {
    targets += 1;
    return join(folder, `target ${targets}`);
  }

  async function contentOfFolder(dataFolder: string): Promise<unknown> {
    const opened = await openStore({ dataFolder });
    try {
      return await contentOf(opened.store);
    } finally {
      await opened.close();
    }
  }

  async function contentOfDatabase(url: string): Promise<unknown> {
    const store = await openPostgresStore({ url, metrics: createMetrics() });
    try {
      return await contentOf(store);
    } finally {
      await store.close();
    }
  }

  async function move(places: TransferPlaces, listener: Partial<TransferListener> = {}) {
    await using opened = await open(places);
    return await transfer({ ...opened, listener: { ...quiet, ...listener }, now });
  }

  /** Begins a transfer, which fails at a read of the source. */
  async function interrupt(places: TransferPlaces, atRead: number): Promise<void> {
    await using opened = await open(places);
    const source = Object.create(opened.source) as TransferSource;
    let reads = 0;
    source.read = (documents) => {
      reads += 1;
      if (reads === atRead) throw new Error("interrupted");
      return opened.source.read(documents);
    };
    for (const method of ["identify", "countDocuments", "documents", "readServer", "readAccess"] as const)
      source[method] = (opened.source[method] as () => never).bind(opened.source);
    await expect(transfer({ source, target: opened.target, listener: quiet, now })).rejects.toThrow("interrupted");
  }

  async function countIn(url: string): Promise<number> {
    await using database = server.connect(url);
    const [found] = await database<{ readonly count: number }[]>`SELECT count(*)::int FROM yurt_documents`;
    return found?.count ?? 0;
  }

  test(`gives the same documents, histories and webhooks, there and back (seed ${seed})`, async () => {
    const url = await server.newSchema();
    const before = readdirSync(origin).map((name) => [name, Bun.hash(readFileSync(join(origin, name)))]);
    const { differing, sums } = await move({ direction: "to", url, dataFolder: origin });
    expect([differing, sums.documents]).toEqual([0, allDocuments]);
    expect(readdirSync(origin).map((name) => [name, Bun.hash(readFileSync(join(origin, name)))])).toEqual(before);
    expect(await contentOfDatabase(url)).toEqual(content);
    const back = newFolder();
    expect((await move({ direction: "from", url, dataFolder: back })).differing).toBe(0);
    expect(await contentOfFolder(back)).toEqual(content);
    expect(await readFolderAccess(back, systemClock)).toEqual(access);
  });

  test("copies the updates that are in the journal, and those of a server that was killed", async () => {
    const killed = newFolder();
    const source = newFolder();
    const opened = await openOrCreateStore({ dataFolder: source });
    await opened.store.append([{ document: "a", update: Uint8Array.of(0, 0), user: "ann" }]);
    // A killed process leaves the folder as it is now.
    cpSync(source, killed, { recursive: true });
    await opened.close();
    const url = await server.newSchema();
    await move({ direction: "to", url, dataFolder: killed });
    await using database = server.connect(url);
    expect([...(await database`SELECT document, "user", data FROM yurt_updates`)]).toEqual([
      { document: "a", user: "ann", data: Buffer.of(0, 0) },
    ]);
  });

  test("copies documents of an early release, which have no times", async () => {
    const source = newFolder();
    unpackFormer("schema-1", "stopped", source);
    await expect(move({ direction: "to", url: await server.newSchema(), dataFolder: source })).rejects.toThrow(
      "written by an earlier release",
    );
    // The store migrates the tables.
    const former = await contentOfFolder(source);
    const url = await server.newSchema();
    expect((await move({ direction: "to", url, dataFolder: source })).differing).toBe(0);
    expect(await contentOfDatabase(url)).toEqual(former);
    const back = newFolder();
    expect((await move({ direction: "from", url, dataFolder: back })).differing).toBe(0);
    expect(await contentOfFolder(back)).toEqual(former);
  });

  test("numbers later rows of the target above those of the source", async () => {
    const source = newFolder();
    const opened = await openOrCreateStore({ dataFolder: source });
    const update = Uint8Array.of(0, 0);
    const [first = Number.NaN] = await opened.store.append([{ document: "a", update }]);
    await opened.close();
    const url = await server.newSchema();
    await move({ direction: "to", url, dataFolder: source });
    const store = await openPostgresStore({ url, metrics: createMetrics() });
    const [second = Number.NaN] = await store.append([{ document: "a", update }]);
    await store.close();
    expect(second).toBeGreaterThan(first);
    const back = newFolder();
    await move({ direction: "from", url, dataFolder: back });
    const reopened = await openStore({ dataFolder: back });
    const [third = Number.NaN] = await reopened.store.append([{ document: "a", update }]);
    const loaded = await reopened.store.load("a");
    await reopened.close();
    expect(third).toBeGreaterThan(second);
    expect(loaded?.tail.map(({ row }) => row)).toEqual([first, second, third]);
  });

  test("has messages for the notes of created documents that nodes have left", async () => {
    const url = await server.newSchema();
    const source = newFolder();
    const opened = await openOrCreateStore({ dataFolder: source });
    const { endpointOf } = await import("../../support/webhooks/endpoint.ts");
    await opened.store.webhooks.save(endpointOf("one"));
    await opened.close();
    await move({ direction: "to", url, dataFolder: source });
    const store = await openPostgresStore({ url, metrics: createMetrics() });
    await store.append([{ document: "a", update: Uint8Array.of(0, 0) }]);
    await store.close();
    const back = newFolder();
    await interrupt({ direction: "from", url, dataFolder: back }, 2);
    expect((await move({ direction: "from", url, dataFolder: back })).differing).toBe(0);
    const reopened = await openStore({ dataFolder: back });
    const messages = await reopened.store.webhooks.messages("one", 10);
    const { next } = await reopened.store.webhooks.lane("one", "a");
    await reopened.close();
    expect(messages.map(({ document, type }) => [document, type])).toEqual([["a", "doc.created"]]);
    expect(next?.id).toBe(messages[0]?.id);
  });

  describe("that was interrupted", () => {
    test("goes on into the database, and nothing is doubled", async () => {
      const url = await server.newSchema();
      const places = { direction: "to", url, dataFolder: origin } as const;
      await interrupt(places, 3);
      const copied = await countIn(url);
      expect(copied).toBeGreaterThan(0);
      expect(copied).toBeLessThan(allDocuments);
      await expect(openPostgresStore({ url, metrics: createMetrics() })).rejects.toThrow(
        "yurt migrate was interrupted",
      );
      const begun: number[] = [];
      const { differing } = await move(places, { begins: (...counts) => begun.push(...counts) });
      expect([differing, ...begun]).toEqual([0, allDocuments, copied]);
      expect(await contentOfDatabase(url)).toEqual(content);
    });

    test("goes on into the data folder, and nothing is doubled", async () => {
      const url = await server.newSchema();
      await move({ direction: "to", url, dataFolder: origin });
      const back = newFolder();
      const places = { direction: "from", url, dataFolder: back } as const;
      await interrupt(places, 3);
      await expect(openOrCreateStore({ dataFolder: back })).rejects.toThrow("yurt migrate was interrupted");
      const begun: number[] = [];
      const { differing } = await move(places, { begins: (...counts) => begun.push(...counts) });
      expect(differing).toBe(0);
      expect(begun[1]).toBeGreaterThan(0);
      expect(await contentOfFolder(back)).toEqual(content);
      expect(readdirSync(back).filter((name) => name.startsWith("yurt.db"))).toEqual(["yurt.db"]);
    });

    test("goes on with the same source only, and only if nobody has written to it", async () => {
      const url = await server.newSchema();
      const source = newFolder();
      const fill = async (document: string) => {
        const opened = await openOrCreateStore({ dataFolder: source });
        await opened.store.append([{ document, update: Uint8Array.of(0, 0) }]);
        await opened.close();
      };
      await fill("a");
      await interrupt({ direction: "to", url, dataFolder: source }, 1);
      await expect(move({ direction: "to", url, dataFolder: origin })).rejects.toThrow("takes a copy of");
      await fill("b");
      await expect(move({ direction: "to", url, dataFolder: source })).rejects.toThrow("The source has changed");
    });
  });

  describe("that finds a difference", () => {
    test("names the document, and keeps servers from the copy", async () => {
      const url = await server.newSchema();
      const names: string[] = [];
      await using database = server.connect(url);
      {
        await using opened = await open({ direction: "to", url, dataFolder: origin });
        const { target } = opened;
        const writeServer = target.writeServer.bind(target);
        target.writeServer = async (...rest) => {
          await writeServer(...rest);
          await database`UPDATE yurt_documents SET summary = '\\x09' WHERE name = 'collected'`;
        };
        const listener = { ...quiet, differs: (name: string) => names.push(name) };
        const { differing } = await transfer({ ...opened, listener, now });
        expect([differing, names]).toEqual([1, ["collected"]]);
      }
      await expect(openPostgresStore({ url, metrics: createMetrics() })).rejects.toThrow(
        "yurt migrate was interrupted",
      );
    });
  });

  describe("is refused", () => {
    test("if a server uses the data folder", async () => {
      const held = openExistingDataFolder(origin);
      const url = await server.newSchema();
      await expect(move({ direction: "to", url, dataFolder: origin })).rejects.toThrow("is in use by process");
      held.release();
    });

    test("if another transfer uses the database", async () => {
      const url = await server.newSchema();
      await using _ = await open({ direction: "to", url, dataFolder: origin });
      const source = newFolder();
      await (await openOrCreateStore({ dataFolder: source })).close();
      await expect(move({ direction: "to", url, dataFolder: source })).rejects.toThrow("Another yurt migrate");
      await expect(openPostgresStore({ url, metrics: createMetrics() })).rejects.toThrow("yurt migrate is at work");
    });

    test("if the database has documents", async () => {
      const url = await server.newSchema();
      const store = await openPostgresStore({ url, metrics: createMetrics() });
      await store.append([{ document: "a", update: Uint8Array.of(0, 0) }]);
      await store.close();
      await expect(move({ direction: "to", url, dataFolder: origin })).rejects.toThrow(
        "A server has used the database",
      );
      expect(await countIn(url)).toBe(1);
    });

    test("if the data folder has the secrets of a server", async () => {
      const url = await server.newSchema();
      await openPostgresStore({ url, metrics: createMetrics() }).then((store) => store.close());
      const target = newFolder();
      mkdirSync(target, { mode: 0o700 });
      await addFolderAccess(target, access, systemClock);
      await expect(move({ direction: "from", url, dataFolder: target })).rejects.toThrow("it has secrets.json");
    });

    test("if the data folder has documents", async () => {
      const url = await server.newSchema();
      await openPostgresStore({ url, metrics: createMetrics() }).then((store) => store.close());
      await expect(move({ direction: "from", url, dataFolder: origin })).rejects.toThrow("has documents already");
    });

    test("if there is nothing to copy, and then no data folder is made", async () => {
      const url = await server.newSchema();
      const target = newFolder();
      await expect(move({ direction: "from", url, dataFolder: target })).rejects.toThrow("no documents of Yurt");
      expect(existsSync(target)).toBe(false);
      mkdirSync(target, { mode: 0o700 });
      await expect(move({ direction: "to", url, dataFolder: target })).rejects.toThrow("There is no database");
    });

    test("if Postgres cannot store a name, which is told", async () => {
      const source = newFolder();
      const opened = await openOrCreateStore({ dataFolder: source });
      await opened.store.append([{ document: "a\0b", update: Uint8Array.of(0, 0) }]);
      await opened.close();
      const places = { direction: "to", url: await server.newSchema(), dataFolder: source } as const;
      await expect(move(places)).rejects.toThrow('"a\\u0000b" has a name or a user with a NUL character');
    });
  });
});
