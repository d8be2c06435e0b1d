import { expect, test } from "bun:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import * as Y from "yjs";
import { type ApiServer, startApiServer } from "../support/api/api-server.ts";
import { base64urlOf, docOf, textIn, updateOf } from "../support/api/documents.ts";
import { synced, TestClients } from "../support/clients/providers.ts";
import { eventually } from "../support/eventually.ts";

const path = "/v1/docs/doc/update";

function append(api: ApiServer, doc: Y.Doc, text: string) {
  const before = Y.encodeStateVector(doc);
  doc.getText("text").insert(doc.getText("text").length, text);
  return api.ask("POST", path, { body: Y.encodeStateAsUpdate(doc, before) });
}

test("a written update is read back, by state vector without what its owner has, in both formats", async () => {
  await using api = await startApiServer();
  const doc = new Y.Doc();
  const first = await append(api, doc, "one");
  expect([first.status, first.body]).toEqual([200, { sequence: 1, changed: true }]);
  const reader = docOf((await api.ask("GET", path)).bytes);
  expect(reader.getText("text").toString()).toBe("one");
  await append(api, doc, " two");
  const sv = base64urlOf(Y.encodeStateVector(reader));
  const rest = await api.ask("GET", `${path}?sv=${sv}`);
  expect(textIn(rest.bytes)).toBe("");
  Y.applyUpdate(reader, rest.bytes);
  expect(reader.getText("text").toString()).toBe("one two");
  const second = new Y.Doc();
  Y.applyUpdateV2(second, (await api.ask("GET", `${path}?format=2`)).bytes);
  expect(second.getText("text").toString()).toBe("one two");
});

test("repeating a write changes nothing, and tells the same sequence", async () => {
  await using api = await startApiServer();
  const body = updateOf("text");
  expect((await api.ask("POST", path, { body })).body).toEqual({ sequence: 1, changed: true });
  expect((await api.ask("POST", path, { body })).body).toEqual({ sequence: 1, changed: false });
  const both = await Promise.all([1, 2].map(() => api.ask("POST", "/v1/docs/other/update", { body })));
  expect(both.map(({ body: { changed } }) => changed).sort()).toEqual([false, true]);
});

test("a write reaches open sockets, and is an update of its user", async () => {
  await using api = await startApiServer();
  await using clients = new TestClients();
  const client = clients.connect(api.server.wsUrl, "doc");
  await synced(client);
  await api.ask("POST", path, { body: updateOf("by HTTP"), token: api.keys["docs:write"] });
  await eventually("received", () => client.text.toString() === "by HTTP");
});

test("conditions compare sequences, and not the bytes of an answer", async () => {
  await using api = await startApiServer();
  const doc = new Y.Doc();
  await append(api, doc, "one");
  const read = await api.ask("GET", path);
  const tag = read.headers.get("etag") ?? "";
  expect(tag).toMatch(/^"1\.\w+"$/);
  const ifNoneMatch = (etag: string) => api.ask("GET", path, { headers: { "if-none-match": etag } });
  for (const known of [tag, '"1"', `"7", W/"1.other"`, "*"]) expect((await ifNoneMatch(known)).status).toBe(304);
  for (const other of ['"2"', '"x"', '"11"']) expect((await ifNoneMatch(other)).status).toBe(200);
  const ifMatch = (etag: string, text: string) =>
    api.ask("POST", path, { body: updateOf(text), headers: { "if-match": etag } });
  expect((await ifMatch('"7"', "no")).body).toMatchObject({ code: "precondition-failed", status: 412 });
  expect((await ifMatch(tag, "yes")).body).toEqual({ sequence: 2, changed: true });
  const stale = await ifMatch(tag, "no");
  expect([stale.status, stale.headers.get("etag")]).toEqual([412, '"2"']);
  expect((await ifMatch("7", "no")).body).toMatchObject({ code: "invalid-request", errors: [{ pointer: "If-Match" }] });
  expect(textIn((await api.ask("GET", path)).bytes)).not.toContain("no");
});

