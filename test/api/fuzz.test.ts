import { expect, test } from "bun:test";
import { startApiServer } from "../support/api/api-server.ts";
import { updateOf } from "../support/api/documents.ts";
import { type Operation, operationsOf } from "../support/api/operations.ts";
import { mutate } from "../support/bytes/mutations.ts";
import { Random } from "../support/bytes/random.ts";
import { recordedLog } from "../support/fakes/recorded-log.ts";

const requests = 1_500;

const names = ["doc", "a%2Fb", "%F0%9F%98%80", "%ff", "%2e%2e", "..", "", "a b", "x".repeat(300), "doc%00"];
const texts = [
  "",
  "0",
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
  "{}",
  "[]",
  "null",
  '{"user": 7}',
  '{"to": "x"}',
  '[{"op": "add", "path": "/m/x", "value": 1}]',
  "{",
  '"text"',
];

test("whatever a request is like, the server answers it as documented, and never with a failure of its own", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = new Random(seed);
  const { events, log } = recordedLog();
  await using api = await startApiServer({ log });
  const operations = operationsOf((await api.ask("GET", "/v1/openapi.json")).body);
  // An empty name makes the path that of another route.
  const known = new Set([405, ...operations.flatMap(({ responses }) => [...responses.keys()])]);
  const ask = async (operation: Operation) => {
    const path = operation.path.replaceAll(/\{\w+\}/g, () => random.pick(names));
    const query = operation.parameters
      .filter((parameter) => parameter.in === "query" && random.chance(0.5))
      .map(({ name }) => `${name}=${encodeURIComponent(random.pick(texts))}`);
    const headers = new Headers({ authorization: `Bearer ${api.keys["docs:admin"]}` });
    for (const name of random.some(headerNames, 0.2)) setIfValid(headers, name, random.pick(texts));
    const body = ["GET", "HEAD"].includes(operation.method) ? undefined : bodyFor(random);
    const type = random.pick([...operation.bodyTypes, ...types]);
    if (body !== undefined && type !== "") headers.set("content-type", type);
    const url = `${api.server.url}${path}${query.length === 0 ? "" : `?${query.join("&")}`}`;
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
    return { what: `seed ${seed}: ${operation.method} ${url.slice(api.server.url.length)}`, status: response.status };
  };
  const answers: { what: string; status: number }[] = [];
  for (let sent = 0; sent < requests; sent += 50) {
    answers.push(...(await Promise.all(Array.from({ length: 50 }, () => ask(random.pick(operations))))));
  }
  expect(answers.filter(({ status }) => status >= 500 || !known.has(status))).toEqual([]);
  expect(new Set(answers.map(({ status }) => status)).size).toBeGreaterThan(5);
  expect(events.filter(({ level }) => level === "error")).toEqual([]);
  expect((await api.ask("POST", "/v1/docs/last/update", { body: updateOf("alive") })).status).toBe(200);
}, 60_000);

function bodyFor(random: Random): Uint8Array<ArrayBuffer> | string {
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
