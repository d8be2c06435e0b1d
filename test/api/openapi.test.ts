import { expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { type ApiServer, startApiServer } from "../support/api/api-server.ts";
import { type Example, examples } from "../support/api/examples.ts";
import { type Operation, operationsOf } from "../support/api/operations.ts";

const api = await startApiServer();
const { body: description } = await api.ask("GET", "/v1/openapi.json");
await api[Symbol.asyncDispose]();
const operations = operationsOf(description);

const schemas = new Ajv2020({ strict: false, formats: { "date-time": true, int64: true } });
schemas.addSchema(description, "openapi");

test("the description is valid OpenAPI 3.1", async () => {
  const { errors, valid } = await new Validator().validate(structuredClone(description));
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
});

test("every operation has an id of its own, one tag, and a summary that is one line", () => {
  expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
  for (const { id, summary, tags } of operations) {
    expect(id).toMatch(/^[a-z][A-Za-z]+$/);
    expect(summary).toMatch(/^[A-Z][^\n]{5,90}[^.]$/);
    expect(tags).toHaveLength(1);
  }
});

test("every operation has an example, and every example is of an operation", () => {
  expect(Object.keys(examples).sort()).toEqual(operations.map(({ id }) => id).sort());
});

test.each(operations.map((operation) => [operation.id, operation] as const))(
  "%s answers as it is described",
  async (id, operation) => {
    const example = examples[id];
    if (example === undefined) throw new Error(`no example of ${id}`);
    await using server = await startApiServer({ mode: "token" });
    await example.prepare?.(server);
    const path = (await example.preparePath?.(server)) ?? example.path ?? {};
    const query = (await example.prepareQuery?.(server)) ?? example.query ?? "";
    const body = (await example.prepareBody?.(server)) ?? example.body;
    const answer = await call(server, operation, { ...example, path, query, body });
    expect([answer.status, answer.text]).toEqual([example.status, expect.any(String)]);
    expect([...operation.responses.keys()]).toContain(example.status);
    const schema = operation.responses.get(example.status);
    if (schema === undefined) return;
    const isValid = schemas.compile(inDescription(schema));
    const isAsDescribed = isValid(JSON.parse(answer.text));
    expect([isAsDescribed, isValid.errors]).toEqual([true, null]);
  },
);

async function call(
  { adminToken, keys, server }: ApiServer,
  { bodyTypes, method, path, scope }: Operation,
  example: Example,
) {
  const { body, headers, isForAdministrators, isStream, path: parameters, query = "" } = example;
  const needed = example.scope ?? scope;
  const token = isForAdministrators ? await adminToken() : needed && keys[needed];
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => (name === "doc" ? "doc" : (parameters?.[name] ?? name)));
  const leaving = new AbortController();
  const response = await fetch(server.url + filled + query, {
    method,
    signal: leaving.signal,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(bodyTypes[0] !== undefined && { "content-type": bodyTypes[0] }),
      ...headers,
    },
    ...(body !== undefined && {
      body: body instanceof Uint8Array || typeof body === "string" ? body : JSON.stringify(body),
    }),
  });
  const text = isStream === true ? "" : await response.text();
  leaving.abort();
  return { status: response.status, text };
}

/** The schema, with its references into the description. */
function inDescription(schema: Readonly<Record<string, unknown>>): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/'));
}
