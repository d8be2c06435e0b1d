import { expect, test } from "bun:test";
import * as Y from "yjs";
import { type ApiServer, startApiServer } from "../support/api/api-server.ts";
import { textIn, updateOf } from "../support/api/documents.ts";
import { storeDocument } from "../support/api/store-document.ts";
import { TestClients } from "../support/clients/providers.ts";
import { eventually } from "../support/eventually.ts";

const patchType = { "content-type": "application/json-patch+json" };

const patch = ({ ask }: ApiServer, operations: unknown, headers: Readonly<Record<string, string>> = {}, query = "") =>
  ask("PATCH", `/v1/docs/doc/json${query}`, { body: operations, headers: { ...patchType, ...headers } });

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("an edit over HTTP reaches a person who types, whose text reaches the reader", async () => {
  await using api = await startApiServer();
  await using clients = new TestClients();
  const [person] = await clients.connectAll(1, api.server.wsUrl, "doc");
  person.text.insert(0, "# Heading\n\nbody");
  await eventually("stored", async () => (await api.ask("GET", "/v1/docs/doc")).status === 200);
  const edit = patch(api, [{ op: "text", path: "/text", find: "Heading", ins: "Title" }]);
  person.text.insert(person.text.length, ", typed meanwhile");
  expect((await edit).status).toBe(200);
  await eventually("merged", () => person.text.toString() === "# Title\n\nbody, typed meanwhile");
  await eventually("read", async () => {
    const { bytes } = await api.ask("GET", "/v1/docs/doc/text/text");
    return textOf(bytes) === "# Title\n\nbody, typed meanwhile";
  });
});

test("a document is put as JSON, read in every form, and has the sequence as its tag", async () => {
  await using api = await startApiServer();
  const json = { board: { title: "Plan", tasks: [{ name: "one" }] }, notes: "text" };
  const created = await api.ask("PUT", "/v1/docs/doc/json?as=auto", { body: json });
  expect([created.status, created.body, created.headers.get("etag")]).toEqual([
    200,
    { sequence: 1, changed: true },
    '"1"',
  ]);
  const read = await api.ask("GET", "/v1/docs/doc/json");
  expect([read.body, read.headers.get("etag"), read.headers.get("content-type")]).toEqual([
    json,
    '"1"',
    "application/json",
  ]);
  expect((await api.ask("GET", "/v1/docs/doc/json/board")).body).toEqual(json.board);
  const text = await api.ask("GET", "/v1/docs/doc/text/notes");
  expect([textOf(text.bytes), text.headers.get("content-type")]).toEqual(["text", "text/plain; charset=utf-8"]);
  const delta = await api.ask("GET", "/v1/docs/doc/text/notes?format=delta");
  expect(textOf(delta.bytes)).toBe('[{"insert":"text"}]');
  const known = await api.ask("GET", "/v1/docs/doc/json", { headers: { "if-none-match": '"1"' } });
  expect(known.status).toBe(304);
  const again = await api.ask("PUT", "/v1/docs/doc/json", { body: json });
  expect([again.status, again.body]).toEqual([200, { sequence: 1, changed: false }]);
  const { body } = await api.ask("PUT", "/v1/docs/doc/json/notes", { body: '"new text"' });
  expect(body).toEqual({ sequence: 2, changed: true });
  expect((await api.ask("GET", "/v1/docs/doc/json/notes")).status).toBe(200);
});

