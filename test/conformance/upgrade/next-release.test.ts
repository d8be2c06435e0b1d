import { afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { converged, TestClients } from "../../support/clients/providers.ts";
import { eventually } from "../../support/eventually.ts";
import { contentsOf, Workshop } from "../../support/processes/data-folder.ts";
import { type Ending, executable, Run, run } from "../../support/processes/executable.ts";
import { ensureNextRelease, nextExecutable, nextVersion } from "../../support/upgrade/next-release.ts";

setDefaultTimeout(60_000);

beforeAll(ensureNextRelease, 120_000);

let workshop: Workshop;
beforeEach(() => {
  workshop = new Workshop();
});
afterEach(() => workshop[Symbol.dispose]());

function serve(program: string, port = 0): Run {
  return new Run({ folder: workshop.path, command: [program], args: ["serve", "--port", String(port)] });
}

async function stopped(server: Run): Promise<Ending> {
  server.kill("SIGTERM");
  return server.ended();
}

const yurt = (...args: readonly string[]) => run({ folder: workshop.path, args });

test("an upgrade of the executable while people type loses nothing, and their clients reconnect by themselves", async () => {
  await using server = serve(executable);
  const port = await server.port();
  await using clients = new TestClients();
  const [writer, reader] = await clients.connectAll(2, `ws://127.0.0.1:${port}`, "notes");
  const write = (line: string) => writer.text.insert(writer.text.length, line);
  write("stored by this release\n");
  await converged([writer, reader]);
  expect(await stopped(server)).toMatchObject({ code: 0 });
  write("written between the releases\n");
  await using next = serve(nextExecutable, port);
  expect(await next.event("listening")).toMatchObject({ version: nextVersion });
  await eventually("received", () => reader.text.toString() === writer.text.toString(), 20_000);
  expect(reader.text.toString()).toBe("stored by this release\nwritten between the releases\n");
  expect(await stopped(next)).toMatchObject({ code: 0 });
});

test("an older release refuses the database of a newer one, and goes on with a backup from before the upgrade", async () => {
  await workshop.fill("yurt-data", { notes: [new Uint8Array(2)] });
  expect(await yurt("backup", "before.db")).toMatchObject({ code: 0 });
  await using next = serve(nextExecutable);
  await next.port();
  expect(await stopped(next)).toMatchObject({ code: 0 });

  const { lock: _, ...upgraded } = contentsOf(workshop.file("yurt-data"));
  const refused = await yurt("--port", "0");
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toEndWith(` Start Yurt ${nextVersion} or newer.\n`);
  const { lock: __, ...after } = contentsOf(workshop.file("yurt-data"));
  expect(after).toEqual(upgraded);

  expect(await yurt("restore", "before.db")).toMatchObject({ code: 0, stderr: "" });
  expect((await yurt("documents", "list")).stdout).toContain("notes");
});