test("of many writes with one condition, exactly one is done", async () => {
  await using api = await startApiServer();
  await api.ask("POST", path, { body: updateOf("first") });
  const writes = Array.from({ length: 20 }, (_, index) =>
    api.ask("POST", path, { body: updateOf(`${index}`), headers: { "if-match": '"1"' } }),
  );
  const statuses = (await Promise.all(writes)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(statuses.filter((status) => status === 412)).toHaveLength(19);
});

test("a document is created exactly once, also beside clients that are in it", async () => {
  await using api = await startApiServer();
  await using clients = new TestClients();
  await Promise.all([clients.connect(api.server.wsUrl, "doc"), clients.connect(api.server.wsUrl, "doc")].map(synced));
  const create = (text: string) => api.ask("PUT", path, { body: updateOf(text), headers: { "if-none-match": "*" } });
  const answers = await Promise.all(Array.from({ length: 20 }, () => create("seed")));
  const created = answers.filter(({ status }) => status === 201);
  expect(created).toHaveLength(1);
  expect(created[0]?.headers.get("location")).toBe("/v1/docs/doc");
  expect(answers.filter(({ status }) => status === 412)).toHaveLength(19);
  expect(textIn((await api.ask("GET", path)).bytes)).toBe("seed");
  expect((await create("again")).status).toBe(412);
  expect((await api.ask("PUT", path, { body: updateOf("x") })).body["code"]).toBe("precondition-required");
  const empty = { body: Uint8Array.of(0, 0), headers: { "if-none-match": "*" } };
  expect((await api.ask("PUT", "/v1/docs/new/update", empty)).status).toBe(400);
  expect((await api.ask("GET", "/v1/docs/new")).status).toBe(404);
});

test("a whole document is read in parts, which fit together as long as its bytes are the same", async () => {
  await using api = await startApiServer();
  const doc = new Y.Doc();
  await append(api, doc, "a text of some length");
  const whole = await api.ask("GET", path);
  const etag = whole.headers.get("etag") ?? "";
  const part = (range: string, headers: Readonly<Record<string, string>> = {}) =>
    api.ask("GET", path, { headers: { range, ...headers } });
  const first = await part("bytes=0-9");
  const rest = await part("bytes=10-", { "if-range": etag });
  expect([first.status, rest.status]).toEqual([206, 206]);
  expect(first.headers.get("content-range")).toBe(`bytes 0-9/${whole.bytes.byteLength}`);
  expect(Buffer.concat([first.bytes, rest.bytes]).equals(whole.bytes)).toBe(true);
  expect(Buffer.from((await part("bytes=-4")).bytes).equals(whole.bytes.slice(-4))).toBe(true);
  expect((await part("bytes=0-99999")).bytes).toEqual(whole.bytes);
  for (const other of ["bytes=0-1,3-4", "lines=0-1", "bytes=9-1", "bytes=x"])
    expect((await part(other)).status).toBe(200);
  const beyond = await part("bytes=99999-");
  expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, `bytes */${whole.bytes.byteLength}`]);
  await append(api, doc, " and more");
  expect((await part("bytes=10-", { "if-range": etag })).status).toBe(200);
});

test("a large document is compressed for those who take that", async () => {
  await using api = await startApiServer();
  await api.ask("POST", path, { body: updateOf("word ".repeat(2_000)) });
  const ask = async (encodings: string) => {
    const response = await fetch(api.server.url + path, {
      headers: { "accept-encoding": encodings },
      // Bun's own: the body stays as it was sent.
      decompress: false,
    });
    return {
      encoding: response.headers.get("content-encoding"),
      etag: response.headers.get("etag"),
      bytes: await response.bytes(),
    };
  };
  const plain = await ask("identity");
  const zstd = await ask("gzip, zstd");
  const gzip = await ask("zstd;q=0, gzip");
  expect([plain.encoding, zstd.encoding, gzip.encoding]).toEqual([null, "zstd", "gzip"]);
  expect(zstdDecompressSync(zstd.bytes)).toEqual(Buffer.from(plain.bytes));
  expect(gunzipSync(gzip.bytes)).toEqual(Buffer.from(plain.bytes));
  expect(new Set([plain.etag, zstd.etag, gzip.etag]).size).toBe(3);
  expect(zstd.bytes.byteLength).toBeLessThan(plain.bytes.byteLength / 10);
});

test("what is read is what is stored now, and not what was kept of it", async () => {
  await using api = await startApiServer();
  const doc = new Y.Doc();
  for (const text of ["a", "b", "c"]) {
    await append(api, doc, text);
    expect(textIn((await api.ask("GET", path)).bytes)).toBe(doc.getText("text").toString());
  }
  const admin = { token: api.keys["docs:admin"] };
  await api.ask("DELETE", "/v1/docs/doc", admin);
  for (const [method, asked] of [
    ["GET", {}],
    ["POST", { body: updateOf("x") }],
  ] as const)
    expect((await api.ask(method, path, asked)).body["code"]).toBe("document-deleted");
  await api.ask("POST", "/v1/docs/doc/undelete", admin);
  expect(textIn((await api.ask("GET", path)).bytes)).toBe("abc");
  await api.ask("DELETE", "/v1/docs/doc?purge=1", admin);
  expect((await api.ask("GET", path)).status).toBe(404);
  await api.ask("POST", path, { body: updateOf("new") });
  expect(textIn((await api.ask("GET", path)).bytes)).toBe("new");
});
