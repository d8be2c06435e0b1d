import { expect, test } from "bun:test";
import { once } from "node:events";
import { createConnection } from "node:net";
import * as Y from "yjs";
import { type ApiServer, startApiServer } from "../support/api/api-server.ts";
import { textIn, updateOf } from "../support/api/documents.ts";
import { EventReader } from "../support/api/event-reader.ts";
import { eventually } from "../support/eventually.ts";

const path = "/v1/docs/doc";

function write(api: ApiServer, text: string, document = "doc") {
  return api.ask("POST", `/v1/docs/${document}/update`, { body: updateOf(text) });
}

const follow = (api: ApiServer, query = "", headers: Readonly<Record<string, string>> = {}) =>
  EventReader.open(`${api.server.url}${path}/events${query}`, headers);

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test("events and update routes carry a whole client", async () => {
  await using api = await startApiServer();
  await write(api, "before");
  await using reader = await follow(api);
  expect(await reader.next()).toEqual({ id: "1", event: "ready", data: { sequence: 1 } });
  const doc = new Y.Doc();
  Y.applyUpdate(doc, (await api.ask("GET", `${path}/update`)).bytes);
  await write(api, "after");
  const event = await reader.next();
  expect(event).toMatchObject({ id: "2", event: "update", data: { sequence: 2 } });
  Y.applyUpdate(doc, Uint8Array.fromBase64(String(event?.data["update"])));
  expect(doc.getText("text").toString()).toBe(textIn((await api.ask("GET", `${path}/update`)).bytes));
});

test("a reader that returns is sent what it has missed, once, in the order of the commits", async () => {
  await using api = await startApiServer();
  for (const text of ["a", "b", "c"]) await write(api, text);
  await using reader = await follow(api, "", { "last-event-id": "1" });
  await write(api, "d");
  const ids = [];
  for (let count = 0; count < 4; count += 1) ids.push((await reader.next())?.id);
  expect(ids).toEqual(["1", "2", "3", "4"]);
  await using since = await follow(api, "?since=3");
  await since.next();
  expect((await since.next())?.id).toBe("4");
});

test("a reader whose place was compacted away is told to read the document", async () => {
  await using api = await startApiServer();
  await write(api, "a");
  // So much is compacted at once.
  await write(api, "b".repeat(100_000));
  await eventually("compacted", async () => {
    await using reader = await follow(api, "?since=1");
    return reader.response.status === 410;
  });
  const lost = await api.ask("GET", `${path}/events?since=1`);
  expect(lost.body).toMatchObject({ code: "events-lost", status: 410 });
  await using present = await follow(api, "?since=2");
  expect(await present.next()).toMatchObject({ id: "2", event: "ready" });
});

test("a large update is told by its sequence alone", async () => {
  await using api = await startApiServer({ limits: { apiEventBytes: 4_000 } });
  await using reader = await follow(api);
  await reader.next();
  await write(api, "x".repeat(1_100));
  await write(api, "small");
  expect((await reader.next())?.data).toEqual({ sequence: 1 });
  expect((await reader.next())?.data).toEqual({ sequence: 2, update: expect.any(String) });
});

