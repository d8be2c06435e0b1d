import { Database } from "bun:sqlite";
import { afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { bringing } from "../../support/bytes/update-bytes.ts";
import { TestClients } from "../../support/clients/providers.ts";
import { eventually } from "../../support/eventually.ts";
import { contentsOf, documentsIn, Workshop } from "../../support/processes/data-folder.ts";
import { ensureExecutable, executable, Run, run } from "../../support/processes/executable.ts";

setDefaultTimeout(60_000);

let workshop: Workshop;
let folder: string;

beforeAll(() => ensureExecutable());

beforeEach(() => {
  workshop = new Workshop();
  folder = workshop.path;
});

afterEach(() => workshop[Symbol.dispose]());

const yurt = (...args: readonly string[]) => run({ folder, args });
const serve = () => new Run({ folder, args: ["--port", "0"] });

const urlOf = async (server: Run) => `ws://127.0.0.1:${await server.port()}`;

/** Types into a document and resolves when another client has it, and it is stored. */
async function type(clients: TestClients, server: Run, document: string, text: string): Promise<void> {
  const [writer, reader] = await clients.connectAll(2, await urlOf(server), document);
  writer.text.insert(0, text);
  await eventually("received", () => reader.text.toString() === text);
}

describe("a server refuses to start, names the remedy and keeps every byte when its database", () => {
  test.each<[string, (file: string) => void]>([
    ["is a letter", (file) => writeFileSync(file, "This is no database.\n".repeat(500))],
    ["has lost its end", (file) => truncateSync(file, 9_000)],
    ["has another schema", (file) => changed(file, "DROP TABLE updates")],
  ])("%s", async (_, damage) => {
    const file = await workshop.fill("yurt-data", { notes: [bringing(1, 0, 5)] });
    damage(file);
    await expectRefusal(
      /The documents in \.\/yurt-data cannot be read: .*\. Nothing was changed\. .*yurt restore <file>/,
    );
  });

  test.each<[string, (file: string) => void]>([
    ["empty", (file) => truncateSync(file, 0)],
    ["missing", (file) => rmSync(file)],
  ])("is %s, and updates are in its -wal", async (state, damage) => {
    const file = await workshop.fillAndKill("yurt-data", { notes: [bringing(1, 0, 5)] });
    damage(file);
    await expectRefusal(new RegExp(`yurt\\.db is ${state}, and yurt\\.db-wal holds updates of it\\. .*yurt restore`));
  });

  test("is of a newer release", async () => {
    const file = await workshop.fill("yurt-data", { notes: [bringing(1, 0, 5)] });
    changed(file, "PRAGMA user_version = 99; UPDATE required_release SET version = '9.9.0'");
    await expectRefusal(/version 99; this release of Yurt knows versions up to \d+\. Start Yurt 9\.9\.0 or newer\.\n/);
  });

  function changed(file: string, statement: string): void {
    const database = new Database(file);
    database.run(statement);
    database.close(true);
  }

  async function expectRefusal(message: RegExp): Promise<void> {
    const data = workshop.file("yurt-data");
    const before = contentsOf(data);
    const { code, stdout, stderr } = await yurt("--port", "0");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(message);
    const { lock: _, ...after } = contentsOf(data);
    expect(after).toEqual(before);
  }
});

describe("yurt documents", () => {
  test("lists and describes documents, and compacts those of a stopped server", async () => {
    await using server = serve();
    await using clients = new TestClients();
    await type(clients, server, "notes", "hello");
    const inUse = `in use by process ${server.pid}. Stop that server, or choose another folder with --data.\n`;
    for (const args of [["list"], ["info", "notes"]]) {
      expect(await yurt("documents", ...args)).toMatchObject({ code: 0, stdout: expect.stringContaining("notes") });
    }
    expect(await yurt("documents", "compact")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining(inUse),
    });
    server.kill("SIGKILL");
    await server.ended();
    expect(await yurt("documents", "list")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\t1\tnotes\n$/),
    });
    const { stdout } = await yurt("documents", "info", "notes", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ name: "notes", clients: 1, inserted: 5, deleted: 0, complete: true });
    expect(await yurt("documents", "compact")).toMatchObject({ code: 0, stderr: "" });
    expect(await yurt("documents", "list")).toMatchObject({ stdout: expect.stringMatching(/^\d+\t0\tnotes\n$/) });
  });

  test("creates no data folder", async () => {
    for (const args of [["list"], ["info", "notes"], ["compact"]]) {
      expect((await yurt("documents", ...args)).code).toBe(1);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test("writes a long list completely to a slow reader, and ends when the reader has gone", async () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `document ${String(index).padStart(5, "0")}`);
    await workshop.fill("yurt-data", Object.fromEntries(names.map((name) => [name, [bringing(1, 0, 1)]])));
    const piped = (reader: string) =>
      run({ folder, command: ["bash", "-c", `"$0" documents list | ${reader}; echo "\${PIPESTATUS[0]}"`, executable] });
    expect((await piped("(sleep 0.3; wc -l)")).stdout).toBe("20000\n0\n");
    expect((await piped("(head -n 1; sleep 0.3)")).stdout).toBe("7\t1\tdocument 00000\n0\n");
  });

  test.skipIf(process.platform === "win32")("draws a table on a terminal", async () => {
    await workshop.fill("yurt-data", { notes: [bringing(1, 0, 5)] });
    let screen = "";
    const decoder = new TextDecoder();
    await using child = Bun.spawn([executable, "documents", "list"], {
      cwd: folder,
      env: { TERM: "xterm-256color" },
      terminal: {
        cols: 120,
        data: (_, bytes) => {
          screen += decoder.decode(bytes, { stream: true });
        },
      },
    });
    expect(await child.exited).toBe(0);
    expect(screen.replaceAll("\r\n", "\n")).toBe("     SIZE    UPDATES  NAME\n      7 B          1  notes\n");
  });
});

