import { expect, test } from "bun:test";
import * as Y from "yjs";
import { documentLine, endLine, formatLine, updateLine } from "../../src/storage/document-lines.ts";
import { type ApiServer, startApiServer } from "../support/api/api-server.ts";
import { textIn, updateOf } from "../support/api/documents.ts";
import { eventually } from "../support/eventually.ts";

const linesType = { "content-type": "application/x-ndjson" };

const write = ({ ask }: ApiServer, document: string, text = "text", token?: string) =>
  ask("POST", `/v1/docs/${encodeURIComponent(document)}/update`, { body: updateOf(text), token });

const read = async ({ ask }: ApiServer, document: string, token?: string) => {
  const { bytes, status } = await ask("GET", `/v1/docs/${encodeURIComponent(document)}/update`, { token });
  return status === 200 ? textIn(bytes) : status;
};

const linesOf = (bytes: Uint8Array) =>
  new TextDecoder()
    .decode(bytes)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

const bring = ({ ask }: ApiServer, body: string, query = "", token?: string) =>
  ask("POST", `/v1/import${query}`, { body, headers: linesType, token });

/** The lines of an export of these documents. */
const exportOf = (documents: Readonly<Record<string, readonly Uint8Array[]>>) =>
  [
    formatLine(),
    ...Object.entries(documents).flatMap(([name, updates]) => [documentLine({ name }), ...updates.map(updateLine)]),
    endLine(Object.keys(documents).length),
  ].join("");

test("a fork has the content of the other document without what was deleted, and goes its own way", async () => {
  await using api = await startApiServer();
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "text needle");
  doc.getText("text").delete(4, 7);
  await api.ask("POST", "/v1/docs/a%2Fb/update", { body: Y.encodeStateAsUpdate(new Y.Doc({ gc: false })) });
  const full = new Y.Doc({ gc: false });
  full.getText("text").insert(0, "text needle");
  full.getText("text").delete(4, 7);
  await api.ask("POST", "/v1/docs/a%2Fb/update", { body: Y.encodeStateAsUpdate(full) });
  const forked = await api.ask("POST", "/v1/docs/a%2Fb/fork", { body: { to: "c/d" } });
  expect([forked.status, forked.headers.get("location")]).toEqual([201, "/v1/docs/c%2Fd"]);
  expect(forked.body).toEqual({ sequence: expect.any(Number), changed: true });
  await write(api, "c/d", "more");
  expect([await read(api, "a/b"), await read(api, "c/d")]).toEqual(["text", expect.stringContaining("more")]);
  const { bytes } = await api.ask("GET", "/v1/docs/c%2Fd/update");
  expect(Buffer.from(bytes).includes("needle")).toBe(false);
});

test("a fork of a moment has the content of then; it needs the permission to write both documents", async () => {
  await using api = await startApiServer({ mode: "token" });
  const both = await api.token({ from: "write", to: "write", late: "write" }, "ann");
  const doc = new Y.Doc();
  const text = doc.getText("text");
  text.insert(0, "first needle");
  text.delete(5, 7);
  const updates = [Y.encodeStateAsUpdate(doc)];
  const vector = Y.encodeStateVector(doc);
  text.delete(0, 5);
  text.insert(0, "second");
  updates.push(Y.encodeStateAsUpdate(doc, vector));
  const [first] = [
    await api.ask("POST", "/v1/docs/from/update", { token: both, body: updates[0] }),
    await api.ask("POST", "/v1/docs/from/update", { token: both, body: updates[1] }),
  ];
  const at = String(first.body["sequence"]);
  const fork = (body: unknown, token = both) => api.ask("POST", "/v1/docs/from/fork", { token, body });
  expect((await fork({ to: "to", at })).status).toBe(201);
  expect(await read(api, "to", both)).toBe("first");
  expect((await fork({ to: "to", at })).body["code"]).toBe("document-exists");
  const reader = await api.token({ from: "read", late: "write" });
  expect((await fork({ to: "late", at }, reader)).body["code"]).toBe("read-only");
  expect((await fork({ to: "late", at }, api.keys["docs:read"])).body["code"]).toBe("forbidden");
  expect((await fork({ to: "late", at: "2001-01-01T00:00:00Z" })).body["code"]).toBe("moment-unknown");
  expect((await fork({ to: "late", at: "yesterday" })).body).toMatchObject({
    code: "invalid-request",
    errors: [{ pointer: "/at" }],
  });
  const missing = await api.ask("POST", "/v1/docs/nothing/fork", {
    ...{ token: api.keys["docs:write"], body: { to: "late", at } },
  });
  expect(missing.body["code"]).toBe("not-found");
  expect(await read(api, "late", both)).toBe(404);
});

