import { describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { eventually, pause } from "../../support/eventually.ts";
import { type Answer, never, says, WebhookApplication } from "../../support/servers/webhook-application.ts";
import { asks, openWebhook, openWebhookPolicy } from "../../support/servers/webhook-policy.ts";

const unavailable = {
  granted: false,
  kind: "unavailable",
  code: "unavailable",
  reason: "your app's webhook is unreachable",
} as const;

const granted = expect.objectContaining({ granted: true });
const refused = expect.objectContaining({ granted: false, code: "refused" });

describe("a failure never grants access", () => {
  const elsewhere: Answer = ({ body }) =>
    body.includes("followed") ? Response.json({ access: "write" }) : Response.redirect("/elsewhere", 307);
  const large = JSON.stringify({ access: "write", padding: "x".repeat(64 * 1024) });

  const compressed = (text: string) => new Response(Bun.gzipSync(text), { headers: { "content-encoding": "gzip" } });

  test.each<[name: string, answer: Answer, reason: string, detail: number | undefined]>([
    ["an error", says({ access: "write" }, 500), "status", 500],
    ["a page that is not there", says({ access: "write" }, 404), "status", 404],
    ["another success", says({ access: "write" }, 201), "status", 201],
    ["nothing", () => new Response(null, { status: 204 }), "status", 204],
    ["a redirect", elsewhere, "redirect", 307],
    ["a page", () => new Response("<!doctype html>"), "not-json", undefined],
    ["too much", () => new Response(large), "too-large", undefined],
    ["too much in a refusal", () => new Response(large, { status: 403 }), "too-large", undefined],
    ["too much when decompressed", () => compressed(large), "too-large", undefined],
    ["no decision", says({ granted: true }), "bad-access", undefined],
    ["seconds", says({ access: "write", expiresAt: 1_900_000_000 }), "expires-at-in-seconds", undefined],
  ])("%s", async (_name, answer, reason, detail) => {
    await using setup = await openWebhook(answer);
    expect(await setup.policy.decide(asks())).toEqual(unavailable);
    expect(setup.failures()).toEqual([[reason, detail, 0]]);
    expect(setup.application.received).toHaveLength(1);
    expect(await setup.requests()).toEqual({ failed: 1 });
  });

  test("an answer of 64 KiB is not a failure", async () => {
    const answer = JSON.stringify({ access: "write" }).padEnd(64 * 1024);
    await using setup = await openWebhook(() => new Response(answer));
    expect(await setup.policy.decide(asks())).toEqual(granted);
    setup.application.answer = () => new Response(`${answer} `);
    expect(await setup.policy.decide(asks("other"))).toEqual(unavailable);
  });

  test("an unreachable server", async () => {
    const application = new WebhookApplication(never);
    const { url } = application;
    await application[Symbol.asyncDispose]();
    const { failures, policy } = openWebhookPolicy({ url });
    expect(await policy.decide(asks())).toEqual(unavailable);
    expect(failures()).toEqual([["unreachable", "ECONNREFUSED", 0]]);
  });

  test("an answer that does not begin or end in time", async () => {
    await using setup = await openWebhook(never);
    const { application, clock, policy } = setup;
    const first = policy.decide(asks());
    await application.asked(1);
    clock.advance(2_999);
    expect(await Promise.race([first, Promise.resolve("waiting")])).toBe("waiting");
    clock.advance(1);
    expect(await first).toEqual(unavailable);
    application.answer = () => new Response(new ReadableStream({ start: (sink) => sink.enqueue(Buffer.from("{")) }));
    const second = policy.decide(asks());
    await application.asked(2);
    // The answer begins to arrive.
    await pause(50);
    clock.advance(3_000);
    expect(await second).toEqual(unavailable);
    expect(setup.failures()).toEqual([["timeout", undefined, 0]]);
    expect([await setup.requests(), clock.pendingTimers]).toEqual([{ failed: 2 }, 0]);
  });

  test("a connection that is closed during a request is not a failure, if the next one brings an answer", async () => {
    let requests = 0;
    const server = createServer((request, response) => {
      requests += 1;
      if (requests === 2) response.end('{"access":"write"}');
      else request.socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo; // As it listens on a port.
    const { failures, policy } = openWebhookPolicy({ url: new URL(`http://127.0.0.1:${port}/`) });
    expect(await policy.decide(asks())).toEqual(granted);
    expect(await policy.decide(asks("other"))).toEqual(unavailable);
    expect([requests, failures()]).toEqual([4, [["unreachable", "ECONNRESET", 0]]]);
    server.close();
  });

  test("a failure is not cached", async () => {
    await using setup = await openWebhook(says({}, 500));
    expect(await setup.policy.decide(asks())).toEqual(unavailable);
    setup.application.answer = says({ access: "write" });
    expect(await setup.policy.decide(asks())).toEqual(granted);
  });

  test("failures are logged at once, then every ten seconds with their number, and without the request", async () => {
    await using setup = await openWebhook(says({ access: "all" }));
    const { clock, policy, failures } = setup;
    const fail = async (times: number) => {
      for (let time = 0; time < times; time += 1) await policy.decide(asks("a-room", { origin: "https://a-page" }));
    };
    await fail(3);
    clock.advance(9_999);
    await fail(1);
    expect(failures()).toEqual([["bad-access", undefined, 0]]);
    clock.advance(1);
    await fail(2);
    expect(failures()).toEqual([
      ["bad-access", undefined, 0],
      ["bad-access", undefined, 3],
    ]);
    expect(JSON.parse(setup.lines[0] ?? "")).toMatchObject({ level: "warn", event: "webhook-failed" });
    for (const word of ["a-token", "a-room", "a-page", "192.0.2.1", "of-the-url", "may-enter"]) {
      expect(setup.lines.join("")).not.toContain(word);
    }
  });
});

describe("a webhook that fails five times in a row", () => {
  test("is suspended for ten seconds, and then probed by one call", async () => {
    await using setup = await openWebhook(says({}, 503));
    const { application, clock, policy } = setup;
    for (let time = 0; time < 7; time += 1) expect(await policy.decide(asks())).toEqual(unavailable);
    expect(application.received).toHaveLength(5);
    expect(setup.failures()).toEqual([
      ["status", 503, 0],
      ["suspended", undefined, 0],
    ]);
    clock.advance(9_999);
    await policy.decide(asks());
    expect(application.received).toHaveLength(5);

    clock.advance(1);
    const answered = Promise.withResolvers<Response>();
    application.answer = () => answered.promise;
    const probe = policy.decide(asks());
    await application.asked(6);
    expect(await policy.decide(asks("other"))).toEqual(unavailable);
    answered.resolve(Response.json({ access: "write" }));
    expect(await probe).toEqual(granted);
    application.answer = says({ access: "none" });
    expect(await policy.decide(asks("other"))).toEqual(refused);
    expect(await setup.requests()).toEqual({ failed: 5, suspended: 4, granted: 1, denied: 1 });
    expect(await setup.sent()).toBe(7);
  });

  test("does not delay other requests for the probe", async () => {
    await using setup = await openWebhook(says({}, 503), { webhookConcurrency: 1 });
    const { application, clock, policy } = setup;
    for (let time = 0; time < 5; time += 1) await policy.decide(asks());
    clock.advance(10_000);
    application.answer = never;
    const probe = policy.decide(asks());
    await application.asked(6);
    expect(await policy.decide(asks("other"))).toEqual(unavailable);
    clock.advance(3_000);
    expect(await probe).toEqual(unavailable);
  });

  test("is not suspended if it has answered in between, even with an invalid answer", async () => {
    await using setup = await openWebhook(says({}, 503));
    const { application, policy } = setup;
    const fail = async (times: number) => {
      for (let time = 0; time < times; time += 1) await policy.decide(asks());
    };
    await fail(4);
    application.answer = says("nonsense");
    await fail(10);
    application.answer = says({}, 503);
    await fail(4);
    application.answer = says({ access: "write" });
    expect(await policy.decide(asks())).toEqual(granted);
  });

  test("is not suspended for failures that concern one client", async () => {
    await using setup = await openWebhook(says({}, 500));
    const { application, policy } = setup;
    for (let time = 0; time < 10; time += 1) expect(await policy.decide(asks())).toEqual(unavailable);
    application.answer = says({ access: "write" });
    expect(await policy.decide(asks())).toEqual(granted);
  });

  test("is not suspended if the requests were queued for too long", async () => {
    const waiting: PromiseWithResolvers<Response>[] = [];
    const later = () => {
      const answer = Promise.withResolvers<Response>();
      waiting.push(answer);
      return answer.promise;
    };
    await using setup = await openWebhook(later, { webhookConcurrency: 6 });
    const { application, clock, policy } = setup;
    const ask = (name: string) => Array.from({ length: 6 }, (_, index) => policy.decide(asks(`${name} ${index}`)));
    const quick = ask("quick");
    await application.asked(6);
    const slow = ask("slow");
    clock.advance(1_501);
    for (const { resolve } of waiting.splice(0)) resolve(Response.json({ access: "write" }));
    await application.asked(12);
    clock.advance(1_499);
    expect(await Promise.all([...quick, ...slow])).toEqual([
      ...quick.map(() => granted),
      ...slow.map(() => unavailable),
    ]);
    application.answer = says({ access: "write" });
    expect(await policy.decide(asks())).toEqual(granted);
  });

  test("is probed by the next request if the client of the probe disconnects", async () => {
    await using setup = await openWebhook(says({}, 503));
    const { application, clock, policy } = setup;
    for (let time = 0; time < 5; time += 1) await policy.decide(asks());
    clock.advance(10_000);
    application.answer = never;
    const controller = new AbortController();
    const probe = policy.decide(asks("notes", { signal: controller.signal }));
    await application.asked(6);
    controller.abort();
    await probe.catch(() => {});
    await eventually("the request is given up", () => clock.pendingTimers === 0);
    application.answer = says({ access: "write" });
    expect(await policy.decide(asks())).toEqual(granted);
  });
});

describe("concurrent requests", () => {
  test("are limited in number, and the others follow in order", async () => {
    const answers: PromiseWithResolvers<Response>[] = [];
    await using setup = await openWebhook(
      () => {
        const answer = Promise.withResolvers<Response>();
        answers.push(answer);
        return answer.promise;
      },
      { webhookConcurrency: 2 },
    );
    const { application, policy } = setup;
    const rooms = ["a", "b", "c", "d"];
    const decisions = rooms.map((room) => policy.decide(asks(room)));
    for (const asked of [2, 3, 4]) {
      await application.asked(asked);
      expect(application.received).toHaveLength(asked);
      answers[asked - 2]?.resolve(Response.json({ access: "write" }));
    }
    answers[3]?.resolve(Response.json({ access: "write" }));
    expect(await Promise.all(decisions)).toEqual(rooms.map(() => granted));
    expect(application.received.map(({ body }) => JSON.parse(body).room).slice(2)).toEqual(["c", "d"]);
  });

  test("are queued up to a limit for each address", async () => {
    await using setup = await openWebhook(never, { webhookConcurrency: 1, webhookQueue: 2 });
    const { application, bounds, clock, failures, policy } = setup;
    const from = (remoteAddress: string, room: string) => policy.decide(asks(room, { remoteAddress }));
    const waiting = ["a", "b", "c"].map((room) => from("192.0.2.1", room));
    await application.asked(1);
    expect(await from("192.0.2.1", "d")).toMatchObject({ granted: false, kind: "unavailable" });
    expect(failures()).toEqual([["queue-full", undefined, 0]]);
    expect(await bounds()).toEqual({ "limits.webhook-queue": 1 });
    waiting.push(from("192.0.2.2", "a"));
    clock.advance(3_000);
    const decisions = await Promise.all(waiting);
    expect(decisions.map((decision) => decision.granted)).toEqual([false, false, false, false]);
  });

  test("are served from each address in turn", async () => {
    await using setup = await openWebhook(says({ access: "write" }), { webhookConcurrency: 1 });
    const { application, policy } = setup;
    const from = (remoteAddress: string, rooms: readonly string[]) =>
      rooms.map((room) => policy.decide(asks(room, { remoteAddress })));
    await Promise.all([
      ...from("192.0.2.1", ["a1", "a2", "a3"]),
      ...from("2001:db8::1", ["b1"]),
      ...from("2001:db8::2", ["b2"]),
      ...from("192.0.2.3", ["c1"]),
    ]);
    expect(application.received.map(({ body }) => JSON.parse(body).room)).toEqual(["a1", "a2", "b1", "c1", "a3", "b2"]);
  });

  test("have the same deadline, queued or not", async () => {
    await using setup = await openWebhook(never, { webhookConcurrency: 1 });
    const { application, clock, policy } = setup;
    const first = policy.decide(asks("a"));
    await application.asked(1);
    clock.advance(2_000);
    const second = policy.decide(asks("b"));
    clock.advance(1_000);
    expect(await first).toEqual(unavailable);
    await application.asked(2);
    clock.advance(2_000);
    expect(await second).toEqual(unavailable);
  });
});
