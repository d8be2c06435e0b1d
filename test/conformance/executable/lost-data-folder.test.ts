import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { cp, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { HocuspocusClients, kinds } from "../../support/clients/hocuspocus-clients.ts";
import { TestClients } from "../../support/clients/providers.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { contentsOf } from "../../support/processes/data-folder.ts";
import { ensureExecutable, executable, Run, type RunOptions, run } from "../../support/processes/executable.ts";
import { SmallDisk, smallDiskTrouble } from "../../support/processes/small-disk.ts";

setDefaultTimeout(60_000);

/** Longer than the server takes to look at its folder. */
const noticedMs = 1_500;

let parent: string;
let folder: string;
let data: string;
let away: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "yurt-lost-folder-"));
  await ensureExecutable();
});

afterAll(async () => {
  await rm(parent, { recursive: true, force: true });
});

beforeEach(async () => {
  folder = await mkdtemp(join(parent, "case-"));
  [data, away] = [join(folder, "yurt-data"), join(folder, "away")];
});

interface Server {
  readonly process: Run;
  readonly url: string;
  readonly wsUrl: string;
  isReady(): Promise<boolean>;
}

async function serve(...args: readonly string[]): Promise<Server> {
  return running(new Run({ folder, args: ["--port", "0", ...args] }));
}

async function running(process: Run): Promise<Server> {
  const url = `http://127.0.0.1:${await process.port()}`;
  const isReady = async () => (await fetch(`${url}/readyz`)).ok;
  return { process, url, wsUrl: url.replace("http", "ws"), isReady };
}

const [newest = kinds[0]] = kinds.filter(({ label }) => label === "4");

function writerOf(wsUrl: string, token?: string) {
  if (newest === undefined) throw new Error("there is no provider");
  const clients = new HocuspocusClients(newest, wsUrl);
  const writer = clients.attach("notes", token === undefined ? {} : { token });
  return { clients, writer };
}

