import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../../support/eventually.ts";
import { Pebble } from "../../support/https/pebble.ts";
import { TestAuthority } from "../../support/https/test-authority.ts";
import { ensureExecutable, Run, run } from "../../support/processes/executable.ts";
import { findProgram } from "../../support/processes/programs.ts";
import { freePort } from "../../support/programs/free-port.ts";

setDefaultTimeout(60_000);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "yurt-https-"));
  await ensureExecutable();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the executable reads certificate files, again after SIGHUP, and health asks over HTTPS", async () => {
  const authority = await TestAuthority.create();
  const write = async (name: string) => {
    const { chain, privateKey } = await authority.issue([name, "127.0.0.1"]);
    await writeFile(join(folder, "cert.pem"), chain);
    await writeFile(join(folder, "key.pem"), privateKey);
  };
  await write("first.test");
  const files = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
  await using server = new Run({ folder, args: ["--port", "0", "--no-sync", ...files] });
  const { url } = await server.event("listening");
  const port = String(await server.port());
  expect(url).toBe(`https://127.0.0.1:${port}`);
  const names = async () => (await fetch(`${url}/healthz`, { tls: { ca: authority.root } })).status;
  expect(await names()).toBe(200);
  expect(await run({ folder, args: ["health", "--port", port, ...files] })).toEqual({
    code: 0,
    stdout: "ready\n",
    stderr: "",
  });
  await write("second.test");
  server.kill("SIGHUP");
  await server.event("reloaded");
  server.kill("SIGTERM");
  const { code, stdout } = await server.ended();
  const loaded = stdout.split("\n").filter((line) => line.includes("certificate-loaded"));
  expect([code, loaded.map((line) => JSON.parse(line).names[0])]).toEqual([0, ["first.test", "second.test"]]);
});

test("the executable does not start with files that it cannot use", async () => {
  const other = await (await TestAuthority.create()).issue(["other.test"]);
  await writeFile(join(folder, "other.pem"), other.privateKey);
  const args = ["--port", "0", "--no-sync", "--tls-cert", "cert.pem", "--tls-key", "other.pem"];
  expect(await run({ folder, args })).toMatchObject({
    code: 1,
    stderr:
      "yurt: The certificate cert.pem with the key other.pem cannot be used: the key does not belong to the first " +
      "certificate of the chain, which must be the server's own. Correct the file, or name another.\n",
  });
});

test.skipIf(findProgram("pebble") === undefined)("the executable gets a certificate for its domains", async () => {
  const httpPort = freePort();
  await using pebble = await Pebble.start({ httpPort });
  const { directoryUrl, rootsFile } = pebble;
  const args = ["serve", "collab.test", "www.collab.test", "--host", "127.0.0.1", "--port", "0"];
  const environment = {
    YURT_AUTH_MODE: "token",
    YURT_TLS_HTTP_PORT: String(httpPort),
    YURT_TLS_ACME_DIRECTORY: directoryUrl.href,
    YURT_TLS_ACME_CA: rootsFile,
  };
  await using server = new Run({ folder, args, environment });
  expect(await server.event("certificate-issued")).toMatchObject({ names: ["collab.test", "www.collab.test"] });
  const { url } = await server.event("listening");
  const ca = await pebble.root();
  const ask = () => fetch(`${url}/readyz`, { tls: { ca, checkServerIdentity: () => undefined } });
  await eventually("ready", async () => (await ask()).status === 200);
});
