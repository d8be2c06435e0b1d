import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import type { Browser } from "playwright-core";
import type { IceServer } from "../../../src/turn/ice/ice-servers.ts";
import { launchChromium } from "../../support/browser/browser.ts";
import { launchFirefox } from "../../support/browser/firefox.ts";
import { PeerLink, type ScriptedPage } from "../../support/browser/peer-link.ts";
import { writeCertificate } from "../../support/https/certificate-files.ts";
import { TestAuthority } from "../../support/https/test-authority.ts";
import { findProgram, isMissing } from "../../support/processes/programs.ts";
import { startTestServer, type TestServer, temporaryFolder } from "../../support/servers/start-test-server.ts";
import { iceServersAt } from "../../support/turn/turn-through.ts";

setDefaultTimeout(60_000);

const sentBytes = 1_000_000;
/** Far below what is usual, as the machine may be busy with other tests. */
const leastBytesPerSecond = 100_000;

let folder: string;
let server: TestServer;

beforeAll(async () => {
  folder = await temporaryFolder();
  const files = await writeCertificate(folder, await TestAuthority.create(), ["localhost"]);
  server = await startTestServer({
    turn: { listen: ["127.0.0.1", "::1"] },
    https: { domains: ["localhost"], files },
  });
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const serverUrl = () => `https://127.0.0.1:${server.port}`;

/** The list that the server gives, with only the TURN URL that matches. */
async function turnServers(url: RegExp): Promise<readonly IceServer[]> {
  const { iceServers } = await iceServersAt(serverUrl());
  const urlsOf = ({ urls }: IceServer) => [urls].flat().filter((each) => url.test(each));
  return iceServers.map((each) => ({ ...each, urls: urlsOf(each) })).filter(({ urls }) => urls.length > 0);
}

async function metric(line: string): Promise<number> {
  const text = await (await fetch(`${serverUrl()}/metrics`, { tls: { rejectUnauthorized: false } })).text();
  const found = text.split("\n").find((each) => each.startsWith(`${line} `));
  return Number(found?.split(" ").at(-1));
}

/** Packets that were lost because the server could not or would not pass them on. */
async function lostPackets(): Promise<number> {
  const reasons = ["bandwidth", "not-sent", "slow-reader", "unbound-channel", "malformed", "own-address"];
  const counts = await Promise.all(reasons.map((reason) => metric(`yurt_turn_dropped_total{reason="${reason}"}`)));
  return counts.reduce((sum, count) => sum + count, 0);
}

describe("two pages of Chromium that may use TURN only", () => {
  const launching = Promise.withResolvers<Browser>();
  launching.promise.catch(() => {});
  // The flag holds for TURN over TLS as well: without it Chromium refuses the certificate of the test's authority.
  beforeAll(() => launching.resolve(launchChromium(["--ignore-certificate-errors"])));
  afterAll(async () => {
    await launching.promise.then(
      (browser) => browser.close(),
      () => {},
    );
  });

  const visit = async (): Promise<ScriptedPage> => (await (await launching.promise).newContext()).newPage();

  test.each([
    ["UDP", /^turn:.*transport=udp$/, "udp"],
    ["TCP", /^turn:.*transport=tcp$/, "tcp"],
    ["TLS", /^turns:/, "tls"],
  ])("exchange data over %s", async (_, url, transport) => {
    const opened = `yurt_turn_opened_allocations_total{transport="${transport}"}`;
    const [openedBefore, lostBefore] = [await metric(opened), await lostPackets()];
    const link = await PeerLink.open(await visit(), await visit(), { iceServers: await turnServers(url) });
    expect(await link.route()).toEqual({ types: ["relay", "relay"], relayProtocol: transport });
    expect(await link.send(sentBytes)).toBeGreaterThan(leastBytesPerSecond);
    expect((await metric(opened)) - openedBefore).toBeGreaterThanOrEqual(2);
    expect(await lostPackets()).toBe(lostBefore);
  });
});

test.skipIf(isMissing("firefox"))("two pages of Firefox, which binds no channels, exchange data over UDP", async () => {
  await using firefox = await launchFirefox(findProgram("firefox") ?? "");
  const [relayed, lostBefore] = ['yurt_turn_relayed_bytes_total{direction="to-peer"}', await lostPackets()];
  const relayedBefore = await metric(relayed);
  const [one, other] = [await firefox.newPage(), await firefox.newPage()];
  const link = await PeerLink.open(one, other, { iceServers: await turnServers(/^turn:.*transport=udp$/) });
  expect(await link.route()).toMatchObject({ types: ["relay", "relay"] });
  expect(await link.send(sentBytes)).toBeGreaterThan(leastBytesPerSecond);
  expect((await metric(relayed)) - relayedBefore).toBeGreaterThan(sentBytes);
  expect(await lostPackets()).toBe(lostBefore);
});
