import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as Y from "yjs";
import { superfluousVersions } from "../../../src/documents/history/history-retention.ts";
import { type ApiServer, startApiServer } from "../../support/api/api-server.ts";
import { WebhookApplication } from "../../support/servers/webhook-application.ts";

/** Writes an update as a user, and returns the sequence. */
async function write(api: ApiServer, doc: Y.Doc, edit: () => void, token?: string): Promise<number> {
  const updates: Uint8Array[] = [];
  const collect = (update: Uint8Array) => void updates.push(update);
  doc.on("update", collect);
  doc.transact(edit);
  doc.off("update", collect);
  const { body } = await api.ask("POST", "/v1/docs/doc/update", {
    body: Y.mergeUpdates(updates),
    ...(token !== undefined && { token }),
  });
  return Number(body["sequence"]);
}

const textOf = async (api: ApiServer, moment: string | number, token?: string) => {
  const { bytes } = await api.ask("GET", `/v1/docs/doc/at/${moment}/text/text`, token === undefined ? {} : { token });
  return new TextDecoder().decode(bytes);
};

test("a document is read at any moment, named, compared, and restored as an edit", async () => {
  await using api = await startApiServer({ mode: "token" });
  const [ann, ben] = [await api.token({ doc: "write" }, "ann"), await api.token({ doc: "write" }, "ben")];
  const doc = new Y.Doc();
  const text = doc.getText("text");
  const first = await write(api, doc, () => text.insert(0, "Hello world"), ann);
  const created = await api.ask("POST", "/v1/docs/doc/versions", { token: ann, body: { name: "greeting" } });
  expect([created.status, created.body]).toEqual([
    201,
    {
      ...{ id: `v${first}.1`, sequence: first, at: expect.any(String), name: "greeting", automatic: false },
      ...{ users: ["ann"], createdBy: "ann" },
    },
  ]);
  const second = await write(
    api,
    doc,
    () => {
      text.delete(6, 5);
      text.insert(6, "Yurt");
    },
    ben,
  );
  expect(await textOf(api, first, ann)).toBe("Hello world");
  expect(await textOf(api, `v${first}.1`, ann)).toBe("Hello world");
  expect(await textOf(api, second, ann)).toBe("Hello Yurt");
  const diff = await api.ask("GET", `/v1/docs/doc/diff?from=${first}&root=text`, { token: ann });
  const by = (user: string) => ({ user, at: expect.any(String) });
  expect(JSON.parse(new TextDecoder().decode(diff.bytes))).toEqual([
    { kind: "same", text: "Hello " },
    { kind: "removed", text: "world", ...by("ben") },
    { kind: "added", text: "Yurt", ...by("ben") },
  ]);
  const blame = await api.ask("GET", "/v1/docs/doc/blame/text", { token: ann });
  expect(JSON.parse(new TextDecoder().decode(blame.bytes))).toEqual([
    { text: "Hello ", ...by("ann") },
    { text: "Yurt", ...by("ben") },
  ]);
  const activity = await api.ask("GET", "/v1/docs/doc/activity?by=ben", { token: ann });
  expect(JSON.parse(new TextDecoder().decode(activity.bytes))).toMatchObject([
    { users: ["ben"], inserted: 4, deleted: 5, sequence: second },
  ]);
  const dry = await api.ask("POST", "/v1/docs/doc/restore", { token: ann, body: { at: `v${first}.1`, dryRun: true } });
  expect(dry.body).toEqual({ bytes: expect.any(Number), changed: true });
  const stale = await api.ask("POST", "/v1/docs/doc/restore", {
    ...{ token: ann, body: { at: String(first) }, headers: { "if-match": `"${first}"` } },
  });
  expect(stale.status).toBe(412);
  const restored = await api.ask("POST", "/v1/docs/doc/restore", { token: ann, body: { at: String(first) } });
  expect([restored.status, restored.body["changed"]]).toEqual([200, true]);
  const { bytes } = await api.ask("GET", "/v1/docs/doc/text/text", { token: ann });
  expect(new TextDecoder().decode(bytes)).toBe("Hello world");
  const listed = await api.ask("GET", "/v1/docs/doc/versions", { token: ann });
  expect([listed.body["items"]].flat().map((version) => Object(version).id)).toEqual([`v${second}`, `v${first}.1`]);
  const reader = await api.token({ doc: "read" }, "cid");
  const refused = await api.ask("GET", `/v1/docs/doc/at/${first}/text/text`, { token: reader });
  expect(refused.body["code"]).toBe("read-only");
});

