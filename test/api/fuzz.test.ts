import { expect, test } from "bun:test";
import * as Y from "yjs";
import { type ApiServer, startApiServer } from "../support/api/api-server.ts";
import { updateOf } from "../support/api/documents.ts";
import { examples } from "../support/api/examples.ts";
import { type Operation, operationsOf } from "../support/api/operations.ts";
import { mutate } from "../support/bytes/mutations.ts";
import { Random } from "../support/bytes/random.ts";
import { RandomEditor } from "../support/clients/random-editors.ts";
import { recordedLog } from "../support/fakes/recorded-log.ts";

const requests = 1_000;
/** The requests at once. Before them, all documents are there. */
const requestsAtOnce = 50;

const documents = ["one", "two", "three"];
const names = ["doc", "a%2Fb", "%F0%9F%98%80", "%ff", "%2e%2e", "..", "", "a b", "x".repeat(300), "doc%00"];
/** Names of parts of a document, some of which are there. */
const parts: Readonly<Record<string, readonly string[]>> = {
  root: ["text", "rich", "map", "list", "xml", "none"],
  moment: ["1", "2", "20", "0", "v1", "v2.1", "2030-01-31T12:00:00Z", "999999999999999"],
  version: ["v1", "v2", "v1.1", "v0", "1"],
};
const texts = [
  "",
  "0",
  "1",
  "v1",
  "2030-01-31T12:00:00Z",
  "text",
  "-1",
  "1e9",
  "null",
  "*",
  '"1"',
  'W/"1.x", "2"',
  "bytes=0-",
  "bytes=9-1",
  "a".repeat(500),
  "%",
  "\u00e9",
];
const headerNames = [
  "If-Match",
  "If-None-Match",
  "Range",
  "If-Range",
  "Last-Event-ID",
  "Accept-Encoding",
  "Idempotency-Key",
];
const types = [
  "application/octet-stream",
  "application/json",
  "application/json-patch+json",
  "application/x-ndjson",
  "text/plain",
  "",
];
const jsons = [
  '[{"op": "text", "path": "/text", "at": 0, "ins": "x"}]',
  '[{"op": "remove", "path": "/map/one"}, {"op": "move", "from": "/map", "path": "/map/one"}]',
  '{"at": "1"}',
  '{"map": {"one": [1, {"two": null}]}, "text": "other"}',
  "{}",
  "[]",
  "null",
  '{"user": 7}',
  '{"to": "x"}',
  '[{"op": "add", "path": "/m/x", "value": 1}]',
  "{",
  '"text"',
];

interface Answer {
  /** The id of the operation. */
  readonly id: string;
  /** The request, and the seed. */
  readonly what: string;
  readonly status: number;
}

test("whatever a request is like, the server answers it as documented, and never with a failure of its own", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = new Random(seed);
  const { events, log } = recordedLog();
  await using api = await startApiServer({ log });
  const operations = operationsOf((await api.ask("GET", "/v1/openapi.json")).body);
  // An empty name makes the path that of another route.
  const known = new Set([405, ...operations.flatMap(({ responses }) => [...responses.keys()])]);
  const ask = async (operation: Operation) => {
    const { path, body, headers } = requestFor(operation, random);
    headers.set("authorization", `Bearer ${api.keys["docs:admin"]}`);
    const url = api.server.url + path;
    const leaving = new AbortController();
    const response = await fetch(url, {
      method: operation.method,
      headers,
      body: body ?? null,
      signal: leaving.signal,
    });
    const isStream = response.headers.get("content-type") === "text/event-stream";
    if (!isStream) await response.arrayBuffer();
    leaving.abort();
    const { status } = response;
    return { id: operation.id, what: `seed ${seed}: ${operation.method} ${url.slice(api.server.url.length)}`, status };
  };
  const answers: Answer[] = [];
  for (let sent = 0; sent < requests; sent += requestsAtOnce) {
    await writeDocuments(api, random);
    answers.push(...(await Promise.all(Array.from({ length: requestsAtOnce }, () => ask(random.pick(operations))))));
  }
  // The document of an erasure may be deleted at the same time: then the erasure has to be repeated.
  const isAllowed = ({ id, status }: Answer) =>
    known.has(status) && (status < 500 || (id === "eraseHistory" && status === 503));
  expect(answers.filter((answer) => !isAllowed(answer))).toEqual([]);
  expect(new Set(answers.map(({ status }) => status)).size).toBeGreaterThan(5);
  // Others need an administrator's token, or what a random request does not have.
  const succeeded = new Set(answers.flatMap(({ id, status }) => (status < 300 ? [id] : [])));
  expect(succeeded.size).toBeGreaterThan(operations.length / 2);
  expect(events.filter(({ level }) => level === "error")).toEqual([]);
  expect((await api.ask("POST", "/v1/docs/last/update", { body: updateOf("alive") })).status).toBe(200);
}, 60_000);

/** Most of a request is as in one that succeeds: otherwise hardly any would get beyond the checks. */
function requestFor(operation: Operation, random: Random) {
  const example = examples[operation.id];
  const isChanged = () => random.chance(0.25);
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) => {
    const usual = name === "doc" ? random.pick(documents) : example?.path?.[name];
    return usual === undefined || isChanged() ? random.pick(parts[name] ?? names) : usual;
  });
  const query = isChanged() ? queryFor(operation, random) : (example?.query ?? "");
  const headers = new Headers(example?.headers);
  for (const name of random.some(headerNames, 0.05)) setIfValid(headers, name, random.pick(texts));
  const type = isChanged() ? random.pick(types) : (operation.bodyTypes[0] ?? "");
  if (["GET", "HEAD"].includes(operation.method)) return { path: path + query, headers, body: undefined };
  if (type !== "") headers.set("content-type", type);
  return { path: path + query, headers, body: bodyFor(random, isChanged() ? undefined : example?.body) };
}

/** Takes deletions back, and writes some changes of all types into each document. */
async function writeDocuments({ ask, keys }: ApiServer, random: Random): Promise<void> {
  const token = keys["docs:admin"];
  for (const document of documents) {
    await ask("POST", `/v1/docs/${document}/undelete`, { token });
    const editor = new RandomEditor(random);
    for (let edit = 0; edit < 5; edit += 1) editor.edit();
    editor.doc.getText("text").insert(0, "text");
    await ask("POST", `/v1/docs/${document}/update`, { token, body: Y.encodeStateAsUpdate(editor.doc) });
  }
}

function queryFor({ parameters }: Operation, random: Random): string {
  const asked = parameters
    .filter((parameter) => parameter.in === "query" && random.chance(0.5))
    .map(({ name }) => `${name}=${encodeURIComponent(random.pick(texts))}`);
  return asked.length === 0 ? "" : `?${asked.join("&")}`;
}

/** The body of an example, or another one. */
function bodyFor(random: Random, example: unknown): Uint8Array<ArrayBuffer> | string {
  if (example instanceof Uint8Array) return Uint8Array.from(example);
  if (example !== undefined) return typeof example === "string" ? example : JSON.stringify(example);
  if (random.chance(0.4)) return random.pick(jsons);
  const update = updateOf("some text");
  return Uint8Array.from(random.chance(0.3) ? update : mutate(random, [update]));
}

function setIfValid(headers: Headers, name: string, value: string): void {
  try {
    headers.set(name, value);
  } catch {
    // Not every text can be sent as a header.
  }
}
