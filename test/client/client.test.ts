import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { YurtClient } from "../../src/client/client.ts";
import type { DocumentEvent } from "../../src/client/document.ts";
import { YurtError } from "../../src/client/errors.ts";
import { startApiServer } from "../support/api/api-server.ts";
import { synced, TestClients } from "../support/clients/providers.ts";
import { eventually } from "../support/eventually.ts";

/** The update of a document with this text. */
function updateWith(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getText("text").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

function textIn(update: Uint8Array): string {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  return doc.getText("text").toString();
}

/** Resolves with the error of a request that fails. */
async function failure(request: Promise<unknown>): Promise<YurtError> {
  const error = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof YurtError)) throw new Error(`expected a YurtError, not ${error}`);
  return error;
}

test.each(["", ".", ".."])("a document with the name %p, which would lead a request elsewhere, is refused", (name) => {
  expect(() => new YurtClient({ url: "http://127.0.0.1:1" }).document(name)).toThrow(RangeError);
});

const answering = (...responses: readonly Response[]) => {
  const left = [...responses];
  const asked: string[] = [];
  const fetch = async (url: string) => {
    asked.push(url);
    return left.shift() ?? new Response("{}");
  };
  return { fetch, asked };
};

test("documents are created once, listed, read, written, deleted, taken back and purged", async () => {
  await using api = await startApiServer({ mode: "token" });
  const yurt = new YurtClient({ url: `${api.server.url}/`, token: async () => api.keys["docs:admin"] });
  const document = yurt.document("notes/a b?");
  expect(await document.info()).toBeUndefined();
  expect(await document.create(updateWith("one"))).toBe(true);
  expect(await document.create(updateWith("two"))).toBe(false);
  expect(textIn(await document.readUpdate())).toBe("one");
  const { sequence } = await document.writeUpdate(updateWith("more"));
  expect(await document.writeUpdate(updateWith("late"), { ifSequence: sequence })).toEqual({
    sequence: sequence + 1,
    changed: true,
  });
  expect((await failure(document.writeUpdate(updateWith("lost"), { ifSequence: sequence }))).code).toBe(
    "precondition-failed",
  );
  const state = await document.readUpdate();
  const rest = await document.readUpdate({ stateVector: Y.encodeStateVectorFromUpdate(state) });
  expect(rest.byteLength).toBe(2);
  expect(await document.info()).toMatchObject({ name: "notes/a b?", sequence: sequence + 1, deletedAt: null });
  const names = async (options: Parameters<YurtClient["documents"]>[0]) =>
    (await Array.fromAsync(yurt.documents(options))).map(({ name }) => name);
  expect([await names({}), await names({ prefix: "other" })]).toEqual([["notes/a b?"], []]);
  expect(await yurt.page({ order: "bytes", limit: 1 })).toMatchObject({ items: [{ name: "notes/a b?" }], next: null });
  await document.delete();
  expect((await failure(document.readUpdate())).code).toBe("document-deleted");
  expect([await names({}), await names({ deleted: true })]).toEqual([[], ["notes/a b?"]]);
  expect(await document.undelete()).toMatchObject({ deletedAt: null });
  await document.purge();
  expect(await document.info()).toBeUndefined();
  expect(await failure(document.delete())).toMatchObject({ status: 404, code: "not-found" });
});

test("all documents are listed, page by page", async () => {
  const pages = [
    { items: [{ name: "a" }, { name: "b" }], next: "x y" },
    { items: [{ name: "c" }], next: null },
  ];
  const { asked, fetch } = answering(...pages.map((page) => Response.json(page)));
  const yurt = new YurtClient({ url: "http://127.0.0.1:1", fetch });
  expect((await Array.fromAsync(yurt.documents({ prefix: "&" }))).map(({ name }) => name)).toEqual(["a", "b", "c"]);
  expect(asked).toEqual([
    "http://127.0.0.1:1/v1/docs?prefix=%26&limit=500",
    "http://127.0.0.1:1/v1/docs?prefix=%26&limit=500&after=x%20y",
  ]);
});