test("a moment without content is not forked: a document without content is none", async () => {
  await using api = await startApiServer();
  await write(api, "first");
  const { body } = await write(api, "a");
  const at = String(Number(body["sequence"]) - 1);
  const empty = await api.ask("POST", "/v1/docs/a/fork", { body: { to: "copy", at } });
  expect([empty.status, empty.body["code"]]).toEqual([422, "wrong-value"]);
  expect(await read(api, "copy")).toBe(404);
});

test("of several forks to one name one is made, and none to a name that a document has, or had", async () => {
  await using api = await startApiServer();
  await write(api, "from");
  const fork = (to: string) => api.ask("POST", "/v1/docs/from/fork", { body: { to } });
  const answers = await Promise.all(Array.from({ length: 5 }, () => fork("to")));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  const itself = await fork("from");
  expect([itself.status, itself.body["code"]]).toEqual([409, "document-exists"]);
  await api.ask("DELETE", "/v1/docs/to", { token: api.keys["docs:admin"] });
  expect((await fork("to")).body["code"]).toBe("document-exists");
  expect((await fork("a\\b")).body["code"]).toBe("invalid-request");
});

test("a fork needs the permission to write the new document", async () => {
  await using api = await startApiServer({ mode: "token" });
  await write(api, "from", "text", api.keys["docs:write"]);
  const fork = (token: string, to: string) => api.ask("POST", "/v1/docs/from/fork", { token, body: { to } });
  const both = await api.token({ from: "read", to: "write" }, "ann");
  const reader = await api.token({ from: "read", to: "read" });
  const one = await api.token({ from: "write" });
  expect((await fork(reader, "to")).body["code"]).toBe("read-only");
  expect((await fork(one, "to")).body["code"]).toBe("not-found");
  expect((await fork(api.keys["docs:read"], "to")).body["code"]).toBe("forbidden");
  const { text: narrow } = api.keysFile.create({ name: "narrow", scope: "docs:write", prefix: "from" });
  expect((await fork(narrow, "to")).body["code"]).toBe("not-found");
  expect((await fork(both, "to")).status).toBe(201);
  expect(await read(api, "to", reader)).toBe("text");
});

test("an export has every document that the sender may see, and an import brings them back", async () => {
  await using api = await startApiServer();
  for (const name of ["notes/a", "notes/b", "other"]) await write(api, name, name);
  await api.ask("DELETE", "/v1/docs/notes%2Fb", { token: api.keys["docs:admin"] });
  const { bytes, headers } = await api.ask("GET", "/v1/export");
  expect(headers.get("content-type")).toBe("application/x-ndjson");
  const lines = linesOf(bytes);
  expect(lines[0]).toEqual({ format: "yurt-documents", version: 1 });
  expect(lines.filter(({ document }) => document).map(({ document }) => document.name)).toEqual(["notes/a", "other"]);
  expect(lines.at(-1)).toEqual({ end: { documents: 2 } });
  const { text: narrow } = api.keysFile.create({ name: "narrow", scope: "docs:read", prefix: "notes/" });
  expect(linesOf((await api.ask("GET", "/v1/export", { token: narrow })).bytes).at(-1)).toEqual({
    end: { documents: 1 },
  });
  expect(linesOf((await api.ask("GET", "/v1/export?prefix=o", { token: narrow })).bytes)).toHaveLength(2);
  expect(linesOf((await api.ask("GET", "/v1/docs/other/export")).bytes)).toHaveLength(4);
  await using second = await startApiServer();
  const brought = await bring(second, new TextDecoder().decode(bytes));
  const nothing = { created: 0, merged: 0, skipped: 0, histories: 0, refusedCount: 0, refused: [] };
  expect([brought.status, brought.body]).toEqual([200, { ...nothing, created: 2 }]);
  expect([await read(second, "notes/a"), await read(second, "other")]).toEqual(["notes/a", "other"]);
  expect((await bring(second, new TextDecoder().decode(bytes))).body).toEqual({ ...nothing, skipped: 2 });
});