test("a comparison shows what was typed on at the end of a text, and not what was deleted before", async () => {
  await using api = await startApiServer({ mode: "token" });
  const token = await api.token({ doc: "write" }, "ann");
  const doc = new Y.Doc();
  const text = doc.getText("text");
  const compare = async (from: number, to: number) => {
    const { bytes } = await api.ask("GET", `/v1/docs/doc/diff?from=${from}&to=${to}&root=text`, { token });
    return JSON.parse(new TextDecoder().decode(bytes));
  };
  const by = { user: "ann", at: expect.any(String) };
  const first = await write(api, doc, () => text.insert(0, "Hello"), token);
  const second = await write(api, doc, () => text.insert(5, " world"), token);
  expect(await compare(first, second)).toEqual([
    { kind: "same", text: "Hello" },
    { kind: "added", text: " world", ...by },
  ]);
  const third = await write(api, doc, () => text.delete(5, 6), token);
  const fourth = await write(api, doc, () => text.delete(4, 1), token);
  expect(await compare(third, fourth)).toEqual([
    { kind: "same", text: "Hell" },
    { kind: "removed", text: "o", ...by },
  ]);
});

const idsOf = (versions: { readonly body: Readonly<Record<string, unknown>> }) =>
  [versions.body["items"]].flat().map((version) => Object(version).id);

test("the state before a PUT and before an import is a version, one in a minute, and not before other edits", async () => {
  await using api = await startApiServer();
  const doc = new Y.Doc();
  const first = await write(api, doc, () => doc.getText("text").insert(0, "first"));
  const versions = () => api.ask("GET", "/v1/docs/doc/versions");
  const patch = [{ op: "text", path: "/text", at: 0, ins: "the " }];
  const patched = await api.ask("PATCH", "/v1/docs/doc/json", {
    ...{ body: patch, headers: { "content-type": "application/json-patch+json" } },
  });
  expect(idsOf(await versions())).toEqual([]);
  const put = (body: unknown) => api.ask("PUT", "/v1/docs/doc/json", { body });
  await put({ text: "the first" });
  expect(idsOf(await versions())).toEqual([]);
  await put({ text: "second" });
  const kept = `v${patched.body["sequence"]}`;
  expect(idsOf(await versions())).toEqual([kept]);
  expect(await textOf(api, kept)).toBe("the first");
  await put({ text: "third" });
  expect(idsOf(await versions())).toEqual([kept]);
  expect(first).toBeGreaterThan(0);

  const other = await api.ask("PUT", "/v1/docs/other/json?as=auto", { body: { text: "one" } });
  const lines = new TextDecoder().decode((await api.ask("GET", "/v1/docs/doc/export")).bytes);
  const headers = { "content-type": "application/x-ndjson" };
  const asOther = lines.replace('"name":"doc"', '"name":"other"');
  await api.ask("POST", "/v1/import", { body: asOther, headers });
  expect(idsOf(await api.ask("GET", "/v1/docs/other/versions"))).toEqual([]);
  await api.ask("POST", "/v1/import?existing=merge", { body: asOther, headers });
  expect(idsOf(await api.ask("GET", "/v1/docs/other/versions"))).toEqual([`v${other.body["sequence"]}`]);
});

test("a document without a history has no versions of its own", async () => {
  await using api = await startApiServer({ historyKeepMs: () => 0 });
  await api.ask("PUT", "/v1/docs/doc/json?as=auto", { body: { text: "one" } });
  await api.ask("PUT", "/v1/docs/doc/json", { body: { text: "two" } });
  expect(idsOf(await api.ask("GET", "/v1/docs/doc/versions"))).toEqual([]);
});

test("the versions of a document that have a name are bounded, and those that are renamed or deleted make space", async () => {
  await using api = await startApiServer({ limits: { documentVersions: 2 } });
  const doc = new Y.Doc();
  const sequence = await write(api, doc, () => doc.getText("text").insert(0, "text"));
  const named = (name: string) => api.ask("POST", "/v1/docs/doc/versions", { body: { name } });
  expect([(await named("one")).status, (await named("two")).status]).toEqual([201, 201]);
  const refused = await named("three");
  expect([refused.status, refused.body["code"]]).toEqual([409, "too-many-versions"]);
  const path = `/v1/docs/doc/versions/v${sequence}.1`;
  expect((await api.ask("PATCH", path, { body: { name: "first" } })).status).toBe(200);
  expect((await api.ask("DELETE", path)).status).toBe(204);
  expect((await named("three")).status).toBe(201);
  // The state before a restoring is an automatic version.
  const later = await write(api, doc, () => doc.getText("text").insert(0, "more "));
  expect((await api.ask("POST", "/v1/docs/doc/restore", { body: { at: String(sequence) } })).status).toBe(200);
  const naming = await api.ask("PATCH", `/v1/docs/doc/versions/v${later}`, { body: { name: "four" } });
  expect([naming.status, naming.body["code"]]).toEqual([409, "too-many-versions"]);
});

