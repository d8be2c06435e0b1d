import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { ApiKeysFile } from "../../../src/storage/api-keys-file.ts";
import { openHocuspocusDatabase, storeDocument } from "../../support/bytes/hocuspocus-sqlite.ts";
import { bringing } from "../../support/bytes/update-bytes.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";
import { contentsOf, documentsIn, Workshop } from "../../support/processes/data-folder.ts";
import { type ProgramOptions, yurt } from "../../support/processes/run-program.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

let workshop: Workshop;
let folder: string;
let served: string;
let server: TestServer;

const typed = (words: string) => updatesOf((doc) => doc.getText("t").insert(0, words));

beforeEach(async () => {
  workshop = new Workshop();
  folder = workshop.file("folder");
  served = workshop.file("served");
  await workshop.fill("folder", {
    "notes/1": typed("one"),
    "notes/2": [...typed("two"), ...typed("three")],
    '"q': typed("tab"),
    gaps: [bringing(1, 3, 5)],
  });
  cpSync(folder, served, { recursive: true });
  server = await startTestServer({ dataFolder: served, auth: { mode: "token", secrets: [] } });
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  workshop[Symbol.dispose]();
});

const documentsAt = (data: string, args: readonly string[], options?: ProgramOptions) =>
  yurt(["documents", ...args, "--data", data], options);

/** Runs a command on the folder and through the server, whose answers must be the same; resolves with it. */
async function both(args: readonly string[], options?: ProgramOptions) {
  const [offline, online] = [await documentsAt(folder, args, options), await documentsAt(served, args, options)];
  expect(withoutTimes(online)).toEqual(withoutTimes(offline));
  return offline;
}

/** Leaves out the times, and the number of updates: a server compacts a document whose last client has left. */
function withoutTimes(answer: unknown): unknown {
  const text = JSON.stringify(answer).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "(time)");
  return JSON.parse(
    text.replaceAll(/\\"sequence\\":\d+/g, "").replaceAll(/\\nupdates\\t\d+|(?<=\d\\t)\d+(?=\\t)/g, "(count)"),
  );
}