async function printed(options: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await run(options);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

const acknowledged = (writer: { readonly provider: { readonly unsyncedChanges: number } }) =>
  eventually("acknowledged", () => writer.provider.unsyncedChanges === 0, 20_000);

/** Starts the server on what is at the path now, and resolves with the document's text. */
async function textAfterStart(...args: readonly string[]): Promise<string> {
  const { process, wsUrl } = await serve(...args);
  await using _ = process;
  const { clients, writer } = writerOf(wsUrl);
  await using _clients = clients;
  await eventually("synced", () => writer.provider.isSynced);
  return writer.text.toString();
}

test("a deleted data folder: nothing is acknowledged until it is written again, and after a kill all is there", async () => {
  const { process, wsUrl, isReady } = await serve();
  await using killed = process;
  const { clients, writer } = writerOf(wsUrl);
  await using _ = clients;
  writer.text.insert(0, "before ");
  await acknowledged(writer);
  await rm(data, { recursive: true });
  writer.text.insert(7, "meanwhile ");
  expect(await process.event("data-folder-gone")).toMatchObject({ level: "error", state: "deleted" });
  expect(writer.provider.unsyncedChanges).toBe(1);
  expect(await isReady()).toBe(false);
  expect(await process.event("data-folder-recovered")).toMatchObject({ isRewritten: true });
  await acknowledged(writer);
  await eventually("ready", isReady);
  writer.text.insert(17, "after");
  await acknowledged(writer);
  killed.kill("SIGKILL");
  await killed.ended();
  expect(await textAfterStart()).toBe("before meanwhile after");
});

test("tokens and revocations survive the deletion of the data folder", async () => {
  const first = await serve("--auth-mode", "token");
  await using killed = first.process;
  const mint = (...args: readonly string[]) => printed({ folder, args: ["token", ...args] });
  const [ann, bob, admin] = [
    await mint("**", "--user", "ann"),
    await mint("**", "--user", "bob"),
    await mint("--admin"),
  ];
  const status = async ({ url }: Server, token: string) =>
    (await fetch(`${url}/api/validate?room=notes`, { headers: { authorization: `Bearer ${token}` } })).status;
  const revoke = (user: string) =>
    fetch(`${first.url}/api/revocations`, {
      method: "POST",
      headers: { authorization: `Bearer ${admin}` },
      body: JSON.stringify({ user }),
    });
  expect((await revoke("carl")).status).toBe(201);
  await rm(data, { recursive: true });
  expect((await revoke("bob")).status).toBe(503);
  await first.process.event("data-folder-recovered");
  expect((await revoke("bob")).status).toBe(201);
  killed.kill("SIGKILL");
  await killed.ended();
  const second = await serve("--auth-mode", "token");
  await using _ = second.process;
  expect([await status(second, ann), await status(second, bob)]).toEqual([200, 401]);
});

test("a moved data folder: nothing is acknowledged or forwarded until it is moved back", async () => {
  const { process, wsUrl, isReady } = await serve();
  await using killed = process;
  const { clients, writer } = writerOf(wsUrl);
  await using _ = clients;
  await using readers = new TestClients();
  const reader = readers.connect(wsUrl, "notes");
  writer.text.insert(0, "before ");
  await acknowledged(writer);
  await rename(data, away);
  expect(await process.event("data-folder-gone")).toMatchObject({ state: "moved" });
  writer.text.insert(7, "meanwhile");
  await pause(noticedMs);
  expect([writer.provider.unsyncedChanges, reader.text.toString(), await isReady()]).toEqual([1, "before ", false]);
  await rename(away, data);
  await acknowledged(writer);
  await eventually("forwarded", () => reader.text.toString() === "before meanwhile");
  await eventually("ready", isReady);
  killed.kill("SIGKILL");
  await killed.ended();
  expect(await textAfterStart()).toBe("before meanwhile");
});

test.skipIf(smallDiskTrouble() !== undefined)(
  "a volume mounted over the data folder: nothing is acknowledged until it is unmounted, and it stays empty",
  async () => {
    await mkdir(data);
    await using disk = await SmallDisk.mount(data, 16);
    const inNamespace = (...command: readonly string[]) => Bun.spawnSync([...disk.prefix, ...command]);
    const { process, wsUrl, isReady } = await running(
      // The namespace begins in its root folder.
      new Run({ folder, args: ["--port", "0", "--data", data], command: [...disk.prefix, executable] }),
    );
    await using _ = process;
    const { clients, writer } = writerOf(wsUrl);
    await using _clients = clients;
    writer.text.insert(0, "before ");
    await acknowledged(writer);
    inNamespace("mount", "-t", "tmpfs", "none", data);
    writer.text.insert(7, "meanwhile");
    expect(await process.event("data-folder-gone")).toMatchObject({ state: "moved" });
    await pause(noticedMs);
    expect([writer.provider.unsyncedChanges, await isReady()]).toEqual([1, false]);
    expect(inNamespace("ls", "-A", data).stdout.toString()).toBe("");
    inNamespace("umount", data);
    await acknowledged(writer);
    await eventually("ready", isReady);
  },
);

test("another server's data folder in place of its own is not touched, members are closed, and the exit code is 1", async () => {
  const foreign = join(folder, "foreign");
  expect(await textAfterStart("--data", foreign)).toBe("");
  await rm(join(foreign, "pid"), { force: true });
  const { process, wsUrl, isReady } = await serve("--limits-waiting-update-bytes", "65536");
  await using _ = process;
  await using clients = new TestClients();
  const writer = clients.connect(wsUrl, "notes");
  await eventually("synced", () => writer.provider.synced);
  await rename(data, away);
  await cp(foreign, data, { recursive: true });
  const before = contentsOf(data);
  expect(await process.event("data-folder-gone")).toMatchObject({ state: "replaced" });
  const closed = new Promise<CloseEvent | null>((resolve) => writer.provider.once("connection-close", resolve));
  writer.text.insert(0, "x".repeat(100_000));
  const { code, name } = closeReasons.storageUnavailable;
  expect(await closed).toMatchObject({ code, reason: name });
  writer.provider.disconnect();
  expect(await isReady()).toBe(false);
  process.kill("SIGTERM");
  expect((await process.ended()).code).toBe(1);
  expect(JSON.stringify(await process.event("stop-failed"))).toContain("was replaced by another file");
  expect(contentsOf(data)).toEqual(before);
});
