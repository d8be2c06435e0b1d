import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SQL } from "bun";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { AccessConflict, type AccessContent } from "../../../src/storage/access/access-content.ts";
import { addFolderAccess, readFolderAccess } from "../../../src/storage/access/folder-access.ts";
import { ApiKeysFile } from "../../../src/storage/api-keys-file.ts";
import { openAccessTables } from "../../../src/storage/postgres/access/access-tables.ts";
import { addDatabaseAccess, readDatabaseAccess } from "../../../src/storage/postgres/access/copy-access.ts";
import { openDatabase } from "../../../src/storage/postgres/database.ts";
import { RevocationFile } from "../../../src/storage/revocation-log.ts";
import { FolderSecrets } from "../../../src/storage/secrets/folder-secrets.ts";
import { OwnSecrets } from "../../../src/storage/secrets/own-secrets.ts";
import { Workshop } from "../../support/processes/data-folder.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

describe.skipIf(isMissing("postgres"))("access control that is copied", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  afterAll(() => server[Symbol.asyncDispose]());

  /** A database without secrets. */
  async function openNew(): Promise<{ readonly pool: SQL; close(): Promise<void> }> {
    return await openDatabase({ url: await server.newSchema() });
  }

  /** Fills a data folder. Returns the text of a key. */
  async function fill(folder: string): Promise<string> {
    const secrets = new OwnSecrets(new FolderSecrets(folder));
    secrets.signing([]);
    secrets.turn([]);
    const log = new RevocationFile(folder, systemClock);
    const now = systemClock.now();
    for (const user of ["zoe \ud800\u0000", "ann"]) await log.append({ user, revokedAt: now, until: now + 60_000 });
    await log.close();
    const keys = new ApiKeysFile(folder, systemClock);
    keys.create({ name: "zebra", scope: "docs:read", prefix: "notes/" });
    return keys.create({ name: "app", scope: "docs:admin", prefix: "" }).text;
  }

  const readFolder = (folder: string) => readFolderAccess(folder, systemClock);
  const readDatabase = (pool: SQL) => readDatabaseAccess(pool, systemClock.now());

  test("to a database and back is the same, also when it is copied twice", async () => {
    using workshop = new Workshop();
    const text = await fill(workshop.path);
    const { close, pool } = await openNew();
    const content = await readFolder(workshop.path);
    expect(content.revocations).toHaveLength(2);
    for (let time = 0; time < 2; time += 1) await addDatabaseAccess(content, pool);
    expect(await readDatabase(pool)).toEqual(content);
    const tables = await openAccessTables({ pool, clock: systemClock });
    expect(tables.apiKeys.find(text)?.name).toBe("app");
    expect(tables.revocations.load()).toEqual(content.revocations);
    expect(tables.secrets.load("auth.secret").text).toBe(content.secrets.get("auth.secret") ?? "");
    using other = new Workshop();
    for (let time = 0; time < 2; time += 1) await addFolderAccess(other.path, content, systemClock);
    expect(await readFolder(other.path)).toEqual(content);
    expect(new ApiKeysFile(other.path, systemClock).find(text)?.name).toBe("app");
    await close();
  });

  test.each(["secret auth.secret", "API key app"])(
    "to a target that has another %s is refused, and adds nothing",
    async (what) => {
      using workshop = new Workshop();
      await fill(workshop.path);
      const content = await readFolder(workshop.path);
      const other: AccessContent = what.startsWith("secret")
        ? { ...content, secrets: new Map([["auth.secret", "another"]]) }
        : { ...content, apiKeys: content.apiKeys.map((key) => ({ ...key, id: `other ${key.id}` })) };
      const { close, pool } = await openNew();
      await addDatabaseAccess({ ...content, revocations: [] }, pool);
      const before = await readDatabase(pool);
      await expect(addDatabaseAccess(other, pool)).rejects.toThrow(AccessConflict);
      expect(await readDatabase(pool)).toEqual(before);
      await expect(addFolderAccess(workshop.path, other, systemClock)).rejects.toThrow(AccessConflict);
      expect(await readFolder(workshop.path)).toEqual(content);
      await close();
    },
  );
});
