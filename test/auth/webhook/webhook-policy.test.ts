import { describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import type { AccessRequest } from "../../../src/auth/authorizer.ts";
import { eventually } from "../../support/eventually.ts";
import { never, says } from "../../support/servers/webhook-application.ts";
import { asks, openWebhook, secretText } from "../../support/servers/webhook-policy.ts";

const granted = expect.objectContaining({ granted: true });
const refused = expect.objectContaining({ granted: false, code: "refused" });

describe("a webhook request", () => {
  test("has all known facts about the client, and is signed", async () => {
    await using setup = await openWebhook(says({ access: "read", user: "ada" }));
    const { application, policy } = setup;
    const request = asks("notes/日本", { kind: "signaling", origin: "https://app.example" });
    expect(await policy.decide(request)).toEqual({
      granted: true,
      access: "read",
      user: "ada",
      issuedAt: setup.clock.now(),
      expiresAt: undefined,
    });
    const [{ body, headers, method } = { body: "", headers: {}, method: "" }] = application.received;
    expect([method, headers["content-type"]]).toEqual(["POST", "application/json"]);
    expect(new Webhook(secretText).verify(body, headers)).toEqual({
      token: "a-token",
      room: "notes/日本",
      kind: "signaling",
      address: "192.0.2.1",
      origin: "https://app.example",
    });
  });

  test("has null for unknown facts, and an id of its own", async () => {
    await using setup = await openWebhook(says({ access: "write" }));
    const { application, policy } = setup;
    await policy.decide(asks("a", { token: undefined }));
    await policy.decide(asks("b", { token: undefined }));
    expect(JSON.parse(application.received[0]?.body ?? "")).toMatchObject({ token: null, origin: null });
    const ids = application.received.map(({ headers }) => headers["webhook-id"]);
    expect(new Set(ids).size).toBe(2);
  });

  test("has no API key in it: such a key is denied before", async () => {
    await using setup = await openWebhook(says({ access: "write" }));
    expect(await setup.policy.authenticate("yk_abc_def")).toMatchObject({ code: "malformed-token" });
    expect(await setup.policy.decide(asks("notes", { token: "yk_abc_def" }))).toMatchObject({
      granted: false,
      code: "malformed-token",
    });
    expect(setup.application.received).toEqual([]);
  });

  test("is about a room, and none is made without one", async () => {
    await using setup = await openWebhook(says({ access: "write" }));
    expect(await setup.policy.authenticate("a token of the app")).toBeUndefined();
    expect(setup.application.received).toEqual([]);
    expect(setup.policy.isRenewable).toBe(true);
  });
});

describe("a webhook denies access", () => {
  test.each([
    [says({ access: "none", reason: "Not yours." }), { kind: "forbidden", code: "refused", reason: "Not yours" }],
    [says({ reason: "Log in again" }, 401), { kind: "unauthorized", code: "refused", reason: "Log in again" }],
    [says({}, 403), { kind: "forbidden", code: "refused", reason: "your app's webhook denied access" }],
    [says({ access: "write", expiresAt: "2020-01-01T00:00:00Z" }), { kind: "unauthorized", code: "expired" }],
  ])("%#", async (answer, denial) => {
    await using setup = await openWebhook(answer);
    expect(await setup.policy.decide(asks())).toMatchObject({ granted: false, ...denial });
    expect(await setup.requests()).toEqual({ denied: 1 });
    expect(setup.lines).toEqual([]);
  });
});

describe("an answer is cached", () => {
  test.each([
    [says({ access: "write" }), granted],
    [says({ access: "none" }), refused],
    [says({}, 401), refused],
  ])("for five seconds: %#", async (answer, expected) => {
    await using setup = await openWebhook(answer);
    const { application, clock, policy } = setup;
    await policy.decide(asks());
    clock.advance(4_999);
    expect(await policy.decide(asks())).toEqual(expected);
    expect(application.received).toHaveLength(1);
    clock.advance(1);
    expect(await policy.decide(asks())).toEqual(expected);
    expect(application.received).toHaveLength(2);
  });

  test("for exactly the same request", async () => {
    await using setup = await openWebhook(says({ access: "write" }));
    const { application, policy } = setup;
    const different: readonly Partial<AccessRequest>[] = [
      {},
      { token: "another" },
      { token: undefined },
      { token: "null" },
      { room: "other" },
      { kind: "signaling" },
      { remoteAddress: "192.0.2.2" },
      { origin: "https://app.example" },
    ];
    for (const each of [...different, ...different]) await policy.decide(asks("notes", each));
    expect(application.received).toHaveLength(different.length);
  });

  test("for at most half of its life, so that a renewal gets a new one", async () => {
    await using setup = await openWebhook(says(undefined));
    const { application, clock, policy } = setup;
    const start = clock.now();
    application.answer = () => Response.json({ access: "write", expiresAt: clock.now() + 4_000 });
    expect(await policy.decide(asks())).toMatchObject({ expiresAt: start + 4_000 });
    clock.advance(1_999);
    expect(await policy.decide(asks())).toMatchObject({ expiresAt: start + 4_000 });
    clock.advance(1);
    expect(await policy.decide(asks())).toMatchObject({ expiresAt: start + 6_000 });
    expect(application.received).toHaveLength(2);
  });

  test("until the cache is cleared, and not if it was requested before that", async () => {
    await using setup = await openWebhook(says({ access: "write" }));
    const { application, policy } = setup;
    await policy.decide(asks());
    const late = Promise.withResolvers<Response>();
    application.answer = () => late.promise;
    const underWay = policy.decide(asks("other"));
    await application.asked(2);
    policy.clearCache();
    application.answer = says({ access: "none" });
    expect(await policy.decide(asks())).toEqual(refused);
    expect(await policy.decide(asks("other"))).toEqual(refused);
    late.resolve(Response.json({ access: "write" }));
    expect(await underWay).toEqual(granted);
    expect(await policy.decide(asks("other"))).toEqual(refused);
    expect(application.received).toHaveLength(4);
  });

  test("not at all when webhookCacheMs is 0", async () => {
    await using setup = await openWebhook(says({ access: "write" }), { webhookCacheMs: 0 });
    const { application, policy } = setup;
    await policy.decide(asks());
    expect(await policy.decide(asks())).toEqual(granted);
    expect(application.received).toHaveLength(2);
  });

  test("if it is one of the last ones", async () => {
    await using setup = await openWebhook(says({ access: "write" }), { webhookCacheEntries: 2 });
    const { application, policy } = setup;
    for (const room of ["a", "b", "c", "b", "c"]) await policy.decide(asks(room));
    expect(application.received).toHaveLength(3);
    await policy.decide(asks("a"));
    expect(application.received).toHaveLength(4);
  });
});

describe("clients with the same request at the same time", () => {
  test("share one webhook request", async () => {
    const answered = Promise.withResolvers<Response>();
    await using setup = await openWebhook(() => answered.promise);
    const { application, policy } = setup;
    const all = Promise.all(Array.from({ length: 50 }, () => policy.decide(asks())));
    await application.asked(1);
    answered.resolve(Response.json({ access: "read" }));
    expect(await all).toEqual(Array.from({ length: 50 }, () => granted));
    expect(application.received).toHaveLength(1);
    expect(await setup.requests()).toEqual({ granted: 1 });
  });

  test("may disconnect without an effect on the others", async () => {
    const answered = Promise.withResolvers<Response>();
    await using setup = await openWebhook(() => answered.promise);
    const controller = new AbortController();
    const reason = new Error("gone");
    const leaving = setup.policy.decide(asks("notes", { signal: controller.signal }));
    const staying = setup.policy.decide(asks());
    await setup.application.asked(1);
    controller.abort(reason);
    expect(await leaving.catch((error) => error)).toBe(reason);
    answered.resolve(Response.json({ access: "read" }));
    expect(await staying).toEqual(granted);
  });

  test("abort the webhook request when the last of them disconnects", async () => {
    const ended = Promise.withResolvers<void>();
    await using setup = await openWebhook((_question, signal) => {
      signal.addEventListener("abort", () => ended.resolve());
      return never();
    });
    const { application, clock, policy } = setup;
    const controller = new AbortController();
    const leaving = policy.decide(asks("notes", { signal: controller.signal }));
    await application.asked(1);
    controller.abort();
    expect(await leaving.catch((error) => error)).toBe(controller.signal.reason);
    await ended.promise;
    await eventually("the request is given up", () => clock.pendingTimers === 0);
    expect([await setup.requests(), setup.lines]).toEqual([{}, []]);
    application.answer = says({ access: "write" });
    expect(await policy.decide(asks())).toEqual(granted);
  });

  test("make no webhook request if they have disconnected already", async () => {
    await using setup = await openWebhook(says({ access: "write" }));
    await setup.policy.decide(asks());
    const signal = AbortSignal.abort(new Error("gone"));
    expect(await setup.policy.decide(asks("notes", { signal })).catch((error) => error)).toBe(signal.reason);
    expect(setup.application.received).toHaveLength(1);
  });
});