test("content is read and changed as JSON and text", async () => {
  await using api = await startApiServer();
  const { content } = new YurtClient({ url: api.server.url }).document("doc");
  await content.put({ tasks: [{ title: "write", isDone: false }], text: "Helo world" }, { as: "auto" });
  expect(await content.json()).toEqual({ tasks: [{ title: "write", isDone: false }], text: "Helo world" });
  const { sequence } = await content.patch([
    { op: "text", path: "/text", find: "Helo", ins: "Hello" },
    { op: "replace", path: "/tasks/0/isDone", value: true },
  ]);
  expect([await content.text("text"), await content.root("tasks")]).toEqual([
    "Hello world",
    [{ title: "write", isDone: true }],
  ]);
  await content.putRoot("tasks", ["another"]);
  expect((await failure(content.patch([{ op: "remove", path: "/tasks/0" }], { ifSequence: sequence }))).code).toBe(
    "precondition-failed",
  );
  const refused = await failure(content.patch([{ op: "remove", path: "/tasks/7" }]));
  expect([refused.code, refused.errors.map(({ pointer }) => pointer)]).toEqual([
    "path-not-found",
    [expect.stringContaining("/")],
  ]);
});

describe("a document that is followed", () => {
  test("has every update once, also those of a time without a connection", async () => {
    await using api = await startApiServer();
    const document = new YurtClient({ url: api.server.url }).document("doc");
    await document.writeUpdate(updateWith("one"));
    const ending = new AbortController();
    const events: DocumentEvent[] = [];
    let connections = 0;
    const cutting = async (url: string, init: RequestInit) => {
      connections += 1;
      const response = await fetch(url, init);
      if (connections > 1 || response.body === null) return response;
      // The connection ends after its first events.
      const reader = response.body.getReader();
      const { value } = await reader.read();
      void reader.cancel();
      return new Response(value ?? null);
    };
    const following = (async () => {
      const followed = new YurtClient({ url: api.server.url, fetch: cutting }).document("doc");
      for await (const event of followed.follow({ signal: ending.signal })) events.push(event);
    })();
    await eventually("ready", () => events.length > 0);
    await document.writeUpdate(updateWith("two"));
    await eventually("followed again", () => connections === 2 && events.some(({ kind }) => kind === "update"));
    await document.writeUpdate(updateWith("three"));
    await eventually(
      "three",
      () => events.at(-1)?.update !== undefined && textIn(events.at(-1)?.update ?? updateWith("")) === "three",
    );
    ending.abort();
    await following;
    const updates = events.filter(({ kind }) => kind === "update");
    expect(updates.map(({ sequence, update }) => [sequence, textIn(update ?? updateWith(""))])).toEqual([
      [2, "two"],
      [3, "three"],
    ]);
  });

  test("ends with its deletion", async () => {
    await using api = await startApiServer();
    const document = new YurtClient({ url: api.server.url, token: api.keys["docs:admin"] }).document("doc");
    await document.writeUpdate(updateWith("one"));
    const following = (async () => {
      for await (const { kind } of document.follow()) if (kind === "ready") await document.delete();
    })();
    expect(await failure(following)).toMatchObject({ code: "document-deleted", status: 404 });
  });
});

test("documents are copied, exported and imported", async () => {
  await using api = await startApiServer();
  const yurt = new YurtClient({ url: api.server.url, token: api.keys["docs:admin"] });
  await yurt.document("notes/1").writeUpdate(updateWith("one"));
  expect(await yurt.document("notes/1").fork("notes/2")).toMatchObject({ changed: true });
  expect((await failure(yurt.document("notes/1").fork("notes/2"))).code).toBe("document-exists");
  const copied = await yurt.document("notes/1").fork("copy", { idempotencyKey: "a key" });
  expect(await yurt.document("notes/1").fork("copy", { idempotencyKey: "a key" })).toEqual(copied);
  expect(textIn(await yurt.document("notes/2").readUpdate())).toBe("one");
  const one = await new Response(await yurt.document("notes/1").export()).bytes();
  const all = await yurt.export({ prefix: "notes/" });
  const [kept, sent] = all.tee();
  expect((await new Response(kept).text()).split("\n").at(-2)).toBe('{"end":{"documents":2}}');
  await yurt.document("notes/1").purge();
  for (const idempotencyKey of ["another", "another"])
    expect(await yurt.import(one, { idempotencyKey })).toMatchObject({ created: 1, skipped: 0 });
  expect(textIn(await yurt.document("notes/1").readUpdate())).toBe("one");
  await yurt.document("notes/2").purge();
  expect(await yurt.import(sent, { existing: "merge" })).toMatchObject({ created: 1, skipped: 1, refused: [] });
});

