import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { bringing } from "../../support/bytes/update-bytes.ts";
import { contentsOf, Workshop } from "../../support/processes/data-folder.ts";
import { yurt } from "../../support/processes/run-program.ts";
import { freePort } from "../../support/programs/free-port.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

let workshop: Workshop;
let data: string;

beforeEach(() => {
  workshop = new Workshop();
  data = workshop.file("data");
});

afterEach(() => workshop[Symbol.dispose]());

interface Found {
  readonly check: string;
  readonly status: string;
  readonly message: string;
  readonly remedy?: string;
}

/** Runs the doctor on a free port and without TURN, and returns its findings, without those of this machine. */
async function doctor(...args: readonly string[]) {
  const port = args.includes("--port") ? [] : ["--port", String(freePort())];
  const { code, out, err } = await yurt(["doctor", "--json", "--data", data, "--no-turn", ...port, ...args]);
  expect(err).toBe("");
  const all: Found[] = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const about = (check: string) => all.filter((finding) => finding.check === check);
  return { code, all, about };
}

describe("yurt doctor", () => {
  test("finds nothing wrong with a folder that does not exist yet, and does not create it", async () => {
    const { code, all, about } = await doctor("--backup-every", "24h");
    expect(code).toBe(0);
    expect(all.filter(({ status }) => status === "fail")).toEqual([]);
    expect(about("Data folder")).toEqual([
      { check: "Data folder", status: "ok", message: `${data} does not exist yet. The server creates it.` },
    ]);
    expect(existsSync(data)).toBe(false);
  });

  test("changes nothing in the folder of a stopped server", async () => {
    await workshop.fill("data", { a: [bringing(1, 0, 5)] });
    const before = contentsOf(data);
    expect((await doctor()).code).toBe(0);
    expect(contentsOf(data)).toEqual(before);
  });

  test("ends with 78 and every problem of the configuration", async () => {
    const { code, all } = await doctor("--port", "x", "--backup-every", "never");
    expect(code).toBe(78);
    expect(all.map(({ check, status, message }) => [check, status, message])).toEqual([
      ["Configuration", "fail", 'port = "x" (flag --port).'],
      ["Configuration", "fail", 'backup.every = "never" (flag --backup-every).'],
    ]);
  });

  test("prints a table on a terminal, within 80 columns, and fields separated by tabs elsewhere", async () => {
    const table = await yurt(["doctor", "--data", data], { isTTY: true });
    expect(table.out).toMatch(/^ {2}ok {4}Configuration {2}The configuration is valid\.\n/);
    expect(table.out).toMatch(/\n\n\d+ failures?, \d+ warnings?\.\n$/);
    expect(table.out.split("\n").filter((line) => line.length > 80)).toEqual([]);
    const plain = await yurt(["doctor", "--data", data]);
    expect(plain.out).toStartWith("ok\tConfiguration\tThe configuration is valid.\t\n");
  });
});

describe("yurt doctor fails, and names the remedy, when", () => {
  test("another program has the port", async () => {
    using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const { code, about } = await doctor("--port", String(other.port));
    expect(code).toBe(1);
    expect(about("Ports")).toEqual([
      {
        check: "Ports",
        status: "fail",
        message: `Port ${other.port} on 127.0.0.1 is in use. Choose another with --port, or stop the program that uses it.`,
      },
    ]);
  });

  test("the data folder is a file", async () => {
    writeFileSync(data, "");
    const { code, about } = await doctor();
    expect(code).toBe(1);
    expect(about("Data folder")).toEqual([
      {
        check: "Data folder",
        status: "fail",
        message: `The data folder ${data} is not a folder.`,
        remedy: "Choose another with --data.",
      },
    ]);
    expect(about("Examination")).toEqual([]);
  });

  test("the secrets are damaged, and quotes nothing of them", async () => {
    mkdirSync(data, { mode: 0o700 });
    writeFileSync(workshop.file("data", "secrets.json"), '{"auth.secret": "hush', { mode: 0o600 });
    const { code, about } = await doctor();
    expect(code).toBe(1);
    expect(about("Secrets")).toEqual([
      { check: "Secrets", status: "fail", message: expect.stringContaining("new secrets are generated then") },
    ]);
    expect(JSON.stringify(about("Secrets"))).not.toContain("hush");
  });

  test("the database is damaged or of a newer release", async () => {
    const file = await workshop.fill("data", { a: [bringing(1, 0, 5)] });
    const database = new Database(file);
    database.run("PRAGMA user_version = 99");
    database.close(true);
    expect((await doctor()).about("Documents")).toEqual([
      { check: "Documents", status: "fail", message: expect.stringContaining("written by a newer release") },
    ]);
    truncateSync(file, 9_000);
    const { code, about } = await doctor();
    expect(code).toBe(1);
    expect(about("Documents")[0]?.message).toContain("yurt restore <file>");
  });

  test("an identity provider's clock differs by more than tokens may", async () => {
    const serveAt = (offsetMs: number) =>
      Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        fetch: () => new Response(null, { headers: { date: new Date(Date.now() + offsetMs).toUTCString() } }),
      });
    for (const [offsetMs, status] of [
      [0, "ok"],
      [30_000, "warn"],
      [-3_600_000, "fail"],
    ] as const) {
      using provider = serveAt(offsetMs);
      const { about } = await doctor("--auth-mode", "token", "--auth-jwks", provider.url.href);
      expect(about("Clock").map((finding) => finding.status)).toEqual([status]);
    }
  });

  test("the application of the webhook does not answer", async () => {
    const url = `http://127.0.0.1:${freePort()}/`;
    const { about } = await doctor("--auth-mode", "webhook", "--auth-webhook-url", url);
    expect(about("Access")[0]).toMatchObject({
      status: "fail",
      message: expect.stringContaining("nothing listens there"),
    });
  });

  test("the server does not answer at the port that is set", async () => {
    await using server = await startTestServer({ dataFolder: data });
    const { code, about } = await doctor();
    expect(code).toBe(1);
    expect(about("Server")[0]?.message).toMatch(
      /^The server runs, but does not answer at http:\/\/127\.0\.0\.1:\d+: nothing/,
    );
    expect(about("Ports")).toEqual([]);
    expect(server.port).toBeGreaterThan(0);
  });

  test("the server is not ready, and says all its reasons", async () => {
    await using running = await startTestServer({ dataFolder: data });
    const reasons =
      "not ready: the database has not answered for 7 s; revocations and API keys cannot be read from the database";
    await using other = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => new Response(reasons, { status: 503 }),
    });
    const { about } = await doctor("--port", String(other.port));
    expect(about("Server")[0]?.message).toEndWith(`/readyz answers 503 "${reasons}".`);
    expect(running.port).not.toBe(other.port);
  });
});

