import { expect, test } from "bun:test";
import { documentLine, endLine, formatLine, updateLine } from "../../src/storage/document-lines.ts";
import { type ApiServer, startApiServer } from "../support/api/api-server.ts";
import { updateOf } from "../support/api/documents.ts";
import { eventually } from "../support/eventually.ts";

const key = (text = "5a1f") => ({ "idempotency-key": text });

const write = ({ ask }: ApiServer, document: string, token?: string) =>
  ask("POST", `/v1/docs/${document}/update`, { body: updateOf(document), token });

const fork = ({ ask }: ApiServer, to: string, headers: Readonly<Record<string, string>>, token?: string) =>
  ask("POST", "/v1/docs/from/fork", { body: { to }, headers, token });

const sequenceOf = async ({ ask }: ApiServer, document: string) =>
  (await ask("GET", `/v1/docs/${document}`)).body["sequence"];

const linesOf = (document: string) => documentLine({ name: document }) + updateLine(updateOf(document));

/** An import whose lines are sent one by one. */
function slowImport({ server }: ApiServer, headers: Readonly<Record<string, string>>) {
  const leaving = new AbortController();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const answer = fetch(`${server.url}/v1/import`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson", ...headers },
    body: readable,
    signal: leaving.signal,
  });
  answer.catch(() => {});
  const send = (lines: string) => void writer.write(new TextEncoder().encode(lines)).catch(() => {});
  return { answer, send, end: () => void writer.close(), leave: () => leaving.abort() };
}

const bring = ({ ask }: ApiServer, body: string, headers: Readonly<Record<string, string>>) =>
  ask("POST", "/v1/import", { body, headers: { "content-type": "application/x-ndjson", ...headers } });

test("a fork that is repeated with its key is answered as the first time, and made once", async () => {
  await using api = await startApiServer();
  await write(api, "from");
  const first = await fork(api, "to", key());
  const sequence = await sequenceOf(api, "to");
  const again = await fork(api, "to", key());
  for (const { body, headers, status } of [first, again]) {
    expect([status, headers.get("location"), headers.get("etag")]).toEqual([201, "/v1/docs/to", `"${sequence}"`]);
    expect(body).toEqual({ sequence, changed: true });
  }
  expect(await sequenceOf(api, "to")).toBe(sequence);
  expect((await fork(api, "to", {})).body["code"]).toBe("document-exists");
  expect((await fork(api, "to", key("other"))).body["code"]).toBe("document-exists");
  const reused = await fork(api, "another", key());
  expect([reused.status, reused.body["code"]]).toEqual([422, "idempotency-key-reused"]);
  expect((await api.ask("GET", "/v1/docs/another")).status).toBe(404);
});

test("of several forks with one key at once, one is made", async () => {
  await using api = await startApiServer();
  await write(api, "from");
  const answers = await Promise.all(Array.from({ length: 5 }, () => fork(api, "to", key())));
  const statuses = answers.map(({ status }) => status);
  expect(statuses).toContain(201);
  for (const { body, headers, status } of answers) {
    if (status === 201) continue;
    expect([status, body["code"], headers.get("retry-after")]).toEqual([409, "idempotency-key-in-use", "1"]);
  }
  expect((await fork(api, "to", key())).status).toBe(201);
});

test("a refusal is kept with its key, but not one for want of permission", async () => {
  await using api = await startApiServer({ mode: "token" });
  const token = api.keys["docs:admin"];
  await write(api, "from", token);
  await write(api, "to", token);
  expect((await fork(api, "to", key(), token)).body["code"]).toBe("document-exists");
  await api.ask("DELETE", "/v1/docs/to?purge=1", { token });
  expect((await fork(api, "to", key(), token)).body["code"]).toBe("document-exists");
  expect((await fork(api, "to", key("new"), token)).status).toBe(201);
  const reader = await api.token({ from: "write", mine: "read" }, "ann");
  const writer = await api.token({ from: "write", mine: "write" }, "ann");
  expect((await fork(api, "mine", key(), reader)).body["code"]).toBe("read-only");
  expect((await fork(api, "mine", key(), writer)).status).toBe(201);
  expect((await fork(api, "mine", key())).status).toBe(401);
});

test("an import that is repeated with its key is answered as the first time", async () => {
  await using api = await startApiServer();
  const lines = formatLine() + linesOf("doc") + endLine(1);
  for (const headers of [key(), key()]) {
    expect((await bring(api, lines, headers)).body).toMatchObject({ created: 1, skipped: 0 });
  }
  expect((await bring(api, lines, {})).body).toMatchObject({ created: 0, skipped: 1 });
});

test("the key of an import is in use until its last line has come", async () => {
  await using api = await startApiServer();
  const slow = slowImport(api, key());
  slow.send(formatLine() + linesOf("a") + linesOf("b"));
  await eventually("the first document is stored", async () => (await sequenceOf(api, "a")) !== undefined);
  const early = await bring(api, "", key());
  expect([early.status, early.body["code"], early.headers.get("retry-after")]).toEqual([
    409,
    "idempotency-key-in-use",
    "1",
  ]);
  slow.send(endLine(2));
  slow.end();
  const answer = await slow.answer;
  expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ created: 2 })]);
  expect((await bring(api, "", key())).body).toMatchObject({ created: 2 });
});

test("an import whose client has left can be repeated with its key", async () => {
  await using api = await startApiServer();
  const slow = slowImport(api, key());
  slow.send(formatLine() + linesOf("a") + linesOf("b"));
  await eventually("the first document is stored", async () => (await sequenceOf(api, "a")) !== undefined);
  slow.leave();
  const lines = formatLine() + linesOf("a") + linesOf("b") + endLine(2);
  await eventually("the key is free", async () => {
    const { body, status } = await bring(api, lines, key());
    if (status === 409) return false;
    expect([status, body]).toEqual([200, expect.objectContaining({ created: 1, skipped: 1 })]);
    return true;
  });
});
