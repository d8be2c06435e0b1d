import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { externalAddressFindings } from "../../../src/cli/doctor/checks/turn.ts";
import type { Finding } from "../../../src/cli/doctor/finding.ts";
import { TestAuthority } from "../../support/https/test-authority.ts";
import { Workshop } from "../../support/processes/data-folder.ts";
import { yurt } from "../../support/processes/run-program.ts";
import { freePort } from "../../support/programs/free-port.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

let workshop: Workshop;
let data: string;

beforeEach(() => {
  workshop = new Workshop();
  data = workshop.file("data");
});

afterEach(() => workshop[Symbol.dispose]());

/** The findings about TURN of the doctor of a server, with the settings `args`. */
async function doctor({ port }: Pick<TestServer, "port">, ...args: readonly string[]): Promise<readonly unknown[]> {
  const { out } = await yurt(["doctor", "--json", "--data", data, "--port", String(port), ...args]);
  const findings = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return findings.filter(({ check }) => check === "TURN").map(({ check: _, ...finding }) => finding);
}

const start = (turn: Parameters<typeof startTestServer>[0] = {}) => startTestServer({ dataFolder: data, ...turn });

const portOf = ({ turn }: TestServer) => turn.listening?.port ?? 0;

describe("yurt doctor, for TURN", () => {
  test("asks STUN at each URL that clients are given, and sends data through TURN and back", async () => {
    await using server = await start({ turn: {} });
    const at = `127.0.0.1:${portOf(server)}`;
    const carries = expect.stringMatching(/ relays data there and back in \d+\.\d ms, through 127\.0\.0\.1\.$/);
    expect(await doctor(server)).toEqual([
      { status: "ok", message: `stun:${at} answers; it sees this machine as 127.0.0.1.` },
      { status: "ok", message: carries },
      { status: "ok", message: carries },
    ]);
  });

  test("asks a server with tokens for its URLs with one of its own", async () => {
    await using server = await start({ turn: {}, auth: { mode: "token" } });
    expect(await doctor(server, "--auth-mode", "token")).toHaveLength(3);
  });

  test("makes the URLs from the settings, if only the application lets clients in", async () => {
    const port = freePort();
    const webhook = { url: new URL(`http://127.0.0.1:${freePort()}`), secrets: [] };
    await using server = await start({ turn: { port }, auth: { mode: "webhook", webhook } });
    const args = ["--auth-mode", "webhook", "--auth-webhook-url", webhook.url.href, "--turn-port", String(port)];
    expect(await doctor(server, ...args)).toMatchObject([{ status: "ok" }, { status: "ok" }, { status: "ok" }]);
  });

  test("fails if the name of its URLs is not in DNS", async () => {
    await using server = await start({ turn: {}, auth: { mode: "token" }, publicUrl: "http://yurt.invalid" });
    const finding = {
      status: "fail",
      message: expect.stringMatching(
        /:yurt\.invalid:\d+\S* cannot be used from this machine: its name is not in DNS\.$/,
      ),
      remedy: "Create a DNS record that points this name to the machine.",
    };
    const [warning, ...findings] = await doctor(server, "--auth-mode", "token", "--public-url", "http://yurt.invalid");
    expect(findings).toEqual([finding, finding, finding]);
    expect(warning).toMatchObject({ message: expect.stringMatching(/^Peers on the internet cannot reach [\d.:a-f]+/) });
  });

  test("fails if the certificate of TURN is one that clients refuse", async () => {
    const { chain, privateKey } = await (await TestAuthority.create()).issue(["localhost"]);
    const [cert, key] = [workshop.file("cert.pem"), workshop.file("key.pem")];
    writeFileSync(cert, chain);
    writeFileSync(key, privateKey);
    const https = { domains: ["localhost"], files: { certificate: cert, key } };
    await using server = await start({ turn: {}, https });
    const findings = await doctor(server, "--tls-mode", "files", "--tls-cert", cert, "--tls-key", key);
    expect(findings).toHaveLength(4);
    expect(findings.at(-1)).toEqual({
      status: "fail",
      message: expect.stringMatching(
        /^turns:localhost:\d+\?transport=tcp cannot be used from this machine: .*certificate/,
      ),
      remedy: expect.stringContaining("a certificate for this name that clients accept"),
    });
  });

  test("says that it is off, or whether a server that does not run could have the port", async () => {
    const stopped = { port: freePort() };
    expect(await doctor(stopped, "--no-turn")).toEqual([{ status: "ok", message: "Turned off." }]);
    const port = freePort();
    const args = ["--turn-port", String(port)];
    expect(await doctor(stopped, ...args)).toEqual([
      { status: "ok", message: `Port ${port} on 127.0.0.1 is free for UDP.` },
    ]);
    await using other = await startTestServer({ turn: {} });
    expect(await doctor(stopped, "--turn-port", String(portOf(other)))).toMatchObject([
      {
        status: "fail",
        message: `Port ${portOf(other)} on 127.0.0.1 cannot be used for UDP (EADDRINUSE): the server would not start.`,
        remedy: expect.stringContaining("choose another with --turn-port"),
      },
    ]);
  });

  test("fails if the server runs without it, although its settings have it", async () => {
    await using server = await start();
    expect(await doctor(server)).toMatchObject([
      {
        status: "fail",
        message: "The server runs without TURN: clients are given no TURN URL of it.",
        remedy: expect.stringContaining("Port 3478 was in use when it started"),
      },
    ]);
  });

  test("fails for another TURN server that refuses its own relayed address as a peer", async () => {
    const secrets = ["s".repeat(32)];
    const rules = { externalAddresses: ["203.0.113.9"], denyPeers: ["203.0.113.0/24"] };
    await using stranger = await startTestServer({ turn: { secrets, ...rules } });
    const url = `turn:127.0.0.1:${portOf(stranger)}?transport=udp`;
    await using server = await start({
      turn: { isEnabled: false, secrets, advertised: [{ url, needsCredential: true }] },
    });
    expect(await doctor(server, "--no-turn", "--turn-advertise", url)).toEqual([
      { status: "fail", message: `${url} answers 403.`, remedy: expect.stringContaining("Allow it there") },
    ]);
  });

  test("fails for another TURN server that is not there, or refuses the credentials", async () => {
    await using stranger = await startTestServer({ turn: { secrets: ["another secret, of at least 32 bytes"] } });
    const refusing = `turn:127.0.0.1:${portOf(stranger)}?transport=udp`;
    const silent = `turn:127.0.0.1:${freePort()}?transport=tcp`;
    const urls = [refusing, silent];
    await using server = await start({
      turn: { isEnabled: false, advertised: urls.map((url) => ({ url, needsCredential: true })) },
    });
    expect(await doctor(server, "--no-turn", "--turn-advertise", urls.join(","))).toMatchObject([
      {
        status: "fail",
        message: `${refusing} answers 401.`,
        remedy: expect.stringContaining("Give it the same --turn-secret"),
      },
      {
        status: "fail",
        message: `${silent} cannot be used from this machine: nothing listens there.`,
        remedy: expect.stringContaining("or remove it from --turn-advertise"),
      },
    ]);
  });

  test("warns if clients cannot get to what listens, and fails if others see this machine at another address", async () => {
    const external = "203.0.113.7";
    await using other = await startTestServer({ turn: {} });
    const url = `stun:127.0.0.1:${portOf(other)}`;
    const advertised = ["own", { url, needsCredential: false }] as const;
    await using server = await start({ turn: { externalAddresses: [external], advertised } });
    const args = ["--turn-external-address", external, "--turn-advertise", `own,${url}`];
    const [first, ...more] = await doctor(server, ...args);
    expect(first).toMatchObject({
      status: "warn",
      message: expect.stringContaining(`stun:${external}:${portOf(server)} cannot be used from this machine: `),
      remedy: expect.stringContaining("The server listens, so a firewall or a router blocks the port"),
    });
    expect(more.at(-1)).toEqual({
      status: "fail",
      message: `Peers are given the address ${external}, but other servers see this machine as 127.0.0.1.`,
      remedy: "Set --turn-external-address to 127.0.0.1. If it was found automatically, reload the server.",
    });
  }, 30_000);
});

test.each<[given: readonly string[], seen: readonly string[], statuses: readonly Finding["status"][]]>([
  [["8.8.8.8"], ["8.8.8.8"], ["ok"]],
  [["8.8.8.8"], ["1.1.1.1"], ["fail"]],
  [["8.8.8.8"], ["1.1.1.1", "8.8.8.8"], ["ok"]],
  // The other server is in the same network.
  [["8.8.8.8"], ["192.168.1.2"], []],
  [["192.168.1.5"], ["8.8.8.8"], ["fail"]],
  [["8.8.8.8"], ["2001:4860::1"], []],
  [["8.8.8.8", "2001:4860::1"], ["2001:4860::2"], ["fail"]],
  [["8.8.8.8"], [], []],
])("peers that are given %p by a server that others see as %p: %p", (given, seen, statuses) => {
  expect(externalAddressFindings(given, seen).map(({ status }) => status)).toEqual([...statuses]);
});