describe("yurt backup and yurt restore", () => {
  test("restore a document to its state at the backup, which ran beside the server, and keep its later state", async () => {
    await using server = serve();
    await using clients = new TestClients();
    await type(clients, server, "notes", "first");
    expect(await yurt("backup", "copy.db", "--verify")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^copy\.db: 1 document, \d+ kB, verified\n$/),
      stderr: "",
    });
    await type(clients, server, "later", "second");
    expect(await yurt("restore", "copy.db")).toMatchObject({ code: 1, stderr: expect.stringContaining("in use by") });
    // After SIGKILL all content is in the -wal.
    server.kill("SIGKILL");
    await server.ended();

    const { code, stdout } = await yurt("restore", "copy.db");
    expect(code).toBe(0);
    const [, kept = ""] = /^The previous database is kept: (.+)$/m.exec(stdout) ?? [];
    expect(existsSync(kept)).toBe(true);
    expect(await yurt("documents", "list")).toMatchObject({ stdout: expect.stringMatching(/\tnotes\n$/) });
    expect(Object.keys(await documentsIn(kept))).toEqual(["later", "notes"]);

    await using again = serve();
    const [reader] = await clients.connectAll(1, await urlOf(again), "notes");
    expect(reader.text.toString()).toBe("first");
  });

  test("restore documents that cannot be read", async () => {
    const file = await workshop.fill("yurt-data", { notes: [bringing(1, 0, 5)] });
    mkdirSync(workshop.file("backups"));
    expect((await yurt("backup", "backups/copy.db")).code).toBe(0);
    writeFileSync(file, "This is no database.\n");
    expect((await yurt("--port", "0")).code).toBe(1);
    expect((await yurt("restore", "backups/copy.db")).code).toBe(0);
    await using server = serve();
    await server.port();
    const kept = readdirSync(workshop.file("yurt-data")).filter((name) => /\.before-restore-.*Z$/.test(name));
    expect(kept).toHaveLength(1);
  });
});