test("webhooks report a document that was restored, and none that was the same already", async () => {
  await using api = await startApiServer();
  await using application = new WebhookApplication(() => new Response(null, { status: 204 }));
  const admin = api.keys["docs:admin"];
  const body = { url: application.url, events: ["doc.restored"] };
  expect((await api.ask("POST", "/v1/webhooks", { token: admin, body })).status).toBe(201);
  const doc = new Y.Doc();
  const first = await write(api, doc, () => doc.getText("text").insert(0, "first"));
  await write(api, doc, () => doc.getText("text").insert(0, "not the "));
  const restore = (at: number) =>
    api.ask("POST", "/v1/docs/doc/restore", { token: api.keys["docs:write"], body: { at: String(at) } });
  const restored = await restore(first);
  await restore(first);
  await application.asked(1);
  expect(application.received.map(({ body: received }) => JSON.parse(received))).toEqual([
    {
      type: "doc.restored",
      timestamp: expect.any(String),
      data: {
        document: "doc",
        sequence: restored.body["sequence"],
        restoredSequence: first,
        user: "key:test docs:write",
      },
    },
  ]);
});

test("XML is read at a moment, and what is no XML is refused", async () => {
  await using api = await startApiServer();
  const doc = new Y.Doc();
  const first = await write(api, doc, () => {
    const element = new Y.XmlElement("p");
    element.insert(0, [new Y.XmlText("one")]);
    doc.getXmlFragment("xml").insert(0, [element]);
    doc.getText("text").insert(0, "words");
  });
  await write(api, doc, () => doc.getXmlFragment("xml").delete(0, 1));
  const read = await api.ask("GET", `/v1/docs/doc/at/${first}/xml/xml`);
  expect([new TextDecoder().decode(read.bytes), read.headers.get("content-type")]).toEqual([
    "<p>one</p>",
    "application/xml; charset=utf-8",
  ]);
  expect((await api.ask("GET", `/v1/docs/doc/at/${first}/xml/text`)).body["code"]).toBe("root-type-mismatch");
});

test("an erased history leaves no byte of deleted text in any file, and the document as it is", async () => {
  const needle = "the text that must be forgotten";
  await using api = await startApiServer();
  const files = () =>
    readdirSync(api.server.dataFolder, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(needle),
    );
  const doc = new Y.Doc();
  const text = doc.getText("text");
  const first = await write(api, doc, () => text.insert(0, `kept ${needle}`));
  await write(api, doc, () => text.delete(5, needle.length));
  expect(await textOf(api, first)).toBe(`kept ${needle}`);
  expect(files().length).toBeGreaterThan(0);
  const { status } = await api.ask("DELETE", "/v1/docs/doc/history", { token: api.keys["docs:admin"] });
  expect(status).toBe(204);
  expect(files()).toEqual([]);
  const { bytes } = await api.ask("GET", "/v1/docs/doc/text/text");
  expect(new TextDecoder().decode(bytes)).toBe("kept ");
  expect((await api.ask("GET", `/v1/docs/doc/at/${first}/json`)).body["code"]).toBe("moment-unknown");
});

test("automatic versions are thinned: all of a day, one an hour for a week, then one a day; named ones stay", () => {
  const hour = 3_600_000;
  const now = 2_000 * 24 * hour;
  const version = (sequence: number, hoursAgo: number, name?: string) => ({
    ...{ sequence, number: 0, at: now - hoursAgo * hour, name, users: [], createdBy: undefined },
  });
  const versions = [
    ...[version(9, 0.1), version(8, 0.2), version(7, 30.1), version(6, 30.2), version(5, 31.5)],
    ...[version(4, 241), version(3, 242), version(2, 242.5, "kept"), version(1, 290)],
  ];
  expect(superfluousVersions(versions, now)).toEqual([6, 3]);
});
