import { afterAll, describe, expect, test } from "bun:test";
import { includesScope, scopes } from "../../src/auth/keys/api-keys.ts";
import { type Asked, startApiServer } from "../support/api/api-server.ts";
import { updatesWithGap } from "../support/api/documents.ts";
import { type Example, examples, writeExample } from "../support/api/examples.ts";
import { type DescribedParameter, type Operation, operationsOf } from "../support/api/operations.ts";

const bound = 1_000;
const api = await startApiServer({
  mode: "token",
  limits: { apiUpdateBytes: bound, apiJsonBytes: bound, patchBytes: bound },
});
const admin = api.keys["docs:admin"];
const { text: narrowKey } = api.keysFile.create({ name: "narrow", scope: "docs:admin", prefix: "elsewhere/" });
await writeExample(api);
await writeExample(api, "text", "deleted");
await api.ask("DELETE", "/v1/docs/deleted", { token: admin });
const operations = operationsOf((await api.ask("GET", "/v1/openapi.json")).body);
const ofDocuments = operations.filter(({ path }) => path.includes("{doc}"));

afterAll(() => api[Symbol.asyncDispose]());

type Row = readonly [string, Operation];

const rows = (found: readonly Operation[]): readonly Row[] => found.map((operation) => [operation.id, operation]);

interface Changed extends Asked {
  readonly document?: string;
  readonly query?: string;
}

/** Asks as the example of the operation does, but for what `changed` says, and without the query of the example. */
function send(operation: Operation, { document = "doc", query = "", ...changed }: Changed = {}) {
  const { body, headers, path: parameters }: Partial<Example> = examples[operation.id] ?? {};
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) =>
    name === "doc" ? document : (parameters?.[name] ?? name),
  );
  const type = operation.bodyTypes[0] === undefined ? {} : { "content-type": operation.bodyTypes[0] };
  return api.ask(operation.method, path + query, {
    token: admin,
    body,
    ...changed,
    headers: { ...type, ...headers, ...changed.headers },
  });
}

/** As `send`, and finds the answer among the problems that are described. */
async function ask(operation: Operation, changed?: Changed) {
  const answer = await send(operation, changed);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect([...operation.responses.keys()]).toContain(answer.status);
  expect(answer.body).toEqual({
    type: `urn:yurt:problem:${answer.body["code"]}`,
    title: expect.any(String),
    detail: expect.stringMatching(/^[A-Z].*\.$/),
    status: answer.status,
    code: expect.any(String),
    requestId: expect.any(String),
    ...(answer.status === 401 && { denial: expect.any(String) }),
    ...(answer.body["errors"] !== undefined && { errors: expect.any(Array) }),
  });
  return answer;
}

describe("without permission", () => {
  test.each(rows(operations.filter(({ scope }) => scope !== undefined)))("%s", async (_, operation) => {
    for (const token of [undefined, "yk_unknown", "not.a.token"]) {
      const answer = await ask(operation, { token });
      expect([answer.status, answer.body["code"]]).toEqual([401, "unauthorized"]);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    }
    for (const lower of scopes.filter((scope) => operation.scope && !includesScope(scope, operation.scope))) {
      const answer = await ask(operation, { token: api.keys[lower] });
      expect([answer.status, answer.body["code"]]).toEqual([403, "forbidden"]);
    }
  });

  test.each(rows(ofDocuments))("%s does not tell whether a document exists", async (_, operation) => {
    const token = await api.token({ other: "write" });
    const answers = await Promise.all(
      ["doc", "deleted", "unknown"].flatMap((document) => [
        ask(operation, { document, token }),
        ask(operation, { document, token: narrowKey }),
      ]),
    );
    const told = answers.map(({ body: { requestId, ...body } }) => JSON.stringify(body));
    expect(answers[0]?.body).toMatchObject({ status: 404, code: "not-found" });
    expect([...new Set(told)]).toHaveLength(1);
  });
});

