import { describe, expect, test } from "bun:test";
import {
  chownSync,
  closeSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createMetrics } from "../../src/ops/metrics.ts";
import { openDataFolder } from "../../src/storage/data-folder.ts";
import { createOwnFile, ForeignFile, openOwnFile, readOwnFile } from "../../src/storage/own-file.ts";
import { replaceFile } from "../../src/storage/replace-file.ts";
import { RevocationFile } from "../../src/storage/revocation-log.ts";
import { loadOrCreateSecret } from "../../src/storage/secrets/secrets-file.ts";
import { openSqliteStore } from "../../src/storage/sqlite/sqlite-store.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { Workshop } from "../support/processes/data-folder.ts";

const isRoot = process.getuid?.() === 0;
const strangerId = 65_534;

/** A folder with a file of another place, which a link in the folder names. */
class LinkedWorkshop extends Workshop {
  readonly folder = this.file("data");
  readonly victim = this.file("victim");

  constructor() {
    super();
    mkdirSync(this.folder);
    writeFileSync(this.victim, "untouched", { mode: 0o644 });
  }

  link(name: string): string {
    const path = this.file("data", name);
    symlinkSync(this.victim, path);
    return path;
  }

  /** Whether the file is as it was. */
  get isUntouched(): boolean {
    const { uid, mode } = statSync(this.victim);
    return readFileSync(this.victim, "utf8") === "untouched" && uid === process.getuid?.() && (mode & 0o777) === 0o644;
  }
}

describe("a link in a data folder is not followed", () => {
  test.each<[string, (workshop: LinkedWorkshop) => void]>([
    ["secrets.lock", ({ folder }) => void loadOrCreateSecret(folder, "auth.secret", () => "x")],
    ["secrets.json", ({ folder }) => void loadOrCreateSecret(folder, "auth.secret", () => "x")],
    ["revocations.jsonl", ({ folder }) => void new RevocationFile(folder, new FakeClock())],
    ["lock", ({ folder }) => openDataFolder(folder).release()],
    [
      "yurt.db",
      (workshop) => void openSqliteStore({ file: workshop.file("data", "yurt.db"), metrics: createMetrics() }),
    ],
    [
      "yurt.db-wal",
      (workshop) => void openSqliteStore({ file: workshop.file("data", "yurt.db"), metrics: createMetrics() }),
    ],
    [
      "yurt.db-shm",
      (workshop) => void openSqliteStore({ file: workshop.file("data", "yurt.db"), metrics: createMetrics() }),
    ],
  ])("%s: it is refused", (name, use) => {
    using workshop = new LinkedWorkshop();
    const path = workshop.link(name);
    expect(() => use(workshop)).toThrow(ForeignFile);
    expect(() => use(workshop)).toThrow(`${path} is a link or no regular file.`);
    expect(workshop.isUntouched).toBe(true);
  });

  test.each<[string, (workshop: LinkedWorkshop) => void]>([
    ["pid", ({ folder }) => openDataFolder(folder).release()],
    ["secrets.json.partial", ({ folder }) => void loadOrCreateSecret(folder, "auth.secret", () => "x")],
    ["notes.partial", (workshop) => replaceFile(workshop.file("data", "notes"), "new")],
  ])("%s: it is replaced", (name, use) => {
    using workshop = new LinkedWorkshop();
    workshop.link(name);
    use(workshop);
    expect(workshop.isUntouched).toBe(true);
    expect(existsSync(workshop.file("data", name)) && lstatSync(workshop.file("data", name)).isSymbolicLink()).toBe(
      false,
    );
  });
});

describe("a file of a data folder", () => {
  test("is created with mode 0600, and never in the place of another", () => {
    using workshop = new Workshop();
    const path = workshop.file("x");
    closeSync(createOwnFile(path));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(() => createOwnFile(path)).toThrow("EEXIST");
  });

  test("that does not exist reads as undefined", () => {
    using workshop = new Workshop();
    expect(readOwnFile(workshop.file("x"))).toBeUndefined();
  });

  test.each(["folder", "pipe"])("that is a %s is refused, at once", (kind) => {
    using workshop = new Workshop();
    const path = workshop.file("x");
    if (kind === "folder") mkdirSync(path);
    else expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
    for (const flags of [constants.O_RDONLY, constants.O_WRONLY, constants.O_RDWR]) {
      expect(() => openOwnFile(path, flags)).toThrow(ForeignFile);
    }
  });

  test.skipIf(!isRoot)("of another user is refused, except of the folder's owner", () => {
    using workshop = new Workshop();
    const path = workshop.file("x");
    writeFileSync(path, "x");
    chownSync(path, strangerId, strangerId);
    expect(() => readOwnFile(path)).toThrow(`${path} belongs to user ${strangerId}.`);
    chownSync(workshop.path, strangerId, strangerId);
    expect(readOwnFile(path)?.toString()).toBe("x");
  });

  test.skipIf(!isRoot)("with a second name is refused in the folder of another user", () => {
    using workshop = new LinkedWorkshop();
    const path = workshop.file("data", "x");
    linkSync(workshop.victim, path);
    expect(readOwnFile(path)?.toString()).toBe("untouched");
    chownSync(workshop.folder, strangerId, strangerId);
    expect(() => readOwnFile(path)).toThrow(`${path} has another name, too.`);
  });
});

test.skipIf(!isRoot)("root uses no data folder of another user, and changes nothing in it", () => {
  using workshop = new LinkedWorkshop();
  chownSync(workshop.folder, strangerId, strangerId);
  expect(() => openDataFolder(workshop.folder)).toThrow(
    `The data folder ${workshop.folder} belongs to user ${strangerId}, and this process runs as root.`,
  );
  expect(existsSync(workshop.file("data", "lock"))).toBe(false);
});