test("XML is served so that nothing in it can run in a browser", async () => {
  await using api = await startApiServer();
  const doc = new Y.Doc();
  const script = new Y.XmlElement("script");
  script.insert(0, [new Y.XmlText("alert(1)")]);
  doc.getXmlFragment("page").insert(0, [script]);
  await api.ask("POST", "/v1/docs/doc/update", { body: Y.encodeStateAsUpdate(doc) });
  const { bytes, headers } = await api.ask("GET", "/v1/docs/doc/xml/page");
  expect(textOf(bytes)).toBe("<script>alert(1)</script>");
  expect(headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
});

test("conditions: an edit of a document that has changed is refused, and one of the same tag done", async () => {
  await using api = await startApiServer();
  await storeDocument(api.server, "doc", "text");
  const tag = (await api.ask("GET", "/v1/docs/doc/json")).headers.get("etag") ?? "";
  const insert = [{ op: "text", path: "/text", at: 0, ins: "x" }];
  const first = await patch(api, insert, { "if-match": tag });
  expect(first.status).toBe(200);
  const stale = await patch(api, insert, { "if-match": tag });
  expect([stale.status, stale.body["code"], stale.headers.get("etag")]).toEqual([
    412,
    "precondition-failed",
    first.headers.get("etag"),
  ]);
  expect((await patch(api, insert, { "if-match": first.headers.get("etag") ?? "" })).status).toBe(200);
  const unchanged = await patch(api, [{ op: "test", path: "/text", value: "xxtext" }], { "if-match": tag });
  expect(unchanged.status).toBe(412);
});

test("of several requests that create a document, one does", async () => {
  await using api = await startApiServer();
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      api.ask("PUT", "/v1/docs/new/json?as=auto", { body: { text: `${index}` }, headers: { "if-none-match": "*" } }),
    ),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(412)]);
  const created = answers.findIndex(({ status }) => status === 200);
  expect((await api.ask("GET", "/v1/docs/new/json")).body).toEqual({ text: `${created}` });
});

test("many edits at once are done one after the other, with one client id, and all clients agree", async () => {
  await using api = await startApiServer();
  await storeDocument(api.server, "doc", "");
  await using clients = new TestClients();
  const [person] = await clients.connectAll(1, api.server.wsUrl, "doc");
  person.text.insert(0, "start ");
  await eventually("stored", async () => (await api.ask("GET", "/v1/docs/doc")).status === 200);
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => patch(api, [{ op: "text", path: "/text", at: 0, ins: "ab" }])),
  );
  expect(new Set(answers.map(({ body }) => body["sequence"])).size).toBe(30);
  await eventually("all there", () => person.text.length === 66);
  const { bytes } = await api.ask("GET", "/v1/docs/doc/update");
  expect(textIn(bytes)).toBe(person.text.toString());
  const doc = new Y.Doc();
  Y.applyUpdate(doc, bytes);
  // The person, and the server.
  expect(Y.decodeStateVector(Y.encodeStateVector(doc)).size).toBe(2);
});

test("after a purge a document of the same name is written with another client id", async () => {
  await using api = await startApiServer();
  const put = () => api.ask("PUT", "/v1/docs/doc/json?as=auto", { body: { text: "a" } });
  const clientsOf = async () => {
    const { bytes } = await api.ask("GET", "/v1/docs/doc/update");
    const doc = new Y.Doc();
    Y.applyUpdate(doc, bytes);
    return [...Y.decodeStateVector(Y.encodeStateVector(doc)).keys()];
  };
  await put();
  const [first] = await clientsOf();
  await api.ask("DELETE", "/v1/docs/doc?purge=1", { token: api.keys["docs:admin"] });
  await put();
  const [second] = await clientsOf();
  expect(second).not.toBe(first);
});

test("the user of an edit is the key that made it, or the user of the token", async () => {
  await using api = await startApiServer({ mode: "token" });
  const token = await api.token({ doc: "read" }, "ann");
  const refused = await patch(api, [], { authorization: `Bearer ${token}` });
  expect([refused.status, refused.body["code"]]).toEqual([403, "read-only"]);
  const unknown = await api.ask("GET", "/v1/docs/other/json", { token });
  expect([unknown.status, unknown.body["code"]]).toEqual([404, "not-found"]);
  const key = api.keys["docs:write"];
  const written = await api.ask("PUT", "/v1/docs/doc/json?as=auto", { body: { text: "a" }, token: key });
  expect(written.status).toBe(200);
  expect((await api.ask("GET", "/v1/docs/doc/json", { token })).body).toEqual({ text: "a" });
});

