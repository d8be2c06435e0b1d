import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { BackupFolder } from "../../../src/storage/backups/backup-folder.ts";
import { Workshop } from "../../support/processes/data-folder.ts";

let workshop: Workshop;
let folder: BackupFolder;

beforeEach(() => {
  workshop = new Workshop();
  folder = new BackupFolder(workshop.file("deep", "backups"));
});

afterEach(() => workshop[Symbol.dispose]());

const write = (...names: readonly string[]) => {
  mkdirSync(folder.path, { recursive: true });
  for (const name of names) writeFileSync(`${folder.path}/${name}`, name);
};
const nameAt = (time: string) => basename(folder.pathsAt(Date.parse(time)).target);
const march = (day: number) => `yurt-2026-03-0${day}T04-05-06Z.db`;
const keep = (count: number) => ({ keep: count, everyMs: 86_400_000 });
const january = (year: number) => `yurt-${year}-01-01T00-00-00Z.db`;

describe("a folder of backups", () => {
  test("is created for its owner only", async () => {
    await folder.prepare();
    expect(statSync(folder.path).mode & 0o777).toBe(0o700);
  });

  test.skipIf(process.geteuid?.() !== 0)("of another user is refused as root", async () => {
    mkdirSync(folder.path, { recursive: true });
    chownSync(folder.path, 12_345, 12_345);
    await expect(folder.prepare()).rejects.toThrow(`The folder of the backups ${folder.path} belongs to user 12345`);
  });

  test("names backups by the time in UTC, to the second", () => {
    expect(nameAt("2026-03-01T23:59:59.999+02:00")).toBe("yurt-2026-03-01T21-59-59Z.db");
    expect(folder.pathsAt(0).damagedTarget).toBe(`${folder.path}/yurt-1970-01-01T00-00-00Z.damaged.db`);
  });

  test("gives a backup a name of its own when the clock was set back", () => {
    write("yurt-2026-03-01T00-00-00Z.db", "yurt-2026-03-01T00-00-01Z.damaged.db");
    expect(nameAt("2026-03-01T00:00:00.500Z")).toBe("yurt-2026-03-01T00-00-02Z.db");
  });

  test("lists its own backups alone, the newest first", () => {
    expect(folder.list()).toEqual([]);
    write(
      march(1),
      march(3),
      march(2).replace(".db", ".damaged.db"),
      "yurt-2026-03-01.db",
      "yurt-2026-99-01T00-00-00Z.db",
    );
    expect(folder.list().map(({ name, isDamaged }) => [name, isDamaged])).toEqual([
      [march(3), false],
      [march(2).replace(".db", ".damaged.db"), true],
      [march(1), false],
    ]);
    expect(folder.list()[0]?.at).toBe(Date.parse("2026-03-03T04:05:06Z"));
  });

  test("loses what an interrupted backup has left, and nothing else", async () => {
    const others = ["yurt.db.partial-12", "copy.db.partial-12", `${march(1)}.partial`, `${march(1)}.partial-12.db`];
    const left = [`${march(1)}.partial-12`, `${march(1)}.partial-12-journal`, `${march(2)}.partial-7`];
    write(march(1), ...others, ...left);
    await folder.prepare();
    expect(readdirSync(folder.path).sort()).toEqual([march(1), ...others].sort());
  });

  test("keeps the newest backups, and every file of another name", async () => {
    const others = ["yurt-2020-01-01.db", "yurt-2020-01-01T00-00-00Z.db.age", "notes.txt"];
    write(march(1), march(2), march(3), march(4), ...others);
    expect(await folder.prune(march(4), keep(2))).toBe(2);
    expect(readdirSync(folder.path).sort()).toEqual([march(3), march(4), ...others].sort());
    expect(await folder.prune(march(4), keep(2))).toBe(0);
  });

  test("keeps the backup that was just made even if others claim to be from the future", async () => {
    write(march(1), march(2), january(2031), january(2030));
    await folder.prune(march(2), keep(3));
    expect(folder.list().map(({ name }) => name)).toEqual([january(2031), march(2), march(1)]);
    await folder.prune(march(2), keep(1));
    expect(folder.list().map(({ name }) => name)).toEqual([march(2)]);
  });

  test("keeps those of many days although many are asked for in one hour", async () => {
    const asked = [10, 20, 30, 40].map((minute) => `yurt-2026-03-04T05-${minute}-00Z.db`);
    write(...[1, 2, 3, 4].map(march));
    for (const name of asked) {
      write(name);
      await folder.prune(name, keep(4));
    }
    expect(folder.list().map(({ name }) => name)).toEqual([asked[3] ?? "", march(4), march(3), march(2)]);
    write(march(5));
    await folder.prune(march(5), keep(4));
    expect(folder.list().map(({ name }) => name)).toEqual([5, 4, 3, 2].map(march));
  });

  test("lets damaged backups displace damaged ones only", async () => {
    const damaged = [1, 2, 3].map((day) => march(day + 4).replace(".db", ".damaged.db"));
    write(march(1), march(2), ...damaged);
    expect(await folder.prune(damaged[2] ?? "", keep(1))).toBe(2);
    expect(readdirSync(folder.path).sort()).toEqual([march(1), march(2), damaged[2] ?? ""].sort());
  });

  test("knows the free space of its disk", async () => {
    await folder.prepare();
    expect(folder.freeBytes()).toBeGreaterThan(0);
    expect(new BackupFolder(workshop.file("nowhere")).freeBytes()).toBeUndefined();
  });
});
