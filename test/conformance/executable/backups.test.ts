import { afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { TestClients } from "../../support/clients/providers.ts";
import { eventually } from "../../support/eventually.ts";
import { documentsIn, Workshop } from "../../support/processes/data-folder.ts";
import { ensureExecutable, Run, run } from "../../support/processes/executable.ts";

setDefaultTimeout(60_000);

let workshop: Workshop;

beforeAll(() => ensureExecutable());

beforeEach(() => {
  workshop = new Workshop();
});

afterEach(() => workshop[Symbol.dispose]());

test("the executable makes a verified backup after its start, hands it over, and restores it after kill -9", async () => {
  const folder = workshop.path;
  await workshop.fill("yurt-data", { notes: [] });
  const first = ["--port", "0", "--backup-every", "1h", "--backup-keep", "2"];
  const args = [...first, "--backup-command", 'cp "$YURT_BACKUP_FILE" "$YURT_BACKUP_FILE.copy"'];
  await using server = new Run({ folder, args, environment: { PATH: process.env["PATH"] ?? "" } });
  await using clients = new TestClients();
  const wsUrl = `ws://127.0.0.1:${await server.port()}`;
  const [writer, reader] = await clients.connectAll(2, wsUrl, "notes");
  writer.text.insert(0, "typed");
  await eventually("stored", () => reader.text.toString() === "typed");
  const { file } = await server.event("backup-made");
  await server.event("backup-command-done");
  const copies = readdirSync(workshop.file("yurt-data", "backups")).sort();
  expect(copies).toEqual([
    expect.stringMatching(/^yurt-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.db$/),
    expect.stringMatching(/Z\.db\.copy$/),
  ]);
  const found = (await run({ folder, args: ["doctor", "--backup-every", "1h", "--port", "0"] })).stdout;
  expect(found).toContain("ok\tRuntime\tThe server compiles code at run time.");
  expect(found).toContain(`ok\tBackups\tThe latest backup in ${workshop.file("yurt-data", "backups")} is 0 min old.`);
  server.kill("SIGKILL");
  await server.ended();
  const restored = await run({ folder, args: ["restore", `${file}.copy`] });
  expect([restored.code, restored.stderr]).toEqual([0, ""]);
  expect(Object.keys(await documentsIn(workshop.file("yurt-data", "yurt.db")))).toEqual(["notes"]);
});
