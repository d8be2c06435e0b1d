import { expect, test } from "bun:test";
import * as Y from "yjs";
import { startApiServer } from "../support/api/api-server.ts";
import { storeDocument } from "../support/api/store-document.ts";

test("documents are listed page by page in the order of their names, below the prefixes of key and query", async () => {
  await using api = await startApiServer();
  for (const name of ["notes/b", "notes/a", "other", "notes/c"]) await storeDocument(api.server, name, "text");
  const list = async (query: string, token: string) => {
    const { body } = await api.ask("GET", `/v1/docs${query}`, { token });
    const items: readonly unknown[] = Array.isArray(body["items"]) ? body["items"] : [];
    return { names: items.map((item) => Object(item).name), next: body["next"] };
  };
  const all = api.keys["docs:read"];
  expect(await list("", all)).toEqual({ names: ["notes/a", "notes/b", "notes/c", "other"], next: null });
  const first = await list("?prefix=notes/&limit=2", all);
  expect(first).toEqual({ names: ["notes/a", "notes/b"], next: expect.any(String) });
  expect(await list(`?prefix=notes/&limit=2&after=${first.next}`, all)).toEqual({ names: ["notes/c"], next: null });
  const { text: narrow } = api.keysFile.create({ name: "narrow", scope: "docs:read", prefix: "notes/" });
  expect((await list("", narrow)).names).toEqual(["notes/a", "notes/b", "notes/c"]);
  expect((await list("?prefix=n", narrow)).names).toHaveLength(3);
  expect((await list("?prefix=notes/c", narrow)).names).toEqual(["notes/c"]);
  expect((await list("?prefix=other", narrow)).names).toEqual([]);
  const { body } = await api.ask("GET", "/v1/docs?prefix=o&fields=name", { token: all });
  expect(body["items"]).toEqual([{ name: "other" }]);
});

test("the largest or the last changed documents come first, if that is asked for, within the prefix of the key", async () => {
  await using api = await startApiServer();
  for (const [name, text] of [
    ["notes/small", "a"],
    ["notes/large", "a long text"],
    ["other", "the longest text of them all"],
    ["notes/middle", "a text"],
  ] as const)
    await storeDocument(api.server, name, text);
  const list = async (query: string, token: string) => {
    const { body, status } = await api.ask("GET", `/v1/docs${query}`, { token });
    expect([status, body["next"]]).toEqual([200, null]);
    const items: readonly unknown[] = Array.isArray(body["items"]) ? body["items"] : [];
    return items.map((item) => Object(item).name);
  };
  const all = api.keys["docs:admin"];
  expect(await list("?order=bytes&limit=2", all)).toEqual(["other", "notes/large"]);
  expect(await list("?order=updated&limit=2", all)).toEqual(["notes/middle", "other"]);
  const { text: narrow } = api.keysFile.create({ name: "narrow", scope: "docs:read", prefix: "notes/" });
  expect(await list("?order=bytes", narrow)).toEqual(["notes/large", "notes/middle", "notes/small"]);
  expect(await list("?order=bytes&prefix=notes/l", narrow)).toEqual(["notes/large"]);
  expect(await list("?order=bytes&prefix=other", narrow)).toEqual([]);
  await api.ask("DELETE", "/v1/docs/other", { token: all });
  expect(await list("?order=bytes&limit=1", all)).toEqual(["notes/large"]);
  expect(await list("?order=bytes&deleted=1", all)).toEqual(["other"]);
  const listed = await api.ask("GET", "/v1/docs?order=updated&limit=1", { token: all });
  const facts = await api.ask("GET", "/v1/docs/notes%2Fmiddle", { token: all });
  expect(listed.body["items"]).toEqual([facts.body]);
});

test("a list in another order has no further page, and takes one of the slots of its caller", async () => {
  await using api = await startApiServer({ limits: { apiCopiesPerCaller: 0 } });
  const ask = (query: string) => api.ask("GET", `/v1/docs${query}`, { token: api.keys["docs:read"] });
  const { body, status } = await ask("?order=bytes&after=YQ");
  expect([status, body["errors"]]).toEqual([400, [{ pointer: "after", detail: expect.stringMatching(/^give it/) }]]);
  expect((await ask("?order=bytes")).body).toMatchObject({ status: 429, code: "rate-limited" });
  expect((await ask("?order=name")).status).toBe(200);
});

test("a document's facts have its size, its sequence and its times", async () => {
  await using api = await startApiServer();
  await storeDocument(api.server, "a/b", "text");
  const { body, status } = await api.ask("GET", "/v1/docs/a%2Fb");
  expect(status).toBe(200);
  expect(body).toEqual({
    name: "a/b",
    bytes: expect.any(Number),
    updates: 1,
    sequence: 1,
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    updatedAt: expect.any(String),
    deletedAt: null,
  });
  expect((await api.ask("HEAD", "/v1/docs/a%2Fb")).status).toBe(200);
  expect((await api.ask("HEAD", "/v1/docs/a%2Fc")).status).toBe(404);
});

test("a deleted document ends its clients, is gone for readers, and comes back as it was", async () => {
  await using api = await startApiServer();
  await storeDocument(api.server, "doc", "text");
  const admin = api.keys["docs:admin"];
  const socket = new WebSocket(`${api.server.wsUrl}/sync/doc`);
  const { promise: closed, resolve } = Promise.withResolvers<number>();
  socket.addEventListener("close", ({ code }) => resolve(code));
  await new Promise((entered) => socket.addEventListener("message", entered, { once: true }));
  expect((await api.ask("DELETE", "/v1/docs/doc", { token: admin })).status).toBe(204);
  expect(await closed).toBe(4404);
  const gone = await api.ask("GET", "/v1/docs/doc", { token: api.keys["docs:write"] });
  expect([gone.status, gone.body["code"]]).toEqual([404, "document-deleted"]);
  const { body } = await api.ask("GET", "/v1/docs/doc", { token: admin });
  expect(body["deletedAt"]).toEqual(expect.any(String));
  expect((await api.ask("DELETE", "/v1/docs/doc", { token: admin })).status).toBe(204);
  expect((await api.ask("GET", "/v1/docs/doc", { token: admin })).body).toEqual(body);
  expect((await api.ask("GET", "/v1/docs", { token: admin })).body["items"]).toEqual([]);
  expect((await api.ask("GET", "/v1/docs?deleted=1", { token: admin })).body["items"]).toEqual([body]);
  const back = await api.ask("POST", "/v1/docs/doc/undelete", { token: admin });
  expect([back.status, back.body["deletedAt"]]).toEqual([200, null]);
  const read = await storeDocument(api.server, "doc", "");
  expect(read.doc.getText("text").toString()).toBe("text");
});

test("a purged document is gone for ever", async () => {
  await using api = await startApiServer();
  await storeDocument(api.server, "doc", "text");
  const admin = api.keys["docs:admin"];
  expect((await api.ask("DELETE", "/v1/docs/doc?purge=1", { token: admin })).status).toBe(204);
  for (const [method, path] of [
    ["GET", "/v1/docs/doc"],
    ["DELETE", "/v1/docs/doc"],
    ["POST", "/v1/docs/doc/undelete"],
  ] as const) {
    const { body, status } = await api.ask(method, path, { token: admin });
    expect([status, body["code"]]).toEqual([404, "not-found"]);
  }
  const { doc } = await storeDocument(api.server, "doc", "");
  expect(Y.encodeStateVector(doc)).toEqual(Uint8Array.of(0));
});
