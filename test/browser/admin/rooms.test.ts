import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { YurtClient } from "../../../src/client/client.ts";
import { AdminPage } from "../../support/browser/admin-page.ts";
import { seriousFaults } from "../../support/browser/axe.ts";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { secret, tokenFor } from "../../support/bytes/tokens.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { SignalingClient } from "../../support/clients/signaling-client.ts";
import { startTestServer, type TestServer, temporaryFolder } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();
/** Chromium logs an error for the response that tells that a room is not open. */
const tolerated = [/status of 404/];

interface Person {
  readonly user: string;
  readonly access: "read" | "write";
}

async function openDocument({ wsUrl }: TestServer, name: string, { access, user }: Person): Promise<RawClient> {
  const token = await tokenFor({ "**": access }, { sub: user });
  const client = await RawClient.connect(`${wsUrl}/sync/${encodeURIComponent(name)}?token=${token}`);
  await client.sync();
  return client;
}

/** Joins a topic of y-webrtc under a peer id, and announces itself. */
async function joinTopic({ wsUrl }: TestServer, topic: string, peerId: string): Promise<SignalingClient> {
  const token = await tokenFor({ "**": "write" }, { sub: peerId });
  const client = await SignalingClient.connect(`${wsUrl}/signal?token=${token}`);
  client.say({ type: "subscribe", topics: [topic] });
  client.say({ type: "publish", topic, data: { type: "announce", from: peerId } });
  await client.handled();
  return client;
}

test("an operator finds a document's room, sees who is in it with their presence, and disconnects one", async () => {
  const dataFolder = await temporaryFolder();
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(dataFolder, { recursive: true, force: true }));
  const settings = { dataFolder, auth: { mode: "token", secrets: [secret] } } as const;
  await using server = await startTestServer(settings);
  await using people = chromium.people({
    url: server.url,
    tolerated: [/Failed to load/, /ERR_/],
    context: { bypassCSP: true },
  });
  const name = "notes/ann@example.com/שלום";
  const cem = await openDocument(server, name, { access: "read", user: "cem" });
  const ann = await openDocument(server, name, { access: "write", user: "ann@example.com" });
  await openDocument(server, "plan", { access: "write", user: "dia" });
  const { page } = await AdminPage.open(people, server, "#/rooms");
  await page.getByRole("link", { name: "plan" }).waitFor();

  await page.getByLabel("Name begins with").fill("notes/");
  await eventually("only one room is listed", async () => (await page.locator("tbody tr").count()) === 1);
  expect(page.url()).toContain("prefix=notes%2F");
  await page.getByRole("link", { name }).click();
  await page.getByRole("heading", { name, level: 1 }).waitFor();
  const row = (text: string) => page.getByRole("region", { name: "Members" }).getByRole("row", { name: text });
  await row("cem").waitFor();
  expect(await row("cem").getByRole("cell").allTextContents()).toEqual(
    expect.arrayContaining(["y-websocket", "Read only", "127.0.0.1"]),
  );
  expect(await row("ann@example.com").getByRole("cell").allTextContents()).toContain("Read and write");

  // Presence comes, changes and goes without a reload.
  await page.getByText("No client shows its presence").waitFor();
  const api = new YurtClient({ url: server.url, token: await tokenFor({ "**": "write" }) }).document(name);
  const at = { type: null, tname: "body", item: null, assoc: 0 };
  const state = { user: { name: "Ann", color: "#30bced" }, cursor: { anchor: at, head: at }, tool: "<b>pen" };
  const { clientId } = await api.showAwareness(state);
  await page.getByText("Cursor in body").waitFor();
  await page.getByText(`Client ${clientId}`).click();
  await page.getByText('"tool": "<b>pen"').waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  // As in a cluster, one of whose nodes does not answer.
  await page.route("**/awareness", (route) => route.fulfill({ json: { items: [], partial: true } }));
  await page.getByText("A node of the cluster has not answered: clients may be missing.").waitFor();
  await page.unroute("**/awareness");
  await api.showAwareness(null, { clientId });
  await page.getByText("No client shows its presence").waitFor();

  await page.getByRole("button", { name: "Disconnect cem" }).click();
  const dialog = page.getByRole("dialog");
  expect(await dialog.getByRole("link", { name: "revoke the user's tokens" }).getAttribute("href")).toBe(
    "#/access/revoke?user=cem",
  );
  await dialog.getByRole("button", { name: "Disconnect" }).click();
  await page.getByText("cem was disconnected.").waitFor();
  await eventually("cem is disconnected", () => cem.closed?.code === 4501);
  await row("cem").waitFor({ state: "detached" });
  expect(ann.closed).toBeUndefined();
  expect(await page.evaluate("document.activeElement.id")).toBe("members-title");

  expect(await page.getByRole("link", { name: "Open the document" }).getAttribute("href")).toBe(
    `#/documents/${encodeURIComponent(name)}`,
  );

  // A server that goes away is no room that is live. It is followed again when it is back.
  await server.stop();
  await page.getByText("The server does not answer.").first().waitFor();
  await page.getByText("Live").waitFor({ state: "detached" });
  await page.getByRole("link", { name: "Documents", exact: true }).click();
  await page.getByText("The server does not answer.").first().waitFor();
  await using restarted = await startTestServer({ ...settings, port: server.port });
  await page.getByText("There are no documents yet").waitFor();
  await page.goBack();
  await openDocument(restarted, name, { access: "write", user: "eva" });
  await page.getByText("Live").waitFor();
  await row("eva").waitFor();
  await page.goBack();
  expect(await page.getByLabel("Name begins with").inputValue()).toBe("notes/");
}, 60_000);

