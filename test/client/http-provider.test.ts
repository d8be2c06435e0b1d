import { expect, test } from "bun:test";
import { Awareness } from "y-protocols/awareness";
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

test("clients over HTTP and over WebSockets see each other's presence, until they leave", async () => {
  await using api = await startApiServer({ mode: "token" });
  await using clients = new TestClients();
  const token = await api.token({ doc: "write" }, "ann");
  const document = new YurtClient({ url: api.server.url, token }).document("doc");
  const awarenesses = ["Ann", "Ben"].map((name) => {
    const awareness = new Awareness(new Y.Doc());
    awareness.setLocalStateField("user", { name });
    return awareness;
  });
  const providers = awarenesses.map((awareness) => new HttpProvider(awareness.doc, document, { awareness }));
  const socket = clients.connectWith(token, api.server.wsUrl, "doc");
  socket.provider.awareness.setLocalStateField("user", { name: "Cem" });
  const everyone = [...awarenesses, socket.provider.awareness];
  const namesIn = (awareness: Awareness) =>
    [...awareness.getStates().values()]
      .map((state) => state["user"]?.name)
      .sort()
      .join();
  try {
    await eventually("all see all", () => everyone.every((awareness) => namesIn(awareness) === "Ann,Ben,Cem"));
    awarenesses[1]?.setLocalStateField("user", { name: "Bo" });
    await eventually("a change", () => everyone.every((awareness) => namesIn(awareness) === "Ann,Bo,Cem"));
    providers[1]?.close();
    const left = [awarenesses[0], socket.provider.awareness].filter((awareness) => awareness !== undefined);
    await eventually("without Bo", () => left.every((awareness) => namesIn(awareness) === "Ann,Cem"));
    expect(awarenesses[1] && namesIn(awarenesses[1])).toBe("Bo");
  } finally {
    for (const provider of providers) provider.close();
    for (const awareness of awarenesses) awareness.destroy();
  }
});
