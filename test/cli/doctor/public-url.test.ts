import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Arrival } from "../../../src/admin/probe-api.ts";
import { arrivalFindings } from "../../../src/cli/doctor/checks/public-url.ts";
import type { Finding } from "../../../src/cli/doctor/finding.ts";
import { AddressRanges } from "../../../src/lib/address/address-ranges.ts";
import { yurt } from "../../support/processes/run-program.ts";
import { freePort } from "../../support/programs/free-port.ts";
import { type ChangeHeaders, HeaderProxy } from "../../support/proxies/header-proxy.ts";
import { startTestServer, type TestServer, temporaryFolder } from "../../support/servers/start-test-server.ts";

let server: TestServer;
beforeAll(async () => {
  // A folder that is passed in is kept: the commands need it while the server runs.
  server = await startTestServer({
    dataFolder: await temporaryFolder(),
    auth: { mode: "token" },
    proxies: ["127.0.0.1"],
  });
});
afterAll(() => server.stop());

const forwarded: ChangeHeaders = (lines, client) => [...lines, `X-Forwarded-For: ${client}`];

/** The findings of the doctor behind a proxy, by subject. */
async function behind(change: ChangeHeaders, trusted = "127.0.0.1") {
  await using proxy = await HeaderProxy.start(change);
  proxy.upstreamPort = server.port;
  return await doctor(`http://127.0.0.1:${proxy.port}`, "--proxy-trusted", trusted);
}

async function doctor(publicUrl: string, ...more: readonly string[]) {
  const settings = ["--data", server.dataFolder, "--port", String(server.port), "--auth-mode", "token"];
  const { out } = await yurt(["doctor", ...settings, "--public-url", publicUrl, ...more]);
  const rows = out
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
  const about = (check: string) =>
    rows.filter(([, name]) => name === check).map(([status, , ...texts]) => [status, ...texts]);
  return { urls: about("Public URL"), sockets: about("WebSocket"), proxies: about("Proxy") };
}

describe("yurt doctor sends a request through the public URL, and", () => {
  test("is content with a proxy that passes everything on", async () => {
    const { urls, sockets, proxies } = await behind(forwarded);
    expect([urls[0]?.[0], sockets[0]?.[0]]).toEqual(["ok", "ok"]);
    expect(proxies.map(([status, message]) => [status, message])).toEqual([
      ["ok", "Passes Host on, and the address of this machine as 127.0.0.1."],
    ]);
  });

  test("names the setting for a proxy that is not trusted", async () => {
    const { proxies } = await behind(forwarded, "");
    expect(proxies).toEqual([["warn", expect.any(String), "Start Yurt with --proxy-trusted 127.0.0.1."]]);
  });

  test("finds a proxy that drops Upgrade", async () => {
    const drop: ChangeHeaders = (lines, client) =>
      forwarded(lines, client).filter((line) => !/^(upgrade|connection):/i.test(line));
    const { sockets } = await behind(drop);
    expect(sockets).toEqual([
      ["fail", expect.stringContaining("the header Upgrade is missing"), expect.stringContaining("HTTP/1.1")],
    ]);
  });

  test("finds a proxy that replaces Host and adds no address", async () => {
    const { proxies } = await behind((lines) => lines.map((line) => line.replace(/^host:.*/i, "Host: yurt.internal")));
    expect(proxies.map(([status, message]) => [status, message])).toEqual([
      ["warn", expect.stringContaining("arrive with Host yurt.internal, not 127.0.0.1:")],
      ["warn", expect.stringContaining("arrive without X-Forwarded-For")],
    ]);
  });

  test("finds a URL behind which another program answers", async () => {
    using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("Welcome to nginx!\nmore") });
    const { urls, proxies } = await doctor(`http://127.0.0.1:${other.port}`);
    expect(urls).toEqual([
      ["fail", expect.stringContaining('answers 200 "Welcome to nginx!", not as Yurt'), expect.any(String)],
    ]);
    expect(proxies).toEqual([]);
  });

  test("finds a URL at which nothing listens", async () => {
    const { urls } = await doctor(`http://127.0.0.1:${freePort()}`);
    expect(urls).toEqual([
      ["fail", expect.stringContaining("nothing listens there"), expect.stringContaining("yurt ports")],
    ]);
  });
});

describe("a request that arrives", () => {
  const expected = {
    publicUrl: new URL("https://collab.example.com"),
    proxies: new AddressRanges(["10.0.0.1"]),
    isEncrypted: false,
  };
  const { host } = expected.publicUrl;

  test.each<readonly [Arrival, readonly Finding["status"][]]>([
    [{ remoteAddress: "203.0.113.5", headers: { host, "x-forwarded-for": "203.0.113.5" } }, ["ok"]],
    [
      { remoteAddress: "203.0.113.5", headers: { host, "x-forwarded-for": "198.51.100.1, ::ffff:203.0.113.5" } },
      ["ok"],
    ],
    [{ remoteAddress: "10.0.0.2", headers: { host, "x-forwarded-for": "203.0.113.5" } }, ["warn"]],
    [{ remoteAddress: "10.0.0.2", headers: { host } }, ["warn"]],
    [{ remoteAddress: "10.0.0.2", headers: { host: "yurt:4444", "x-forwarded-for": "203.0.113.5" } }, ["warn", "warn"]],
  ])("%j is judged", (arrival, statuses) => {
    expect(arrivalFindings(arrival, expected).map(({ status }) => status)).toEqual([...statuses]);
  });

  test("without a proxy is all right if the server does HTTPS itself", () => {
    const arrival = { remoteAddress: "203.0.113.5", headers: { host } };
    expect(arrivalFindings(arrival, { ...expected, isEncrypted: true }).map(({ status }) => status)).toEqual(["ok"]);
  });

  test("from a proxy that is not trusted names the setting with its address", () => {
    const arrival = { remoteAddress: "10.0.0.2", headers: { host, "x-forwarded-for": "203.0.113.5" } };
    expect(arrivalFindings(arrival, expected)[0]?.remedy).toBe("Start Yurt with --proxy-trusted 10.0.0.2.");
  });
});