describe("a document", () => {
  const invalid = ["%20a", "a%5Cb", "a%2F..%2Fb", "a%00", "x".repeat(257)];

  test.each(rows(ofDocuments))("that cannot have its name: %s", async (_, operation) => {
    for (const document of invalid) {
      const answer = await ask(operation, { document });
      expect([answer.status, answer.body["code"]]).toEqual([400, "invalid-request"]);
      expect(answer.body["errors"]).toMatchObject([{ pointer: "doc" }]);
    }
  });

  test.each(rows(ofDocuments.filter(({ id }) => examples[id]?.needsNoDocument !== true)))(
    "that does not exist: %s",
    async (_, operation) => {
      const answer = await ask(operation, { document: "unknown" });
      expect([answer.status, answer.body["code"]]).toEqual([404, "not-found"]);
    },
  );

  test.each(rows(ofDocuments.filter(({ scope }) => scope !== "docs:admin")))(
    "that is deleted: %s",
    async (_, operation) => {
      const answer = await ask(operation, { document: "deleted", token: api.keys["docs:write"] });
      expect([answer.status, answer.body["code"]]).toEqual([404, "document-deleted"]);
    },
  );
});

describe("a parameter", () => {
  const queries = operations.flatMap((operation) =>
    operation.parameters
      .filter((parameter) => parameter.in === "query")
      .flatMap((parameter) =>
        wrongValues(parameter).map(
          (value) => [operation.id, parameter.name, value.slice(0, 20), value, operation] as const,
        ),
      ),
  );

  test.each(queries)("%s ?%s=%s", async (_, name, __, value, operation) => {
    const answer = await ask(operation, { query: `?${name}=${encodeURIComponent(value)}` });
    expect([answer.status, answer.body["code"]]).toEqual([400, "invalid-request"]);
    expect(answer.body["errors"]).toEqual([{ pointer: name, detail: expect.stringMatching(/^give /) }]);
  });
});

