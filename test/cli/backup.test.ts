import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { openDataFolder } from "../../src/storage/data-folder.ts";
import { bringing } from "../support/bytes/update-bytes.ts";
import { documentsIn, Workshop } from "../support/processes/data-folder.ts";
import { yurt } from "../support/processes/run-program.ts";

let workshop: Workshop;
let data: string;
let copy: string;

beforeEach(() => {
  workshop = new Workshop();
  data = workshop.file("data");
  copy = workshop.file("copy.db");
});

afterEach(() => workshop[Symbol.dispose]());

const documents = { a: [bringing(1, 0, 5)], b: [bringing(1, 0, 5), bringing(2, 0, 5)] };
const backup = (...args: readonly string[]) => yurt(["backup", ...args, "--data", data]);
const restore = (...args: readonly string[]) => yurt(["restore", ...args, "--data", data]);

describe("yurt backup", () => {
  test("copies the documents and says how many, while a server has the data folder", async () => {
    await workshop.fill("data", documents);
    const folder = openDataFolder(data);
    const { code, out, err } = await backup(copy);
    folder.release();
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(new RegExp(`^${copy}: 2 documents, \\d+ kB\n$`));
    expect(Object.keys(await documentsIn(copy))).toEqual(["a", "b"]);
  });

  test("with --verify says that it is verified", async () => {
    await workshop.fill("data", documents);
    expect(await backup(copy, "--verify")).toMatchObject({ code: 0, out: expect.stringMatching(/ kB, verified\n$/) });
  });

  test("with --verify names every damaged update and ends with 1, and the copy stays", async () => {
    await workshop.fill("data", { ...documents, c: [Uint8Array.of(1, 2), bringing(1, 0, 5), Uint8Array.of(3)] });
    expect((await backup(workshop.file("unverified.db"))).code).toBe(0);
    const { code, out, err } = await backup(copy, "--verify");
    expect(code).toBe(1);
    expect(out).not.toContain("verified");
    expect(err.match(/^yurt: c: row \d+ does not hold a Yjs update: /gm)).toHaveLength(2);
    expect(err).toEndWith(`yurt: The copy holds 2 damaged updates, because ${data} does. Keep earlier backups.\n`);
    expect(Object.keys(await documentsIn(copy))).toEqual(["a", "b", "c"]);
  });

  test("overwrites nothing", async () => {
    await workshop.fill("data", documents);
    writeFileSync(copy, "a letter");
    const taken = `yurt: ${copy} already exists. Choose another file name.\n`;
    expect(await backup(copy)).toEqual({ code: 1, out: "", err: taken });
    expect(readFileSync(copy, "utf8")).toBe("a letter");
    const isFolder = `yurt: ${workshop.path} is a folder. Choose a file name in it.\n`;
    expect(await backup(workshop.path)).toEqual({ code: 1, out: "", err: isFolder });
  });

  test("names the folder that is not there", async () => {
    await workshop.fill("data", documents);
    const nowhere = workshop.file("nowhere");
    const err = `yurt: There is no folder ${nowhere}. Create it, or choose another file name.\n`;
    expect(await backup(`${nowhere}/copy.db`)).toEqual({ code: 1, out: "", err });
  });

  test("names the data folder that is a file, not the folder of the copy", async () => {
    writeFileSync(data, "");
    const err = `yurt: The data folder ${data} is not a folder. Choose another with --data.\n`;
    expect(await backup(copy)).toEqual({ code: 1, out: "", err });
  });

  test("makes no data folder", async () => {
    const err = `yurt: No Yurt data in ${data}. Start the server once, or pass --data.\n`;
    expect(await backup(copy)).toEqual({ code: 1, out: "", err });
    expect([existsSync(data), existsSync(copy)]).toEqual([false, false]);
  });
});

describe("yurt restore", () => {
  beforeEach(async () => {
    await workshop.fill("data", documents);
    await backup(copy);
  });

  test("says what it did, and where the previous documents are", async () => {
    const { code, out, err } = await restore(copy);
    expect([code, err]).toEqual([0, ""]);
    const [, kept = ""] =
      new RegExp(
        `^${data} is restored from ${copy}: 2 documents, \\d+ kB\nThe previous database is kept: (.+)\n$`,
      ).exec(out) ?? [];
    expect(kept).toMatch(/\/data\/yurt\.db\.before-restore-[0-9TZ.-]+$/);
    expect(Object.keys(await documentsIn(kept))).toEqual(["a", "b"]);
  });

  test("makes the data folder of a new machine", async () => {
    data = workshop.file("new");
    const { code, out } = await restore(copy);
    expect([code, out.split("\n").length]).toEqual([0, 2]);
    expect(Object.keys(await documentsIn(workshop.file("new", "yurt.db")))).toEqual(["a", "b"]);
  });

  test("is refused while a server has the data folder", async () => {
    const folder = openDataFolder(data);
    expect(await restore(copy)).toEqual({
      code: 1,
      out: "",
      err:
        `yurt: The data folder ${data} is in use by process ${process.pid}. ` +
        "Stop that server, or choose another folder with --data.\n",
    });
    folder.release();
  });

  test.each<[string, string, (source: string) => void]>([
    ["is not there", "There is no file SOURCE. Choose the path of a backup.", () => {}],
    ["is a folder", "There is no file SOURCE. Choose the path of a backup.", (source) => mkdirSync(source)],
    [
      "is a letter",
      "SOURCE is not a Yurt backup (not an SQLite database). Nothing was changed.",
      (source) => writeFileSync(source, "a letter ".repeat(1_000)),
    ],
    [
      "is empty",
      "SOURCE cannot be restored: file is empty. Nothing was changed.",
      (source) => writeFileSync(source, ""),
    ],
  ])("says why it does not take a source that %s", async (_, message, make) => {
    const source = workshop.file("source.db");
    make(source);
    const before = readdirSync(data);
    expect(await restore(source)).toEqual({
      code: 1,
      out: "",
      err: `yurt: ${message.replace("SOURCE", source)}\n`,
    });
    expect(readdirSync(data)).toEqual(before);
  });
});
