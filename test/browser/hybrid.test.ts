import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { serveSnippet } from "../support/browser/snippet.ts";
import { storedRows } from "../support/bytes/stored.ts";
import { HocuspocusClients, kinds, saved } from "../support/clients/hocuspocus-clients.ts";
import { synced, TestClients } from "../support/clients/providers.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();

/** The code of a page that shares a document over y-webrtc and over the provider that the expression `relay` creates. */
function page(signalingUrl: string, relay: string): string {
  return `
    import { HocuspocusProvider } from "@hocuspocus/provider";
    import { WebrtcProvider } from "y-webrtc";
    import { WebsocketProvider } from "y-websocket";
    import * as Y from "yjs";

    const doc = new Y.Doc();
    const relay = ${relay};
    const { awareness } = relay;
    const peerOpts = { config: { iceServers: [] } };
    const webrtc = new WebrtcProvider("hybrid", doc, { signaling: ["${signalingUrl}"], awareness, peerOpts });
    const names = () => [...awareness.getStates().values()].map(({ name }) => name).filter(Boolean).sort();
    const peers = () => [...webrtc.room?.webrtcConns.values() ?? []].filter(({ connected }) => connected).length;
    globalThis.shared = { text: doc.getText("text"), awareness, names, peers, relay };`;
}

const textOf = (page: Page) => page.evaluate<string>("shared.text.toString()");

test("y-webrtc, Hocuspocus and y-websocket share a document and its presence, and each edit is stored once", async () => {
  await using server = await startTestServer();
  const { wsUrl } = server;
  const collab = `new HocuspocusProvider({ url: "${wsUrl}/collab", name: "hybrid", document: doc })`;
  const sync = `new WebsocketProvider("${wsUrl}/sync", "hybrid", doc)`;
  await using collabPage = await serveSnippet(page(`${wsUrl}/signal`, collab));
  await using syncPage = await serveSnippet(page(`${wsUrl}/signal`, sync));
  await using some = chromium.people({ url: collabPage.url, otherUrl: server.url });
  await using others = chromium.people({ url: syncPage.url, otherUrl: server.url });
  const pages = await Promise.all([some.visit("/"), some.visit("/"), others.visit("/")]);
  await eventually("a mesh", async () =>
    (await Promise.all(pages.map((each) => each.evaluate<number>("shared.peers()")))).every((count) => count === 2),
  );
  const [kind] = kinds.filter(({ version }) => version === 4);
  if (kind === undefined) throw new Error("version 4");
  await using providers = new HocuspocusClients(kind, wsUrl);
  await using clients = new TestClients();
  const [provider, client] = [providers.attach("hybrid"), clients.connect(wsUrl, "hybrid")];
  await Promise.all([saved(provider), synced(client)]);

  for (const [index, each] of pages.entries()) {
    await each.evaluate(`shared.awareness.setLocalStateField("name", "page ${index}")`);
    for (const character of `<${index}>`) await each.evaluate(`shared.text.insert(0, ${JSON.stringify(character)})`);
  }
  provider.text.insert(0, "[provider]");
  client.text.insert(0, "[client]");
  provider.provider.awareness?.setLocalStateField("name", "provider");
  client.provider.awareness.setLocalStateField("name", "client");

  const length = "<0><1><2>[provider][client]".length;
  const texts = async () => [
    ...(await Promise.all(pages.map(textOf))),
    provider.text.toString(),
    client.text.toString(),
  ];
  await eventually("the same text", async () => {
    const all = await texts();
    return all[0]?.length === length && new Set(all).size === 1;
  });
  const everyone = ["client", "page 0", "page 1", "page 2", "provider"];
  await eventually("presence", async () => {
    const seen = await Promise.all(pages.map((each) => each.evaluate<string[]>("shared.names()")));
    return seen.every((names) => Bun.deepEquals(names, everyone));
  });
  await saved(provider);
  await eventually("nothing is unsaved in the pages", async () => {
    const counts = await Promise.all(
      pages.slice(0, 2).map((each) => each.evaluate<number>("shared.relay.unsyncedChanges")),
    );
    return counts.every((count) => count === 0);
  });
  // Nine characters and two words make eleven edits, and each of them reached the server through several clients. Edits of
  // one turn are one row.
  expect(storedRows(server.dataFolder)).toBeWithin(3, 12);
});