test("a topic is a graph of its members, in which messages are counted and never shown", async () => {
  await using server = await startTestServer({ auth: { mode: "token", secrets: [secret] } });
  await using people = chromium.people({
    url: server.url,
    tolerated,
    context: { bypassCSP: true, colorScheme: "dark" },
  });
  const topic = "calls/1";
  const [ann, ben] = [await joinTopic(server, topic, "ann"), await joinTopic(server, topic, "ben")];
  const { page } = await AdminPage.open(people, server, "#/rooms");
  await page.getByRole("link", { name: "Signaling" }).click();
  await page.getByRole("link", { name: topic }).click();
  await page.getByText("Live").waitFor();
  const graph = page.locator("svg.mesh");
  await eventually("two members are drawn", async () => (await graph.locator(".mesh-member").count()) === 2);
  await eventually("the graph is at rest", async () => (await graph.getAttribute("data-moving")) === "false");

  const say = (from: string, to: string) => ({ type: "signal", from, to, signal: { sdp: "a secret offer" } });
  for (let count = 0; count < 3; count += 1) ann.say({ type: "publish", topic, data: say("ann", "ben") });
  ben.say({ type: "publish", topic, data: say("ben", "ann") });
  ben.say({ type: "publish", topic, data: { type: "announce", from: "ben" } });
  const table = page.getByRole("table", { name: "Messages between members" });
  const cells = (from: string, to: string) =>
    table
      .getByRole("row", { name: `${from} ${to}` })
      .getByRole("cell")
      .allTextContents();
  await eventually("all messages are counted", async () => (await page.locator("[data-total='5']").count()) === 1);
  expect([(await cells("ann", "ben"))[1], (await cells("ben", "ann"))[1]]).toEqual(["3", "1"]);
  expect((await cells("ben", "all others"))[1]).toBe("1");
  expect(await graph.locator(".mesh-link").count()).toBe(2);
  expect(await page.content()).not.toContain("secret offer");
  expect(await seriousFaults(page)).toEqual([]);

  // A crowd comes: the graph takes it in and rests again, without a request for another frame.
  const crowd = await Promise.all(Array.from({ length: 198 }, (_, index) => joinTopic(server, topic, `peer ${index}`)));
  await eventually("200 members are drawn", async () => (await graph.locator(".mesh-member").count()) === 200);
  await eventually("the graph is at rest", async () => (await graph.getAttribute("data-moving")) === "false");
  const frames = `new Promise((done) => {
    const ask = requestAnimationFrame;
    let asked = 0;
    globalThis.requestAnimationFrame = (task) => { asked += 1; return ask(task); };
    setTimeout(() => { globalThis.requestAnimationFrame = ask; done(asked); }, 1_000);
  })`;
  expect(await page.evaluate<number>(frames)).toBeLessThan(3);

  await page.getByLabel("Find members").fill("peer 150");
  await page.getByRole("button", { name: "Disconnect peer 150" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
  await eventually("the member is disconnected", () => crowd[150]?.isOpen === false);

  await Promise.all([ann, ben, ...crowd].map((client) => client.close()));
  await page.getByText("This room is not open").waitFor();
  await joinTopic(server, topic, "late");
  await page.getByText("Live").waitFor();
}, 60_000);

test("many rooms come in pages, with long names and on a narrow screen", async () => {
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url, context: { viewport: { width: 320, height: 640 } } });
  const topics = Array.from({ length: 150 }, (_, index) => `topic ${String(index).padStart(3, "0")}`);
  for (const some of [topics.slice(0, 75), [...topics.slice(75), "z".repeat(250)]]) {
    const client = await SignalingClient.connect(`${server.wsUrl}/signal`);
    client.say({ type: "subscribe", topics: some });
    await client.handled();
  }
  const { page } = await AdminPage.open(people, server, "#/rooms?kind=signaling");
  await page.getByText("100 rooms on this page").waitFor();
  await page.getByRole("link", { name: "Next page" }).click();
  // Two rooms are open always: that of PeerJS, and that of Peers.
  await page.getByText("53 rooms on this page").waitFor();
  expect(await page.locator("tbody tr").first().textContent()).toContain("topic 098");
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(320);
  await page.getByRole("link", { name: "First page" }).click();
  await page.getByText("100 rooms on this page").waitFor();
  await page.getByLabel("Name begins with").fill("none");
  await page.getByText("No open room has such a name").waitFor();
}, 60_000);
