import { afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { signWithSecret } from "../../support/bytes/token-signer.ts";
import { upgradeStatus } from "../../support/clients/upgrade-status.ts";
import { ensureExecutable, Run } from "../../support/processes/executable.ts";
import { temporaryFolder } from "../../support/servers/start-test-server.ts";

setDefaultTimeout(60_000);

const first = "the-first-secret-of-these-tests-long-enough";
const second = "the-second-secret-of-these-tests-long-enough";
let folder: string;

beforeAll(ensureExecutable);
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function serve(): Promise<Run> {
  await writeFile(join(folder, "secret"), first);
  const environment = { YURT_PORT: "0", YURT_AUTH_MODE: "token", YURT_AUTH_SECRET_FILE: join(folder, "secret") };
  return new Run({ folder, environment });
}

/** The status of the handshake of a client whose token this secret has signed. */
async function statusWith(secret: string, port: number): Promise<number> {
  const token = await signWithSecret(secret, { rooms: { "**": "write" }, exp: Date.now() / 1_000 + 60 });
  return upgradeStatus(port, `/signal?token=${token}`);
}

describe("SIGHUP", () => {
  test("makes the server read its secrets again, and keeps it running", async () => {
    await using server = await serve();
    const port = await server.port();
    expect([await statusWith(first, port), await statusWith(second, port)]).toEqual([101, 401]);
    await writeFile(join(folder, "secret"), second);
    server.kill("SIGHUP");
    expect(await server.event("reloaded")).toMatchObject({ level: "info", changed: ["auth.secret"] });
    expect([await statusWith(first, port), await statusWith(second, port)]).toEqual([401, 101]);
    server.kill("SIGTERM");
    expect(await server.ended()).toMatchObject({ code: 0, stderr: "" });
  });

  test("with an invalid configuration changes nothing, and logs every problem without the secret", async () => {
    await using server = await serve();
    const port = await server.port();
    await writeFile(join(folder, "secret"), "too short");
    server.kill("SIGHUP");
    expect(await server.event("reload-refused")).toMatchObject({ level: "error", problems: 1 });
    const problem = await server.event("invalid-setting");
    expect(problem).toMatchObject({
      level: "error",
      setting: "auth.secret",
      value: "***",
      from: "environment variable YURT_AUTH_SECRET_FILE",
      remedy: expect.stringContaining("at least 32 bytes"),
    });
    expect(await statusWith(first, port)).toBe(101);
  });

  test("makes the server read its configuration file again, which must be there still", async () => {
    const path = join(folder, "yurt.toml");
    await writeFile(path, 'port = 0\n[log]\nlevel = "info"\n');
    await using server = new Run({ folder });
    await server.port();
    await writeFile(path, 'port = 0\n[log]\nlevel = "debug"\n');
    server.kill("SIGHUP");
    expect(await server.event("reloaded")).toMatchObject({ changed: ["log.level"] });
    await rm(path);
    server.kill("SIGHUP");
    expect(await server.event("invalid-configuration-file")).toMatchObject({
      problem: "./yurt.toml: The file no longer exists",
    });
    await server.event("reload-refused");
  });
});
