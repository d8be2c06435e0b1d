import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import * as Y from "yjs";
import { openDataFolder } from "../../../src/storage/data-folder.ts";
import { bringing } from "../../support/bytes/update-bytes.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";
import { contentsOf, documentsIn, Workshop } from "../../support/processes/data-folder.ts";
import { type ProgramOptions, yurt } from "../../support/processes/run-program.ts";

let workshop: Workshop;
let data: string;

beforeEach(() => {
  workshop = new Workshop();
  data = workshop.file("data");
});

afterEach(() => workshop[Symbol.dispose]());

const documents = (args: readonly string[], options?: ProgramOptions) =>
  yurt(["documents", ...args, "--data", data], options);

/** Updates of a text that was typed and of which half was deleted. */
const typed = (count: number) =>
  updatesOf((doc) => {
    for (let index = 0; index < count; index += 1) doc.getText("t").insert(0, "0123456789");
    doc.getText("t").delete(0, count * 5);
  });

function textOf(updates: readonly (readonly number[])[]): string {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, Uint8Array.from(update));
  return doc.getText("t").toString();
}

const damaged = Uint8Array.of(1, 2, 3);

describe("yurt documents list", () => {
  beforeEach(() =>
    workshop.fill("data", { notes: [bringing(1, 0, 5), bringing(1, 5, 9)], "a\tb": [bringing(1, 0, 5)] }),
  );

  test("writes bytes, updates and name, with tabs between, in the order of the names", async () => {
    expect(await documents(["list"])).toEqual({ code: 0, out: '7\t1\t"a\\tb"\n14\t2\tnotes\n', err: "" });
  });

  test("writes one JSON object a line, also on a terminal", async () => {
    const { code, out } = await documents(["list", "--json"], { isTTY: true });
    expect(code).toBe(0);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const times = { createdAt: time, updatedAt: time, deletedAt: null };
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([
      { name: "a\tb", bytes: 7, updates: 1, sequence: 3, ...times },
      { name: "notes", bytes: 14, updates: 2, sequence: 2, ...times },
    ]);
  });

  test("draws a table on a terminal", async () => {
    expect((await documents(["list"], { isTTY: true })).out).toBe(
      `     SIZE    UPDATES  NAME
      7 B          1  "a\\tb"
     14 B          2  notes

2 documents, 21 B
`,
    );
  });

  test("says on a terminal that there are none, and writes nothing else where", async () => {
    rmSync(data, { recursive: true });
    await workshop.fill("data", {});
    expect(await documents(["list"], { isTTY: true })).toEqual({ code: 0, out: "No documents.\n", err: "" });
    expect(await documents(["list"])).toEqual({ code: 0, out: "", err: "" });
  });

  test("writes any number, page by page", async () => {
    rmSync(data, { recursive: true });
    const names = Array.from({ length: 2_500 }, (_, index) => `d${String(index).padStart(4, "0")}`);
    await workshop.fill("data", Object.fromEntries(names.map((name) => [name, [damaged]])));
    const { out } = await documents(["list"]);
    expect(out).toBe(names.map((name) => `3\t1\t${name}\n`).join(""));
  });

  test("ends with 0 when its reader has seen enough, and with 1 when its output cannot be written", async () => {
    const failing = (code: string) => ({ failure: () => Object.assign(new Error("no more"), { code }) });
    expect(await documents(["list"], failing("EPIPE"))).toEqual({ code: 0, out: "", err: "" });
    expect(await documents(["list"], failing("ENOSPC"))).toEqual({
      code: 1,
      out: "",
      err: "yurt: The output cannot be written: no more\n",
    });
  });
});