test("a reader that takes nothing is cut off, and not one that keeps up", async () => {
  await using api = await startApiServer({ limits: { apiEventStreams: 2, apiEventBytes: 2_000_000 } });
  await using healthy = await follow(api);
  const stalled = createConnection(api.server.port, "127.0.0.1");
  stalled.on("error", () => {});
  stalled.write(`GET ${path}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await once(stalled, "data");
  stalled.pause();
  expect((await api.ask("GET", `${path}/events`)).status).toBe(503);
  await healthy.next();
  await eventually("cut off", async () => {
    const { body } = await write(api, "x".repeat(490_000));
    expect((await healthy.next())?.data["sequence"]).toBe(body["sequence"]);
    await using reader = await follow(api);
    return reader.response.status === 200;
  });
  stalled.destroy();
}, 30_000);

test("a document that does not exist yet can be followed", async () => {
  await using api = await startApiServer();
  await using reader = await follow(api);
  expect((await reader.next())?.data).toEqual({ sequence: 0 });
  await write(api, "first");
  expect((await reader.next())?.id).toBe("1");
  const missing = await api.ask("GET", "/v1/docs/other/events?since=7");
  expect([missing.status, missing.body["code"]]).toEqual([404, "not-found"]);
});

test("a stream ends with the document, with the access of its reader, and with the server", async () => {
  await using api = await startApiServer();
  await write(api, "a");
  await using first = await follow(api);
  await first.next();
  await api.ask("DELETE", path, { token: api.keys["docs:admin"] });
  expect(await first.next()).toMatchObject({ event: "end", data: { code: "document-deleted" } });
  expect(await first.next()).toBeUndefined();
  expect((await api.ask("GET", `${path}/events`)).body["code"]).toBe("document-deleted");
  await using second = await EventReader.open(`${api.server.url}/v1/docs/other/events`);
  await second.next();
  const stopping = api.server.stop();
  expect(await second.next()).toMatchObject({ event: "end", data: { code: "stopping" } });
  await stopping;
});

test("a reader whose token was revoked is sent nothing more", async () => {
  await using api = await startApiServer({ mode: "token" });
  const token = await api.token({ doc: "write" }, "ann");
  await using reader = await EventReader.open(`${api.server.url}${path}/events?token=${token}`);
  expect((await reader.next())?.event).toBe("ready");
  const revoked = await api.ask("POST", "/api/revocations", { token: await api.adminToken(), body: { user: "ann" } });
  expect(revoked.status).toBe(201);
  await api.ask("POST", `${path}/update`, { body: updateOf("x"), token: api.keys["docs:write"] });
  expect(await reader.next()).toMatchObject({ event: "end", data: { code: "unauthorized" } });
});

test("an API key is not taken from the query", async () => {
  await using api = await startApiServer({ mode: "token" });
  const { body, status } = await api.ask("GET", `${path}/events?token=${api.keys["docs:read"]}`);
  expect([status, body["code"]]).toEqual([401, "unauthorized"]);
});

test("all documents are followed by name, below the prefix of the key", async () => {
  await using api = await startApiServer();
  const { text: key } = api.keysFile.create({ name: "narrow", scope: "docs:read", prefix: "a" });
  await using reader = await EventReader.open(`${api.server.url}/v1/events`, bearer(key));
  expect((await reader.next())?.event).toBe("ready");
  for (const name of ["a1", "b1", "a2", "a1"]) await write(api, name, name);
  const events = [await reader.next(), await reader.next()];
  expect(events.map((event) => [event?.event, event?.data])).toEqual([
    ["updated", { name: "a1", sequence: 4 }],
    ["updated", { name: "a2", sequence: 3 }],
  ]);
  await api.ask("DELETE", "/v1/docs/a2", { token: api.keys["docs:admin"] });
  await api.ask("POST", "/v1/docs/a2/undelete", { token: api.keys["docs:admin"] });
  await api.ask("DELETE", "/v1/docs/a2?purge=1", { token: api.keys["docs:admin"] });
  const kinds = [await reader.next(), await reader.next(), await reader.next()].map((event) => event?.event);
  expect(kinds).toEqual(["deleted", "undeleted", "purged"]);
});

test("so many streams are open at once, and a reader that leaves makes place", async () => {
  await using api = await startApiServer({ limits: { apiEventStreamsPerCaller: 2, apiEventStreams: 3 } });
  const headers = bearer(api.keys["docs:read"]);
  const open = [await follow(api, "", headers), await follow(api, "", headers)];
  const third = await follow(api, "", headers);
  expect(third.response.status).toBe(429);
  open.push(await follow(api));
  expect((await follow(api)).response.status).toBe(503);
  await open[0]?.[Symbol.asyncDispose]();
  await eventually("a free place", async () => {
    await using again = await follow(api, "", headers);
    return again.response.status === 200;
  });
});
