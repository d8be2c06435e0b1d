import { expect, test } from "bun:test";
import * as Y from "yjs";
import { YurtClient } from "../../src/client/client.ts";
import { HttpProvider, type HttpProviderState } from "../../src/client/http-provider.ts";
import { startApiServer } from "../support/api/api-server.ts";
import { TestClients } from "../support/clients/providers.ts";
import { eventually } from "../support/eventually.ts";

test("clients over HTTP and over WebSockets have the same document, also after a time without a connection", async () => {
  await using api = await startApiServer();
  await using clients = new TestClients();
  let isCut = false;
  const cutting = async (url: string, init: RequestInit) => {
    if (isCut) throw new TypeError("no connection");
    return fetch(url, init);
  };
  const document = new YurtClient({ url: api.server.url, fetch: cutting }).document("doc");
  const docs = [new Y.Doc(), new Y.Doc()] as const;
  docs[0].getText("text").insert(0, "before ");
  const providers = docs.map((doc) => new HttpProvider(doc, document));
  try {
    await eventually("synced", () => providers.every(({ isSaved, state }) => state === "synced" && isSaved));
    const { text } = clients.connect(api.server.wsUrl, "doc");
    await eventually("before", () => text.toString() === "before ");
    text.insert(text.length, "socket ");
    await eventually("socket", () => docs.every((doc) => doc.getText("text").toString() === "before socket "));
    isCut = true;
    docs[1].getText("text").insert(0, "http ");
    docs[1].getText("text").insert(0, "more ");
    expect(providers[1]?.isSaved).toBe(false);
    isCut = false;
    await eventually("http", () => text.toString() === "more http before socket ");
    await eventually("to the other", () => docs[0].getText("text").toString() === text.toString());
    await eventually("saved", () => providers[1]?.isSaved === true);
  } finally {
    for (const provider of providers) provider.close();
  }
});

test("a client without access is told so, and stops", async () => {
  await using api = await startApiServer({ mode: "token" });
  const token = await api.token({ doc: "read" });
  const states: (HttpProviderState | string)[] = [];
  const doc = new Y.Doc();
  const provider = new HttpProvider(doc, new YurtClient({ url: api.server.url, token }).document("doc"), {
    onState: (state, error) => states.push(error?.code ?? state),
  });
  await eventually("synced", () => provider.state === "synced");
  doc.getText("text").insert(0, "refused");
  await eventually("refused", () => provider.state === "refused");
  expect(states).toEqual(["synced", "read-only"]);
});
