import { expect, test } from "bun:test";
import { type IdempotentCall, IdempotentRequests } from "../../../src/api/idempotency/idempotent-requests.ts";
import { Problem, type ProblemCode } from "../../../src/api/problems.ts";
import { defaultLimits as limits } from "../../../src/composition/settings/limits.ts";
import { StoreError } from "../../../src/storage/store.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

interface Asked extends Partial<Omit<IdempotentCall, "request">> {
  readonly key?: string;
  readonly token?: string;
  readonly signal?: AbortSignal;
  readonly operation?: string;
}

const fork = { to: "copy" };

function setUp() {
  const clock = new FakeClock();
  const requests = new IdempotentRequests({ clock, limits, bounds: { met: () => {} } });
  let done = 0;
  const answered = () => {
    done += 1;
    return Response.json({ done }, { status: 201, headers: { location: `/${done}` } });
  };
  const ask = async (
    { key = "key", operation = "forkDocument", signal, token, ...call }: Asked = {},
    handle: () => Response | Promise<Response> = answered,
  ) => {
    const headers = {
      ...(key !== "" && { "idempotency-key": key }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const asked: IdempotentCall = {
      request: new Request("http://localhost/", { headers, signal: signal ?? null }),
      remoteAddress: "192.0.2.1",
      caller: { kind: "client", user: undefined },
      counted: "192.0.2.1",
      document: "doc",
      path: {},
      query: {},
      body: fork,
      ...call,
    };
    try {
      const response = await requests.answer({ id: operation }, asked, handle);
      return [response.status, Object(await response.json()).done, response.headers.get("location")] as const;
    } catch (error) {
      return error instanceof Problem ? [error.status, error.code] : [500, Object(error).message];
    }
  };
  return { ask, clock, done: () => done };
}

/** A handler that throws. */
const failing = (error: unknown) => () => {
  throw error;
};

test("a request that is repeated gets the first answer, with its status and headers, and is not done again", async () => {
  const { ask, done } = setUp();
  expect(await ask()).toEqual([201, 1, "/1"]);
  expect(await ask()).toEqual([201, 1, "/1"]);
  expect(await ask({ key: "other" })).toEqual([201, 2, "/2"]);
  expect([await ask({ key: "" }), await ask({ key: "" })].map(([, number]) => number)).toEqual([3, 4]);
  expect(done()).toBe(4);
});

test("after 24 hours it is done again", async () => {
  const { ask, clock } = setUp();
  await ask();
  clock.advance(24 * 3_600_000 - 1);
  expect(await ask()).toEqual([201, 1, "/1"]);
  clock.advance(1);
  expect(await ask()).toEqual([201, 2, "/2"]);
});

test("while the first request runs, its key is in use; afterwards its answer is there", async () => {
  const { ask } = setUp();
  const { promise, resolve } = Promise.withResolvers<Response>();
  const first = ask({}, () => promise);
  expect(await ask()).toEqual([409, "idempotency-key-in-use"]);
  expect(await ask({ document: "another" })).toEqual([422, "idempotency-key-reused"]);
  expect(await ask({ key: "other" })).toEqual([201, 1, "/1"]);
  resolve(Response.json({ done: "first" }));
  expect(await first).toEqual([200, "first", null]);
  expect(await ask()).toEqual([200, "first", null]);
});

test.each<[string, Asked]>([
  ["operation", { operation: "importDocuments" }],
  ["document", { document: "another" }],
  ["parameter of the path", { path: { root: "text" } }],
  ["query", { query: { existing: "merge" } }],
  ["body", { body: { to: "another" } }],
])("the key of a request with another %s is refused", async (_, changed) => {
  const { ask, done } = setUp();
  await ask();
  expect(await ask(changed)).toEqual([422, "idempotency-key-reused"]);
  expect(done()).toBe(1);
});

test("callers do not share keys: users, tokens and addresses", async () => {
  const { ask } = setUp();
  const ann = { caller: { kind: "client", user: "ann" } } as const;
  const key = { caller: { kind: "key", user: "key:agent" } } as const;
  const callers: readonly Asked[] = [
    { ...ann, token: "t1" },
    { caller: { kind: "client", user: "key:agent" }, token: "t1" },
    { ...key, token: "yk_1" },
    { ...key, token: "yk_2" },
    { token: "t1" },
    { counted: "192.0.2.1" },
    { counted: "192.0.2.2" },
    { counted: undefined, remoteAddress: "127.0.0.1" },
  ];
  const numbers: unknown[] = [];
  for (const caller of callers) numbers.push((await ask(caller))[1]);
  expect(numbers).toEqual(callers.map((_, index) => index + 1));
  // A user has new tokens from time to time.
  expect(await ask({ ...ann, token: "t2" })).toEqual([201, 1, "/1"]);
});

test.each<[ProblemCode, boolean]>([
  ["document-exists", true],
  ["not-found", true],
  ["wrong-value", true],
  ["unauthorized", false],
  ["forbidden", false],
  ["rate-limited", false],
  ["overloaded", false],
  ["internal-error", false],
])("the problem %s is kept: %p", async (code, isKept) => {
  const { ask } = setUp();
  const { status } = new Problem(code, "");
  const [first] = await ask({}, failing(new Problem(code, "The reason.")));
  expect(first).toBe(status);
  expect((await ask())[0]).toBe(isKept ? status : 201);
});

test("failures of the server are thrown as they are, and the key is free again", async () => {
  const { ask } = setUp();
  expect(await ask({}, failing(new Error("broken")))).toEqual([500, "broken"]);
  expect(await ask({}, failing(new StoreError("unavailable", "no disk")))).toEqual([500, "no disk"]);
  expect(await ask()).toEqual([201, 1, "/1"]);
});

test("a failure of a request that its client has ended is not kept", async () => {
  const { ask } = setUp();
  const signal = AbortSignal.abort();
  expect(await ask({ signal }, failing(new Problem("wrong-value", "Ended.")))).toEqual([422, "wrong-value"]);
  expect(await ask()).toEqual([201, 1, "/1"]);
});

test("a body that is read as a stream is not compared: its failures are not kept, its success is", async () => {
  const { ask } = setUp();
  const stream = { body: undefined };
  expect(await ask(stream, failing(new Problem("malformed-json", "Cut short.")))).toEqual([400, "malformed-json"]);
  expect(await ask(stream)).toEqual([201, 1, "/1"]);
  expect(await ask(stream)).toEqual([201, 1, "/1"]);
});
