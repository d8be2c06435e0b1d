import { expect, test } from "bun:test";
import type { BrowserContextOptions } from "playwright-core";
import { startApiServer } from "../../support/api/api-server.ts";
import { seriousFaults } from "../../support/browser/axe.ts";
import { openChromium } from "../../support/browser/browser.ts";
import { CheckPage } from "../../support/browser/check-page.ts";
import { secret, tokenFor } from "../../support/bytes/tokens.ts";
import { HeaderProxy } from "../../support/proxies/header-proxy.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();
const tokenMode = { mode: "token", secrets: [secret] } as const;
/** Chromium logs these errors for a response with 401, and for a WebSocket that is refused. */
const tolerated = [/status of 40[13]/, /WebSocket connection to .* failed/];
const phone = { viewport: { width: 320, height: 640 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** A TURN server whose name is not resolved. */
const noTurn = { urls: "turn:turn.invalid", username: "somebody", credential: "secret" };
test("without ICE servers, peers connect in the same network only; and no document is left behind", async () => {
  await using api = await startApiServer();
  await using people = chromium.people(api.server);
  const check = await CheckPage.open(people);
  expect(await check.verdict()).toBe("Peers connect directly in the same network only");
  expect(await check.textOf("ice")).toContain("TURN is switched off");
  expect(await check.states()).toEqual({
    ...{ page: "ok", server: "ok", access: "ok", signaling: "ok", relay: "ok", ice: "warning", udp: "skipped" },
    ...{ host: "ok", "direct-loop": "ok", "turn-loop": "skipped" },
  });
  expect(await check.report()).toContain("Verdict  Peers connect directly in the same network only");
  const { status, body } = await api.ask("GET", "/v1/docs", { token: api.keys["docs:read"] });
  expect([status, body["items"]]).toEqual([200, []]);
});

test("where a token is needed, the page takes one, and tests with a room that it permits", async () => {
  await using server = await startTestServer({ auth: tokenMode });
  await using people = chromium.people({ ...server, url: server.url, tolerated });
  const check = await CheckPage.open(people);
  expect(await check.verdict()).toBe("An access token is required");
  expect(await check.states()).toMatchObject({ access: "failed", relay: "skipped", ice: "skipped" });
  const token = await tokenFor({ "notes/*": "write" });
  await check.page.getByLabel("Token", { exact: true }).fill(token);
  await check.page.getByRole("button", { name: "Test with this token" }).click();
  expect(await check.verdict()).toBe("Peers connect directly in the same network only");
  expect(await check.textOf("access")).toContain("notes/yurt-check");
  expect(new URL(check.page.url()).hash).toBe(`#token=${token}`);
  expect(await check.report()).not.toContain(token);
});

test("with a token that may only read, the relay is tested all the same", async () => {
  await using server = await startTestServer({ auth: tokenMode });
  await using people = chromium.people(server);
  const check = await CheckPage.open(people, undefined, `/check#token=${await tokenFor({ "notes/7": "read" })}`);
  await check.verdict();
  expect(await check.textOf("access")).toContain("may only read the room notes/7");
  expect(await check.states()).toMatchObject({ access: "warning", relay: "ok", signaling: "ok" });
});

test("with an expired token in the address the page says so", async () => {
  await using server = await startTestServer({ auth: tokenMode });
  await using people = chromium.people({ ...server, url: server.url, tolerated });
  const check = await CheckPage.open(
    people,
    undefined,
    `/check#token=${await tokenFor({ "**": "write" }, { exp: 1 })}`,
  );
  expect(await check.verdict()).toBe("The server denies access");
  expect(await check.verdictText()).toContain("token expired");
});

test("a server that is down is named", async () => {
  await using server = await startTestServer();
  await using people = chromium.people({ ...server, url: server.url, tolerated: [/ERR_CONNECTION_REFUSED/] });
  const check = await CheckPage.open(people);
  await check.verdict();
  await server.stop();
  await check.again();
  expect(await check.verdict()).toBe("The server does not answer");
  expect(await check.states()).toMatchObject({ server: "failed", relay: "skipped", signaling: "skipped" });
});

test("an origin that the server refuses is named, with the setting", async () => {
  const origins = ["https://app.example.com"];
  await using server = await startTestServer({ host: "0.0.0.0", origins });
  // The page's own host is allowed, but this proxy hides it.
  const hidesHost = (lines: readonly string[]) => [
    ...lines.filter((line) => !/^host:/i.test(line)),
    "Host: yurt.internal",
  ];
  await using proxy = await HeaderProxy.start(hidesHost);
  proxy.upstreamPort = server.port;
  await using people = chromium.people({ url: `http://127.0.0.1:${proxy.port}`, tolerated });
  const check = await CheckPage.open(people);
  expect(await check.verdict()).toBe("WebSockets do not get through");
  expect(await check.textOf("signaling")).toContain("--auth-origins");
});

test.each<[string, BrowserContextOptions]>([
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["on a phone, dark", { ...phone, colorScheme: "dark" }],
])("axe finds no serious fault, and nothing overflows: %s", async (_, context) => {
  await using server = await startTestServer({ auth: tokenMode });
  // The content security policy would block axe like any other foreign script.
  await using people = chromium.people({ url: server.url, context: { ...context, bypassCSP: true }, tolerated });
  const check = await CheckPage.open(people, { iceServers: [noTurn], ttl: 60 });
  expect(await check.verdict()).toBe("An access token is required");
  expect(await seriousFaults(check.page)).toEqual([]);
  await check.page.goto(`${server.url}/check?again#token=${await tokenFor({ "**": "write" })}`);
  await check.verdict();
  await check.page.getByText("Test other ICE servers").click();
  await check.page.getByText("Show the report").click();
  expect(await seriousFaults(check.page)).toEqual([]);
  expect(await check.page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
});

test("the test can be used by keyboard, and a screen reader is told the verdict alone", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const check = await CheckPage.open(people);
  const title = await check.verdict();
  const status = check.page.getByRole("status");
  expect(await status.count()).toBe(1);
  expect(await status.textContent()).toStartWith(title);
  await check.page.keyboard.press("Tab");
  await check.page.keyboard.press("Enter");
  expect(await check.verdict()).toBe(title);
});