test("clients of a document are seen and disconnected", async () => {
  await using api = await startApiServer();
  await using clients = new TestClients();
  const document = new YurtClient({ url: api.server.url, token: api.keys["docs:admin"] }).document("doc");
  const client = clients.connect(api.server.wsUrl, "doc");
  await synced(client);
  client.provider.awareness.setLocalState({ user: "ann" });
  await eventually("awareness", async () => (await document.awareness()).items.length === 1);
  expect(await document.awareness()).toEqual({
    items: [{ clientId: client.doc.clientID, clock: expect.any(Number), state: { user: "ann" } }],
  });
  expect(await document.disconnect()).toEqual({ disconnected: 1 });
});

test("an answer without a part of the cluster says so", async () => {
  const { fetch } = answering(
    Response.json({ items: [], partial: true }),
    Response.json({ disconnected: 0, partial: true }),
  );
  const document = new YurtClient({ url: "http://127.0.0.1:1", fetch }).document("doc");
  expect(await document.awareness()).toEqual({ items: [], partial: true });
  expect(await document.disconnect()).toEqual({ disconnected: 0, partial: true });
});

describe("a request", () => {
  const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
    new Response(JSON.stringify({ code, detail: "Wait.", requestId: "r", errors: [] }), { status, headers });

  test("that the server delays is repeated, and its problem thrown in the end", async () => {
    const soon = { "retry-after": "0" };
    const { asked, fetch } = answering(problem(429, "rate-limited", soon), problem(503, "stopping", soon));
    await new YurtClient({ url: "http://127.0.0.1:1", fetch }).document("a").info();
    expect(asked).toHaveLength(3);
    const ever = answering(...[1, 2, 3].map(() => problem(429, "rate-limited", soon)));
    const error = await failure(
      new YurtClient({ url: "http://127.0.0.1:1", fetch: ever.fetch, retries: 2 }).document("a").info(),
    );
    expect(error).toMatchObject({ code: "rate-limited", status: 429, requestId: "r", message: "Wait." });
  });

  test("whose idempotency key is in use is repeated until the first answer is there", async () => {
    const { asked, fetch } = answering(problem(409, "idempotency-key-in-use", { "retry-after": "0" }));
    await new YurtClient({ url: "http://127.0.0.1:1", fetch }).document("a").fork("b", { idempotencyKey: "key" });
    expect(asked).toHaveLength(2);
  });

  test("that writes is not repeated after a 503, which may come after the write", async () => {
    const { asked, fetch } = answering(problem(503, "storage-unavailable", { "retry-after": "0" }));
    const { document } = { document: new YurtClient({ url: "http://127.0.0.1:1", fetch }).document("a") };
    expect((await failure(document.create(updateWith("a")))).retryAfterMs).toBe(0);
    expect(asked).toHaveLength(1);
  });

  test("whose body is a stream is not repeated: the stream has been read", async () => {
    const { asked, fetch } = answering(problem(429, "rate-limited", { "retry-after": "0" }));
    const lines = new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
    const error = await failure(new YurtClient({ url: "http://127.0.0.1:1", fetch }).import(lines));
    expect([error.code, asked.length]).toEqual(["rate-limited", 1]);
  });

  test("that a proxy answers with a page fails with the status", async () => {
    const { fetch } = answering(new Response("<h1>Bad Gateway</h1>", { status: 502 }));
    const error = await failure(new YurtClient({ url: "http://127.0.0.1:1", fetch }).document("a").readUpdate());
    expect([error.code, error.message]).toEqual(["http-502", "The server has answered 502."]);
  });
});