test("documents that exist are left as they are, or merged", async () => {
  await using api = await startApiServer();
  await write(api, "doc", "own ");
  const body = exportOf({ doc: [updateOf("brought")] });
  expect((await bring(api, body)).body).toMatchObject({ skipped: 1, merged: 0 });
  expect(await read(api, "doc")).toBe("own ");
  expect((await bring(api, body, "?existing=merge")).body).toMatchObject({ skipped: 0, merged: 1 });
  expect(await read(api, "doc")).toHaveLength("own brought".length);
  expect((await bring(api, body, "?existing=merge")).body).toMatchObject({ skipped: 1, merged: 0 });
});

test("documents that cannot be written are refused, with the reason, and the others are written", async () => {
  await using api = await startApiServer({ limits: { apiUpdateBytes: 1_000 } });
  await write(api, "gone");
  await api.ask("DELETE", "/v1/docs/gone", { token: api.keys["docs:admin"] });
  const { text: narrow } = api.keysFile.create({ name: "narrow", scope: "docs:write", prefix: "" });
  const body = exportOf({
    "a\\b": [updateOf("a")],
    gone: [updateOf("a")],
    malformed: [Uint8Array.of(9, 9, 9)],
    "also malformed": [updateOf("a"), Uint8Array.of(9, 9, 9)],
    large: [updateOf("x".repeat(600)), updateOf("y".repeat(600))],
    empty: [],
    good: [updateOf("one"), updateOf("two")],
  });
  const { body: result } = await bring(api, body, "", narrow);
  expect(result).toEqual({
    created: 1,
    merged: 0,
    skipped: 1,
    histories: 0,
    refusedCount: 5,
    refused: [
      { name: "a\\b", reason: "invalid-name" },
      { name: "gone", reason: "deleted" },
      { name: "malformed", reason: "malformed-update" },
      { name: "also malformed", reason: "malformed-update" },
      { name: "large", reason: "too-large" },
    ],
  });
  expect(await read(api, "good")).toHaveLength(6);
  expect(await read(api, "large")).toBe(404);
  const { text: elsewhere } = api.keysFile.create({ name: "elsewhere", scope: "docs:write", prefix: "else/" });
  expect((await bring(api, exportOf({ other: [updateOf("a")] }), "", elsewhere)).body).toMatchObject({
    refused: [{ name: "other", reason: "forbidden" }],
  });
  expect(await read(api, "other")).toBe(404);
});

test("an import ends when its API key is revoked, however long it goes on", async () => {
  await using api = await startApiServer();
  const { key, text } = api.keysFile.create({ name: "revoked", scope: "docs:write", prefix: "" });
  const lines = (name: string) => documentLine({ name }) + updateLine(updateOf(name));
  const { readable, writable } = new TransformStream<string, string>();
  const writer = writable.getWriter();
  const answer = fetch(`${api.server.url}/v1/import`, {
    method: "POST",
    headers: { ...linesType, authorization: `Bearer ${text}` },
    body: readable.pipeThrough(new TextEncoderStream()),
  });
  // The line of the next document ends the first one.
  await writer.write(formatLine() + lines("before") + lines("after"));
  await eventually("the first document is there", async () => (await read(api, "before")) === "before");
  api.keysFile.revoke(key.id);
  await writer.write(endLine(2));
  await writer.close();
  expect((await answer).status).toBe(401);
  expect(await read(api, "after")).toBe(404);
});