test("the commands have the same words, output and exit codes through a server and on a folder", async () => {
  // The sizes depend on the client ids of Yjs, which are random.
  expect((await both(["list"])).out).toMatch(/^\d+\t1\t"\\"q"\n7\t1\tgaps\n\d+\t1\tnotes\/1\n\d+\t2\tnotes\/2\n$/);
  await both(["list"], { isTTY: true });
  await both(["list", "--json", "--prefix", "notes/"]);
  await both(["info", "notes/1"]);
  expect((await both(["info", "gaps"])).out).toContain("complete\tfalse\n");
  expect(await both(["info", "note/1"])).toEqual({
    code: 1,
    out: "",
    err: "yurt: There is no document note/1. Did you mean notes/1?\n",
  });
  expect((await both(["delete", "notes/1", "nothing", '"q'])).out).toBe('deleted\tnotes/1\ndeleted\t"\\"q"\n');
  expect((await both(["list", "--deleted"])).out).toMatch(/^\d+\t1\t"\\"q"\n\d+\t1\tnotes\/1\n$/);
  expect((await both(["info", "notes/1"])).out).toContain("deletedAt\t");
  expect((await both(["export", "notes/1"])).err).toBe("yurt: There is no document notes/1. Did you mean notes/2?\n");
  expect((await both(["fork", "notes/1", "copy"])).err).toBe(
    "yurt: notes/1 is deleted. Take it back with yurt documents undelete.\n",
  );
  expect(await both(["undelete", "notes/1"])).toEqual({ code: 0, out: "undeleted\tnotes/1\n", err: "" });
  expect(await both(["fork", "notes/1", "copy"])).toEqual({ code: 0, out: "created\tcopy\n", err: "" });
  expect((await both(["fork", "notes/2", "copy"])).code).toBe(1);
  expect((await both(["fork", "notes/2", '"q'])).code).toBe(1);
  expect((await both(["export", "copy"])).code).toBe(0);
  expect(await both(["purge", "copy", '"q', "nothing"], { isTTY: true })).toMatchObject({
    code: 1,
    out: '  OUTCOME  NAME\n   purged  copy\n   purged  "\\"q"\n\nBackups that were made before still have it.\n',
  });
  expect((await both(["list"])).out).not.toContain("copy");
});

test("a fork has the content of its original", async () => {
  await both(["fork", "notes/2", "copy"]);
  await server.stop();
  for (const data of [folder, served]) {
    const { copy = [] } = await documentsIn(join(data, "yurt.db"));
    expect(copy).toHaveLength(1);
    expect((await documentsAt(data, ["info", "copy"])).out).toContain("inserted\t8\n");
  }
});

describe("an export", () => {
  test("is imported elsewhere as it was, through a server or not, again without a change", async () => {
    const file = workshop.file("export.ndjson");
    expect(await documentsAt(served, ["export", "--output", file])).toEqual({
      code: 0,
      out: `${file}: 4 documents\n`,
      err: "",
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const fresh = workshop.file("fresh");
    const imported = await documentsAt(fresh, ["import", "--from", "ndjson", file]);
    expect([imported.code, imported.err]).toEqual([0, ""]);
    expect(imported.out.replaceAll(/^\d+\t\d+/gm, "")).toBe(
      '\tnew\t"\\"q"\n\tnew\tgaps\n\tnew\tnotes/1\n\tnew\tnotes/2\n',
    );
    expect((await documentsAt(fresh, ["info", "notes/2"])).out).toContain("inserted\t8\n");
    for (const data of [fresh, served, folder]) {
      const again = await documentsAt(data, ["import", "--from", "ndjson", file]);
      expect(again.out.replaceAll(/^\d+\t/gm, "")).toBe(
        '0\tknown\t"\\"q"\n0\tknown\tgaps\n0\tknown\tnotes/1\n0\tknown\tnotes/2\n',
      );
    }
  });

  test("reaches the clients of a document when it is imported through the server, which keeps the rest", async () => {
    const file = workshop.file("export.ndjson");
    await documentsAt(folder, ["fork", "notes/1", "new"]);
    await documentsAt(folder, ["export", "new", "--output", file]);
    const dry = await documentsAt(served, ["import", "--from", "ndjson", "--dry-run", file]);
    expect(dry.out).toMatch(/^1\t\d+\tnew\tnew\n$/);
    expect((await documentsAt(served, ["info", "new"])).code).toBe(1);
    expect((await documentsAt(served, ["import", "--from", "ndjson", file])).out).toBe(dry.out);
    expect((await documentsAt(served, ["info", "new"])).out).toContain("inserted\t3\n");
  });

  test("is refused for a deleted document", async () => {
    const file = workshop.file("export.ndjson");
    await documentsAt(folder, ["export", "notes/1", "--output", file]);
    await both(["delete", "notes/1"]);
    expect(await both(["import", "--from", "ndjson", file])).toEqual({
      code: 1,
      out: "",
      err:
        "yurt: notes/1 is not imported: it is deleted here; undelete or purge it first.\n" +
        "yurt: 1 document not imported, or not completely.\n",
    });
  });

  test.each<[string, (text: string) => string, string]>([
    [
      "cut short",
      (text) => text.split("\n").slice(0, -2).join("\n"),
      "ends before its last line: the export was cut short",
    ],
    ["damaged", (text) => text.replace('{"update":"', '{"update":"?'), "has a line that is not of an export: line 3"],
    ["another file", () => "hello\n", "is not an export of yurt documents export"],
    [
      "of a newer release",
      (text) => text.replace('"version":1', '"version":2'),
      "has version 2 of the format, which a newer release of Yurt reads",
    ],
    ["incomplete", (text) => text.replace('"documents":1', '"documents":2'), "has 1 documents, and says that it has 2"],
  ])("that is %s is refused with the reason", async (_, change, problem) => {
    const file = workshop.file("export.ndjson");
    await documentsAt(folder, ["export", "notes/1", "--output", file]);
    writeFileSync(file, change(readFileSync(file, "utf8")));
    const { code, err } = await documentsAt(workshop.file("fresh"), ["import", "--from", "ndjson", file]);
    expect([code, err]).toEqual([1, expect.stringContaining(`${file} ${problem}.`)]);
  });

  test("never replaces a file, and names what is wrong with its path", async () => {
    const file = workshop.file("export.ndjson");
    writeFileSync(file, "mine");
    expect(await documentsAt(folder, ["export", "--output", file])).toEqual({
      code: 1,
      out: "",
      err: `yurt: ${file} already exists. Choose another file name.\n`,
    });
    expect(readFileSync(file, "utf8")).toBe("mine");
    const missing = await documentsAt(folder, ["export", "--output", workshop.file("no", "file")]);
    expect(missing.err).toBe(
      `yurt: There is no folder ${workshop.file("no")}. Create it, or choose another file name.\n`,
    );
  });
});

test("the key that a command uses is revoked when it ends", async () => {
  await documentsAt(served, ["list"]);
  expect(new ApiKeysFile(served, systemClock).list()).toEqual([]);
});

test("the files of another server can be imported while the server runs", async () => {
  const source = workshop.file("source.sqlite");
  const database = openHocuspocusDatabase(source);
  for (const update of typed("text")) storeDocument(database, "foreign", update);
  database.close(true);
  expect((await documentsAt(served, ["import", "--from", "hocuspocus-sqlite", source])).out).toMatch(
    /\tnew\tforeign\n$/,
  );
});

test("a folder that another command uses is not touched", async () => {
  await server.stop();
  const before = contentsOf(served);
  expect(existsSync(join(served, "url"))).toBe(false);
  const { openDataFolder } = await import("../../../src/storage/data-folder.ts");
  const held = openDataFolder(served);
  const { code, err } = await documentsAt(served, ["delete", "notes/1"]);
  held.release();
  expect([code, err]).toEqual([1, expect.stringContaining("is in use by process")]);
  expect(contentsOf(served)).toEqual(before);
});

describe("a purge", () => {
  const needle = "the text that must be forgotten";
  /** The files of a folder in which the text stands. */
  const filesWith = (data: string) =>
    readdirSync(data, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(needle))
      .map(({ name }) => name);

  test.each(["folder", "server"])(
    "leaves no byte of the document in any file of the data folder (%s)",
    async (place) => {
      const data = place === "folder" ? folder : served;
      const source = workshop.file("source.sqlite");
      const database = openHocuspocusDatabase(source);
      // Large enough for pages of its own, which are free after the purge.
      for (const [index, update] of typed(needle.repeat(5_000)).entries())
        storeDocument(database, `forgotten ${index}`, update);
      database.close(true);
      await documentsAt(data, ["import", "--from", "hocuspocus-sqlite", source]);
      await documentsAt(data, ["delete", "forgotten 0"]);
      expect(filesWith(data).length).toBeGreaterThan(0);
      expect((await documentsAt(data, ["purge", "forgotten 0"])).code).toBe(0);
      expect(filesWith(data)).toEqual([]);
    },
  );

  test("leaves no byte of what a document held before, and its history may have kept", async () => {
    const updates = updatesOf((doc) => {
      doc.getText("t").insert(0, `${needle} `.repeat(5_000));
      doc.getText("t").delete(0, doc.getText("t").length);
      doc.getText("t").insert(0, "kept");
    });
    await workshop.fill("former", { forgotten: updates });
    const data = workshop.file("former");
    await documentsAt(data, ["compact"]);
    expect((await documentsAt(data, ["info", "forgotten"])).out).toContain("inserted\t");
    await documentsAt(data, ["purge", "forgotten"]);
    expect(filesWith(data)).toEqual([]);
  });
});