describe("yurt documents info", () => {
  beforeEach(() => workshop.fill("data", { notes: typed(20), nodes: [bringing(1, 3, 5)], broken: [damaged] }));

  test("writes the facts of the log, one per line", async () => {
    const { code, out, err } = await documents(["info", "nodes"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out.replaceAll(/At\t\d{4}-\d\d-\d\dT[\d:.]+Z/g, "At\t(time)")).toBe(
      "name\tnodes\nbytes\t7\nupdates\t1\nsequence\t22\ncreatedAt\t(time)\nupdatedAt\t(time)\n" +
        "clients\t1\ninserted\t2\ndeleted\t0\ncomplete\tfalse\n",
    );
  });

  test("writes it as one JSON object, also after a compaction", async () => {
    await documents(["compact", "notes"]);
    const { out } = await documents(["info", "notes", "--json"]);
    expect(JSON.parse(out)).toMatchObject({
      name: "notes",
      updates: 0,
      sequence: 21,
      clients: 1,
      inserted: 200,
      deleted: 100,
      complete: true,
    });
  });

  test("writes it for people on a terminal", async () => {
    const { out } = await documents(["info", "notes"], { isTTY: true });
    expect(out).toStartWith("Name                      notes\nSize                      ");
    expect(out).toContain("\nInserted                  200\n");
    expect(out).toEndWith("\nComplete (no gaps)        yes\n");
  });

  test("of a document that is not there is 1, and names the nearest", async () => {
    const missing = (name: string) => documents(["info", name]);
    expect(await missing("nots")).toEqual({
      code: 1,
      out: "",
      err: "yurt: There is no document nots. Did you mean notes?\n",
    });
    expect((await missing("something else")).err).toBe("yurt: There is no document something else.\n");
  });

  test("of one that is damaged is 1, and names the row", async () => {
    const { code, out, err } = await documents(["info", "broken"]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/^yurt: broken cannot be read: row \d+ does not hold a Yjs update: [^\n]+\n$/);
  });
});

describe("yurt documents compact", () => {
  test("compacts every document when none is named, and writes the bytes before and after", async () => {
    const file = await workshop.fill("data", { a: typed(50), b: typed(2) });
    const before = await documentsIn(file);
    const { code, out, err } = await documents(["compact"]);
    expect([code, err]).toEqual([0, ""]);
    const after = await documentsIn(file);
    const sizes = (all: typeof before, name: string) => (all[name] ?? []).reduce((sum, { length }) => sum + length, 0);
    expect(out).toBe(["a", "b"].map((name) => `${sizes(before, name)}\t${sizes(after, name)}\t${name}\n`).join(""));
    for (const name of ["a", "b"]) {
      expect(after[name]).toHaveLength(1);
      expect(textOf(after[name] ?? [])).toBe(textOf(before[name] ?? []));
    }
    expect(sizes(after, "a")).toBeLessThan(sizes(before, "a") / 2);
  });

  test("compacts only what is named, once, and leaves alone what is compact", async () => {
    const file = await workshop.fill("data", { a: typed(3), b: typed(3) });
    await documents(["compact", "a", "a"]);
    const after = await documentsIn(file);
    expect([after["a"]?.length, after["b"]?.length]).toEqual([1, 4]);
    const { out } = await documents(["compact", "a", "--json"]);
    const bytes = after["a"]?.[0]?.length;
    expect(JSON.parse(out)).toEqual({ before: bytes, after: bytes, name: "a" });
    expect(await documentsIn(file)).toEqual(after);
  });

  test("keeps the deleted content of documents whose name says so", async () => {
    const updates = typed(100);
    await workshop.fill("data", { "kept/a": updates, b: updates });
    const { code } = await documents(["compact", "--sync-no-gc", "kept/*"]);
    const stored = await documentsIn(workshop.file("data/yurt.db"));
    const bytes = (name: string) => stored[name]?.[0]?.length ?? 0;
    expect([code, textOf(stored["kept/a"] ?? []), textOf(stored["b"] ?? [])]).toEqual([
      0,
      "0123456789".repeat(50),
      "0123456789".repeat(50),
    ]);
    expect(bytes("kept/a")).toBe(bytes("b") + 500);
  });

  test("names what it cannot compact, leaves it as it is, compacts the others, and ends with 1", async () => {
    const file = await workshop.fill("data", { a: [bringing(1, 0, 3), damaged], b: typed(3) });
    const before = await documentsIn(file);
    const { code, out, err } = await documents(["compact", "a", "nothing", "b"]);
    expect(code).toBe(1);
    expect(out).toEndWith("\tb\n");
    expect(err).toMatch(/^yurt: a is left unchanged: [^\n]+\nyurt: There is no document nothing\.\n$/);
    const after = await documentsIn(file);
    expect(after["a"]).toEqual(before["a"] ?? []);
    expect(after["b"]).toHaveLength(1);
  });

  test("continues when its reader has gone", async () => {
    const file = await workshop.fill("data", { a: typed(3), b: typed(3) });
    const failure = () => Object.assign(new Error("broken pipe"), { code: "EPIPE" });
    expect(await documents(["compact"], { failure })).toEqual({ code: 0, out: "", err: "" });
    expect(Object.values(await documentsIn(file)).map(({ length }) => length)).toEqual([1, 1]);
  });
});

describe.each([["list"], ["info", "notes"], ["compact"]])("yurt documents %s", (...args) => {
  test("names the process that uses the data folder, and changes nothing", async () => {
    await workshop.fill("data", { notes: [damaged] });
    const folder = openDataFolder(data);
    const before = contentsOf(data);
    expect(await documents(args)).toEqual({
      code: 1,
      out: "",
      err:
        `yurt: The data folder ${data} is in use by process ${process.pid}. ` +
        "Stop that server, or choose another folder with --data.\n",
    });
    expect(contentsOf(data)).toEqual(before);
    folder.release();
  });

  test("lets the next server in", async () => {
    await workshop.fill("data", { notes: [bringing(1, 0, 1)] });
    expect((await documents(args)).code).toBe(0);
    openDataFolder(data).release();
    expect(readdirSync(data).sort()).toEqual(["lock", "yurt.db"]);
  });

  test("makes no data folder, and writes nothing into a folder that is none", async () => {
    const refused = {
      code: 1,
      out: "",
      err: `yurt: No Yurt data in ${data}. Start the server once, or pass --data.\n`,
    };
    expect(await documents(args)).toEqual(refused);
    expect(existsSync(data)).toBe(false);
    mkdirSync(data);
    expect(await documents(args)).toEqual(refused);
    expect(readdirSync(data)).toEqual([]);
  });

  test("says what to do when the documents cannot be read, and changes nothing", async () => {
    const file = await workshop.fill("data", { notes: [damaged] });
    truncateSync(file, 5_000);
    const before = readFileSync(file);
    const { code, out, err } = await documents(args);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toStartWith(`yurt: The documents in ${data} cannot be read: `);
    expect(err).toEndWith("with yurt restore <file>; the damaged database is kept.\n");
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test("says when the data folder is a file", async () => {
    writeFileSync(data, "a letter");
    expect((await documents(args)).err).toBe(
      `yurt: The data folder ${data} is not a folder. Choose another with --data.\n`,
    );
  });
});