test("empty updates of an import count for the memory that they take", async () => {
  await using api = await startApiServer({ limits: { apiUpdateBytes: 1_000 } });
  const empty = Array.from({ length: 100 }, () => new Uint8Array());
  expect((await bring(api, exportOf({ doc: empty }))).body).toMatchObject({
    refused: [{ name: "doc", reason: "too-large" }],
  });
});

const doc = `${formatLine()}${documentLine({ name: "doc" })}${updateLine(updateOf("text"))}`;

test.each([
  ["no lines", "", 400, "invalid-request", 404],
  ["no export", '{"a":1}\n', 400, "invalid-request", 404],
  ["no JSON", `${doc}nope\n`, 400, "malformed-json", 404],
  ["another version", '{"format":"yurt-documents","version":2}\n', 400, "invalid-request", 404],
  ["an update of no document", `${formatLine()}${updateLine(updateOf("a"))}`, 400, "invalid-request", 404],
  ["lines that were cut short", doc, 400, "invalid-request", 404],
  ["another number of documents", `${doc}${endLine(2)}`, 400, "invalid-request", "text"],
  ["lines behind the last one", `${doc}${endLine(1)}${documentLine({ name: "b" })}`, 400, "invalid-request", "text"],
  ["a line that is too long", `${doc}"${"x".repeat(5_000)}"`, 413, "body-too-large", 404],
])("an import of %s is refused", async (_, body, status, code, stored) => {
  await using api = await startApiServer({ limits: { apiUpdateBytes: 1_000 } });
  const answer = await bring(api, body);
  expect([answer.status, answer.body["code"]]).toEqual([status, code]);
  expect(await read(api, "doc")).toBe(stored);
});

test("one caller cannot take all places for exports and imports", async () => {
  await using api = await startApiServer({ limits: { apiCopies: 3, apiCopiesPerCaller: 1 } });
  const text = "x".repeat(3_000_000);
  for (const name of ["a", "b", "c", "d", "e"]) await write(api, name, text);
  const [greedy, other] = [api.keys["docs:read"], api.keys["docs:admin"]];
  const leaving = new AbortController();
  const headers = { authorization: `Bearer ${greedy}` };
  const open = await fetch(`${api.server.url}/v1/export`, { headers, signal: leaving.signal });
  const reader = open.body?.getReader();
  await reader?.read();
  const refused = await api.ask("GET", "/v1/docs/a/export", { token: greedy });
  expect([refused.status, refused.body["code"], refused.headers.get("retry-after")]).toEqual([
    429,
    "rate-limited",
    "5",
  ]);
  expect((await api.ask("GET", "/v1/docs/a/export", { token: other })).status).toBe(200);
  leaving.abort();
  await reader?.read().catch(() => {});
  await eventually("given back", async () => {
    return (await api.ask("GET", "/v1/docs/a/export", { token: greedy })).status === 200;
  });
});

test("HEAD asks whether there is an export, and takes no place of one", async () => {
  await using api = await startApiServer({ limits: { apiCopies: 1 } });
  await write(api, "a");
  for (const path of ["/v1/docs/a/export", "/v1/export", "/v1/docs/a/export"]) {
    const { headers, status } = await api.ask("HEAD", path);
    expect([status, headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
  }
  expect((await api.ask("HEAD", "/v1/docs/b/export")).status).toBe(404);
  expect((await api.ask("GET", "/v1/export")).status).toBe(200);
});

test("more exports and imports at once than the bound are refused, and end when their readers leave", async () => {
  await using api = await startApiServer({ limits: { apiCopies: 1 } });
  const text = "x".repeat(3_000_000);
  for (const name of ["a", "b", "c", "d", "e"]) await write(api, name, text);
  const leaving = new AbortController();
  const open = await fetch(`${api.server.url}/v1/export`, { signal: leaving.signal });
  const reader = open.body?.getReader();
  await reader?.read();
  const busy = await api.ask("GET", "/v1/docs/a/export");
  expect([busy.status, busy.body["code"], busy.headers.get("retry-after")]).toEqual([503, "overloaded", "5"]);
  leaving.abort();
  await reader?.read().catch(() => {});
  await eventually("the place is free", async () => (await api.ask("GET", "/v1/docs/a/export")).status === 200);
});
