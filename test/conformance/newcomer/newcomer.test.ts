import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { codeBlocks } from "../../support/docs-snippets.ts";
import { eventually } from "../../support/eventually.ts";
import { Pebble } from "../../support/https/pebble.ts";
import { DeployedYurt, type SecureClient } from "../../support/newcomer/deployed-yurt.ts";
import { valuesIn } from "../../support/newcomer/edited-sample.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { freePort } from "../../support/programs/free-port.ts";
import { Prometheus } from "../../support/programs/prometheus.ts";
import { ensureNextRelease, nextExecutable, nextVersion } from "../../support/upgrade/next-release.ts";

setDefaultTimeout(60_000);

/** The first block of code of a page that has this text in it. */
function documented(page: string, text: string): string {
  const block = codeBlocks(page).find(({ code }) => code.includes(text));
  if (block === undefined) throw new Error(`${page} has no block of code with ${text}`);
  return block.code;
}

const settings = valuesIn(documented("docs/deploy.md", "\ndomain = "));
const domain = "collab.example.com";
const metricsPort = 9464;
const prometheusIsMissing = isMissing("prometheus");

/** The steps of docs/deploy.md. Each one goes on where the one before has ended. */
describe.skipIf(isMissing("pebble"))("a newcomer with the executable, an empty folder and docs/deploy.md", () => {
  const [port, httpPort] = [freePort(), freePort()];
  const ownMetricsPort = freePort();
  let yurt: DeployedYurt;
  let pebble: Pebble;
  let prometheus: Prometheus | undefined;
  let token = "";
  let written = "";
  let clients: readonly [SecureClient, SecureClient];

  beforeAll(async () => {
    await ensureNextRelease();
    yurt = new DeployedYurt(domain, port);
    pebble = await Pebble.start({ httpPort });
    if (!prometheusIsMissing) prometheus = await startPrometheus();
  }, 120_000);
  afterAll(async () => {
    await prometheus?.[Symbol.asyncDispose]();
    await yurt[Symbol.asyncDispose]();
    await pebble?.[Symbol.asyncDispose]();
  });

  /** Prometheus looks for its targets only every five seconds, so it is started before the server. */
  async function startPrometheus(): Promise<Prometheus> {
    const folder = yurt.workshop.file("prometheus");
    mkdirSync(folder);
    const configuration = documented("docs/deploy.md", "scrape_configs:");
    expect(configuration).toContain(`:${metricsPort}`);
    return Prometheus.start(
      configuration.replaceAll(`:${metricsPort}`, `:${ownMetricsPort}`).replaceAll(/: 15s$/gm, ": 1s"),
      folder,
    );
  }

  const text = (at: 0 | 1) => clients[at].text.toString();
  /** The first client adds a line, and both have it. */
  async function write(line: string): Promise<void> {
    clients[0].text.insert(clients[0].text.length, `${line}\n`);
    written += `${line}\n`;
    await eventually(`written: ${line}`, () => text(1) === written, 20_000);
  }
  const backups = () => readdirSync(yurt.workshop.file("yurt-data", "backups")).sort();

  test("writes a configuration file and checks it", async () => {
    expect(settings["domain"]).toBe(`["${domain}"]`);
    await yurt.configure({
      ...settings,
      // This machine has other ports, addresses and certificates than the one of the page.
      ...{ host: '"127.0.0.1"', port: `${port}`, data: '"./yurt-data"' },
      ...{ "tls.http-port": `${httpPort}`, "tls.acme-directory": `"${pebble.directoryUrl.href}"` },
      ...{ "tls.acme-ca": `"${pebble.rootsFile}"`, "metrics.listen": `"127.0.0.1:${ownMetricsPort}"` },
    });
    expect(await yurt.yurt("check")).toStartWith("The configuration is valid.");
  });

  test("starts the server, which gets a certificate and redirects HTTP to HTTPS", async () => {
    const server = yurt.start();
    expect(await server.event("listening")).toMatchObject({ publicUrl: expect.any(String) });
    yurt.root = await pebble.root();
    await eventually("served", async () => (await yurt.fetch("/readyz").catch(() => undefined))?.ok === true, 30_000);
    const headers = { host: domain };
    const redirect = await fetch(`http://127.0.0.1:${httpPort}/?room=a`, { headers, redirect: "manual" });
    expect([redirect.status, redirect.headers.get("location")]).toEqual([308, `https://${domain}:${port}/?room=a`]);
  });

  test("creates a token, with which two clients edit a document over wss", async () => {
    token = await yurt.yurt("token", "notes/*", "--user", "ann");
    clients = [yurt.connect("notes/first", token), yurt.connect("notes/first", token)];
    await write("typed over wss");
    expect((await yurt.fetch(`/api/validate?room=notes/first`)).status).toBe(401);
  });

  test.skipIf(prometheusIsMissing)("watches the server with Prometheus", async () => {
    const clientsSeen = () => prometheus?.query('yurt_sessions{job="yurt",protocol="y-websocket"}');
    await eventually("both clients are seen", async () => (await clientsSeen())?.[0] === 2, 20_000);
  });

  test("makes a verified backup by its schedule", async () => {
    await yurt.server.event("backup-made");
    expect(backups()).toHaveLength(1);
  });

  test("loses nothing that the clients have seen when the server is killed, and keeps the certificate", async () => {
    const serial = await yurt.servedCertificate();
    expect(await yurt.end("SIGKILL")).toBeNull();
    clients[1].text.insert(0, "typed while the server was down\n");
    written = text(1);
    yurt.start();
    await eventually("received", () => text(0) === written, 20_000);
    expect(await yurt.servedCertificate()).toBe(serial);
  });

  test("restores the backup of the next day", async () => {
    const saved = written;
    expect(await yurt.end("SIGTERM")).toBe(0);
    // The first backup is older than a day now.
    const [first = ""] = backups();
    const folder = yurt.workshop.file("yurt-data", "backups");
    renameSync(join(folder, first), join(folder, "yurt-2026-01-01T00-00-00Z.db"));
    await yurt.start().event("backup-made");
    const [, latest = ""] = backups();
    await write("typed after the backup");
    yurt.disconnect();
    expect(await yurt.end("SIGTERM")).toBe(0);
    const restored = await yurt.yurt("restore", `yurt-data/backups/${latest}`);
    expect(restored).toContain("yurt-data is restored from");
    yurt.start();
    clients = [yurt.connect("notes/first", token), yurt.connect("notes/first", token)];
    await eventually("restored", () => text(0) === saved && text(1) === saved, 20_000);
    written = saved;
  });

  test("upgrades to the next release while the clients are open", async () => {
    expect(await yurt.end("SIGTERM")).toBe(0);
    expect(await yurt.start(nextExecutable).event("listening")).toMatchObject({ version: nextVersion });
    await write("typed after the upgrade");
    expect(await yurt.end("SIGTERM")).toBe(0);
  });
});