describe("a body", () => {
  const withBodies = operations.filter(({ bodyTypes }) => bodyTypes.length > 0);

  test.each(rows(withBodies))("of another type: %s", async (_, operation) => {
    const answer = await ask(operation, {
      body: "x",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect([answer.status, answer.body["code"]]).toEqual([415, "unsupported-media-type"]);
  });

  const withBound = withBodies.filter(({ id }) => examples[id]?.hasNoBound !== true);

  test.each(rows(withBound))("that is too large: %s", async (_, operation) => {
    const answer = await ask(operation, { body: " ".repeat(bound + 1) });
    expect([answer.status, answer.body["code"]]).toEqual([413, "body-too-large"]);
  });

  const withJson = withBodies.filter(({ bodyTypes }) => bodyTypes.some((type) => type.endsWith("json")));

  test.each(rows(withJson))("that is not JSON: %s", async (_, operation) => {
    for (const body of ["{", "\ufeff\ufeff", "nope"]) {
      const answer = await ask(operation, { body });
      expect([answer.status, answer.body["code"]]).toEqual([400, "malformed-json"]);
    }
  });

  const withFixedForm = withJson.filter(({ id }) => examples[id]?.takesAnyJson !== true);

  test.each(rows(withFixedForm))("of another form: %s", async (_, operation) => {
    for (const body of ["null", "7", '{"unknownMember": 1}']) {
      const answer = await ask(operation, { body });
      expect([answer.status, answer.body["code"]]).toEqual([400, "invalid-request"]);
    }
  });

  const withUpdates = withBodies.filter(({ bodyTypes }) => bodyTypes.includes("application/octet-stream"));

  test.each(rows(withUpdates))("that is no update: %s", async (_, operation) => {
    for (const body of [
      Uint8Array.of(7),
      new TextEncoder().encode("an ordinary text"),
      new Uint8Array(100).fill(255),
    ]) {
      const answer = await ask(operation, { body, document: "new" });
      expect([answer.status, answer.body["code"]]).toEqual([400, "malformed-update"]);
    }
    expect((await api.ask("GET", "/v1/docs/new", { token: admin })).status).toBe(404);
  });
});

describe("a condition", () => {
  const conditional = operations.filter(({ parameters }) => parameters.some(({ name }) => name === "If-Match"));
  const askIf = (operation: Operation, condition: string) =>
    ask(operation, { query: examples[operation.id]?.query ?? "", headers: { "if-match": condition } });
  const sequence = async () => Number((await api.ask("GET", "/v1/docs/doc", { token: admin })).body["sequence"]);

  test("is taken by the operations that edit a document", () => {
    const edits = ["patchJson", "putJson", "putRootJson", "restoreDocument", "writeUpdate"];
    expect(conditional.map(({ id }) => id).sort()).toEqual(edits);
  });

  test.each(rows(conditional))("that does not hold: %s", async (_, operation) => {
    const before = await sequence();
    const answer = await askIf(operation, `"${before + 1}"`);
    expect([answer.status, answer.body["code"]]).toEqual([412, "precondition-failed"]);
    expect(await sequence()).toBe(before);
  });

  test.each(rows(conditional))("that is none: %s", async (_, operation) => {
    for (const condition of ["7", "x"]) {
      const answer = await askIf(operation, condition);
      expect([answer.status, answer.body["code"]]).toEqual([400, "invalid-request"]);
      expect(answer.body["errors"]).toMatchObject([{ pointer: "If-Match" }]);
    }
  });
});

describe("an idempotency key", () => {
  const keyed = operations.filter(({ parameters }) => parameters.some(({ name }) => name === "Idempotency-Key"));

  test("is taken by the operations that copy documents into others", () => {
    expect(keyed.map(({ id }) => id).sort()).toEqual(["forkDocument", "importDocuments"]);
  });

  test.each(rows(keyed))("that is none: %s", async (_, operation) => {
    for (const key of ["", "x".repeat(256), "é", "a\tb"]) {
      const answer = await ask(operation, { headers: { "idempotency-key": key } });
      expect([answer.status, answer.body["code"]]).toEqual([400, "invalid-request"]);
      expect(answer.body["errors"]).toMatchObject([{ pointer: "Idempotency-Key" }]);
    }
  });

  test.each(rows(keyed))("that another request had: %s", async (id, operation) => {
    const headers = { "idempotency-key": `used-${id}` };
    const [document, query] = operation.path.includes("{doc}") ? ["other", ""] : ["", "?existing=merge"];
    expect((await send(operation, { headers })).status).toBeLessThan(300);
    const answer = await ask(operation, { headers, document, query });
    expect([answer.status, answer.body["code"]]).toEqual([422, "idempotency-key-reused"]);
  });
});

describe("a document with updates that wait for others", () => {
  /** The edits that would have to know what is missing. */
  const refused = ["patchJson", "putJson", "putRootJson"];
  const written = { token: admin, headers: { "content-type": "application/octet-stream" } };
  const answered = ofDocuments.filter(({ id }) => examples[id]?.isStream !== true);

  test.each(rows(answered))("%s", async (id, operation) => {
    const document = `waiting-${id}`;
    const { late, missing, present } = updatesWithGap("present", "missing", "late");
    const write = (body: Uint8Array) => api.ask("POST", `/v1/docs/${document}/update`, { ...written, body });
    for (const update of [present, late]) expect((await write(update)).status).toBe(200);
    const changed = { document, query: examples[id]?.query ?? "" };
    if (refused.includes(id)) {
      const answer = await ask(operation, changed);
      expect([answer.status, answer.body["code"]]).toEqual([409, "pending-updates"]);
    } else {
      const { status } = await send(operation, changed);
      expect([...operation.responses.keys()]).toContain(status);
      expect(status).toBeLessThan(500);
    }
    if (id === "deleteDocument") return;
    // The late update is there when the missing one comes.
    expect((await write(missing)).status).toBe(200);
    const { body } = await api.ask("GET", `/v1/docs/${document}/json`, { token: admin });
    expect(body["text"]).toContain("present missing late");
  });
});

test("another method is answered with those that there are, and another path with a pointer to the description", async () => {
  const paths = Map.groupBy(operations, ({ path }) => path);
  for (const [path, methods] of paths) {
    const answer = await api.ask("PROPFIND", path.replaceAll(/\{\w+\}/g, "doc"));
    expect([answer.status, answer.body["code"]]).toEqual([405, "method-not-allowed"]);
    const allowed = answer.headers
      .get("allow")
      ?.split(", ")
      .filter((method) => method !== "HEAD");
    expect(allowed?.sort()).toEqual(methods.map(({ method }) => method).sort());
  }
  const { body, status } = await api.ask("GET", "/v1/nothing");
  expect([status, body["code"]]).toEqual([404, "no-such-route"]);
});

/** Values that a parameter does not take. */
function wrongValues({ schema }: DescribedParameter): readonly string[] {
  if (schema["type"] === "integer") return ["x", "-1", "1.5", "1e3", "", "99999999999999999"];
  if (schema["enum"] !== undefined) return ["other", ""];
  if (schema["contentEncoding"] === "base64url") return ["!", "AQ", "a+b/"];
  return typeof schema["maxLength"] === "number" ? ["x".repeat(schema["maxLength"] + 1)] : [];
}