describe("yurt doctor warns, when", () => {
  test.skipIf(process.platform === "win32")("other users may read the data folder", async () => {
    mkdirSync(data);
    chmodSync(data, 0o755);
    expect((await doctor()).about("Data folder")[1]).toEqual({
      check: "Data folder",
      status: "warn",
      message: `Other users of this machine have access to ${data} (mode 755).`,
      remedy: `Run chmod 700 ${data}.`,
    });
    chmodSync(data, 0o700);
    expect((await doctor()).about("Data folder")).toHaveLength(1);
  });

  test("documents come from the future", async () => {
    const file = await workshop.fill("data", { a: [bringing(1, 0, 5)] });
    utimesSync(file, new Date(), new Date(Date.now() + 86_400_000));
    expect((await doctor()).about("Clock")[0]).toMatchObject({ status: "warn" });
  });

  test.skipIf(process.platform !== "linux")("the limits allow more connections than the system", async () => {
    const shared = ["--host", "0.0.0.0", "--auth-mode", "token", "--no-turn"];
    const [finding] = (await doctor(...shared, "--limits-connections", "999999999")).about("File limit");
    expect(finding).toMatchObject({ status: "warn", remedy: expect.stringContaining("LimitNOFILE=") });
    expect((await doctor(...shared, "--limits-connections", "1")).about("File limit")[0]?.status).toBe("ok");
  });

  test("no backups are made, or the latest one is old or damaged", async () => {
    expect((await doctor()).about("Backups")[0]).toMatchObject({
      status: "warn",
      message: "The server makes no backups.",
    });
    await using _ = await startTestServer({ dataFolder: data });
    const every = ["--backup-every", "1h", "--backup-folder", workshop.file("backups")];
    const found = async () => (await doctor(...every)).about("Backups")[0];
    expect(await found()).toMatchObject({ status: "warn", message: expect.stringContaining("no backup in") });
    const write = (ageMs: number, suffix: string) => {
      mkdirSync(workshop.file("backups"), { recursive: true });
      const stamp = new Date(Date.now() - ageMs)
        .toISOString()
        .replace(/\.\d+Z$/, "Z")
        .replaceAll(":", "-");
      writeFileSync(workshop.file("backups", `yurt-${stamp}${suffix}`), "");
    };
    write(5 * 3_600_000, ".db");
    expect(await found()).toMatchObject({ status: "warn", message: expect.stringContaining("is 5 h old") });
    write(3_600_000, ".db");
    expect(await found()).toMatchObject({ status: "ok", message: expect.stringContaining("is 60 min old") });
    write(1_000, ".damaged.db");
    expect(await found()).toMatchObject({ status: "fail", message: expect.stringContaining("damaged updates") });
  });
});

test("yurt doctor finds the server that runs, and its readiness", async () => {
  await using server = await startTestServer({ dataFolder: data });
  const { code, about } = await doctor("--port", String(server.port));
  expect(about("Data folder")).toEqual([
    { check: "Data folder", status: "ok", message: `${data} is in use by process ${process.pid}.` },
  ]);
  expect(about("Server")).toEqual([{ check: "Server", status: "ok", message: `Ready at ${server.url}.` }]);
  expect(code).toBe(0);
  expect(readdirSync(data)).toContain("yurt.db");
});