test.each([
  ["GET", "/v1/docs/none/json", undefined, 404, "not-found"],
  ["GET", "/v1/docs/doc/json/none", undefined, 404, "root-not-found"],
  ["GET", "/v1/docs/doc/json/text?as=set", undefined, 400, "invalid-request"],
  ["GET", "/v1/docs/doc/xml/text", undefined, 422, "root-type-mismatch"],
  ["PUT", "/v1/docs/doc/json", "{", 400, "malformed-json"],
  ["PUT", "/v1/docs/doc/json/none", "[]", 422, "root-type-unknown"],
  ["PUT", "/v1/docs/new/json", "{}", 422, "wrong-value"],
  ["PATCH", "/v1/docs/none/json", "[]", 404, "not-found"],
  ["PATCH", "/v1/docs/doc/json", "{}", 400, "invalid-request"],
  ["PATCH", "/v1/docs/doc/json", '[{"op":"remove","path":"text"}]', 422, "malformed-pointer"],
  ["PATCH", "/v1/docs/doc/json", '[{"op":"test","path":"/text","value":"b"}]', 409, "test-failed"],
  ["PATCH", "/v1/docs/doc/json", '[{"op":"remove","path":"/text/0"}]', 422, "path-not-found"],
  ["PATCH", "/v1/docs/doc/json", `"${"x".repeat(2_000)}"`, 413, "body-too-large"],
])("%s %s with %p is answered with %d %s", async (method, path, body, status, code) => {
  await using api = await startApiServer({ limits: { patchBytes: 1_000 } });
  await storeDocument(api.server, "doc", "text");
  const headers = method === "PATCH" ? patchType : { "content-type": "application/json" };
  const answer = await api.ask(method, path, body === undefined ? {} : { body, headers });
  expect([answer.status, answer.body["code"]]).toEqual([status, code]);
  expect((await api.ask("GET", "/v1/docs/doc/json")).body).toEqual({ text: "text" });
});

test("an error names the place in the body, and a wrong media type those that are taken", async () => {
  await using api = await startApiServer();
  await storeDocument(api.server, "doc", "text");
  const { body } = await patch(api, [{ op: "add", path: "/text" }]);
  expect(body["errors"]).toEqual([{ pointer: "/0", detail: "The operation has no value." }]);
  const other = await api.ask("PATCH", "/v1/docs/doc/json", { body: [] });
  expect([other.status, other.body["code"]]).toEqual([415, "unsupported-media-type"]);
});

test("a document with updates that wait for others is read, and not edited", async () => {
  await using api = await startApiServer();
  const source = new Y.Doc();
  source.getText("text").insert(0, "known");
  const known = Y.encodeStateAsUpdate(source);
  source.getText("text").insert(0, "lost");
  const before = Y.encodeStateVector(source);
  source.getText("text").insert(0, "late");
  for (const body of [known, Y.encodeStateAsUpdate(source, before)]) {
    expect((await api.ask("POST", "/v1/docs/doc/update", { body })).status).toBe(200);
  }
  expect(textOf((await api.ask("GET", "/v1/docs/doc/text/text")).bytes)).toBe("known");
  const { body, status } = await patch(api, [{ op: "text", path: "/text", at: 0, ins: "x" }]);
  expect([status, body["code"]]).toEqual([409, "pending-updates"]);
});

test("where edits need a condition, those without one are refused, until the setting changes", async () => {
  await using api = await startApiServer({ requiresMatch: true });
  const put = (headers: Readonly<Record<string, string>>, path = "") =>
    api.ask("PUT", `/v1/docs/doc/json${path}?as=auto`, { body: path === "" ? { text: "one" } : '"two"', headers });
  const refused = await put({});
  expect([refused.status, refused.body["code"]]).toEqual([428, "precondition-required"]);
  expect((await api.ask("GET", "/v1/docs/doc")).status).toBe(404);
  expect((await put({ "if-none-match": "*" })).body).toEqual({ sequence: 1, changed: true });
  const operations = [{ op: "text", path: "/text", at: 0, ins: "x" }];
  expect([(await put({}, "/text")).status, (await patch(api, operations)).status]).toEqual([428, 428]);
  expect((await patch(api, operations, { "if-match": '"1"' })).status).toBe(200);
  expect((await put({ "if-match": '"1"' }, "/text")).status).toBe(412);
  expect((await put({ "if-match": "*" }, "/text")).status).toBe(200);
  // An update merges by itself.
  expect((await api.ask("POST", "/v1/docs/doc/update", { body: updateOf("more") })).status).toBe(200);
  await api.server.reload({ requiresMatch: false });
  expect((await patch(api, operations)).status).toBe(200);
});
