import { afterEach, describe, expect, test } from "bun:test";
import { defaultLimits, type Limits } from "../../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { createMetrics, type Metrics } from "../../../src/ops/metrics.ts";
import { originPolicyOf } from "../../../src/transport/admission/origin-policy.ts";
import { ClientHandshake, readHandshake } from "../../../src/transport/client-handshake.ts";
import { closeReasons, SessionError } from "../../../src/transport/close-reason.ts";
import type { Connection } from "../../../src/transport/connection.ts";
import { EngineIo } from "../../../src/transport/engine-io/engine-io.ts";
import type { Protocol, ProtocolSession } from "../../../src/transport/protocol.ts";
import { Random } from "../../support/bytes/random.ts";
import { eventually, settled } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { FakeConnection } from "../../support/fakes/fake-connection.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { testShares } from "../../support/test-shares.ts";

const frameLimit = 1_000;
const opened: { readonly engine: EngineIo; readonly clock: FakeClock }[] = [];

afterEach(async () => {
  for (const { engine, clock } of opened.splice(0)) {
    const closed = engine.close(closeReasons.restart);
    await settled();
    clock.advance(1_000);
    await closed;
  }
});

/** An engine whose sessions echo, and end with a close message on "malformed". */
function setUp(changed: Partial<Limits> = {}, origins: readonly string[] = []) {
  const limits = { ...defaultLimits, ...changed };
  const clock = new FakeClock();
  const metrics = createMetrics();
  const { log, events: logged } = recordedLog();
  const connections: Connection[] = [];
  const events: string[] = [];
  const protocol: Protocol = {
    name: "echo",
    frameBytes: frameLimit,
    frameBytesOption: "limits.test-frame-bytes",
    inboxOverflow: "refuse",
    closeMessage: (_, detail) => `farewell: ${detail}`,
    match: ({ pathname }) => pathname === "/echo/",
    open: (connection) => {
      connections.push(connection);
      return {
        receive: (frame) => {
          if (frame === "malformed") throw new SessionError(closeReasons.malformedFrame, "malformed");
          events.push(typeof frame === "string" ? frame : `${frame.byteLength} bytes`);
          connection.send(frame);
        },
        oversized: (_, detail) => void events.push(detail),
        closed: () => events.push("closed"),
      };
    },
  };
  const engine = new EngineIo({
    protocol,
    originPolicy: originPolicyOf("0.0.0.0", origins),
    addresses: new CountedAddresses(),
    limits,
    clock,
    metrics,
    ...testShares(limits, metrics),
    log,
  });
  opened.push({ engine, clock });
  const ask = async (query: string, init: RequestInit = {}, remoteAddress = "192.0.2.1") => {
    const request = new Request(`http://localhost/echo/?${query}`, init);
    const response = await engine.answer(request, { remoteAddress, upgrade: () => false });
    return response ?? new Response(null, { status: 101 });
  };
  const shakeHands = (remoteAddress?: string) => ask("EIO=4&transport=polling", {}, remoteAddress);
  const enter = async (remoteAddress?: string) => {
    const { sid } = JSON.parse((await (await shakeHands(remoteAddress)).text()).slice(1));
    const query = `EIO=4&transport=polling&sid=${sid}`;
    return {
      poll: async () => (await ask(query)).text(),
      say: (body: string | ReadableStream, init: RequestInit = {}) => ask(query, { method: "POST", body, ...init }),
    };
  };
  /** A WebSocket of the client, which begins a session, or takes over the one of `query`. */
  const openSocket = async (query = "EIO=4&transport=websocket") => {
    const socket = new FakeConnection("socket");
    const sockets: ProtocolSession[] = [];
    const upgrade = (carrier: Protocol) => {
      const opening = carrier.open(socket, new ClientHandshake(readHandshake(request)));
      if (!(opening instanceof Promise)) sockets.push(opening);
      return true;
    };
    const headers = { connection: "upgrade", upgrade: "websocket" };
    const request = new Request(`http://localhost/echo/?${query}`, { headers });
    await engine.answer(request, { remoteAddress: "192.0.2.1", upgrade });
    return { socket, bring: (frame: string) => void sockets[0]?.receive(frame) };
  };
  return { engine, ask, shakeHands, enter, openSocket, clock, metrics, connections, events, logged };
}

async function ignoredIn({ ignoredMessages }: Metrics): Promise<number | undefined> {
  return (await ignoredMessages.get()).values[0]?.value;
}

describe("a session by polling", () => {
  test("begins with a handshake that any origin may read", async () => {
    const { shakeHands, connections } = setUp();
    const response = await shakeHands();
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    const body = await response.text();
    expect(body[0]).toBe("0");
    expect(JSON.parse(body.slice(1))).toMatchObject({ upgrades: ["websocket"], maxPayload: 16 * frameLimit });
    expect(connections[0]?.remoteAddress).toBe("192.0.2.1");
  });

  test("carries frames both ways, in order", async () => {
    const { enter } = setUp();
    const { poll, say } = await enter();
    expect((await say("4one\u001e4two")).status).toBe(200);
    await say("4three");
    expect(await poll()).toBe("4one\u001e4two\u001e4three");
  });

  test("answers a ping out of turn, and reports when no answer can come any more", async () => {
    const { enter, connections } = setUp();
    const { poll, say } = await enter();
    const answers: boolean[] = [];
    connections[0]?.ping((isAlive) => answers.push(isAlive));
    expect(await poll()).toBe("2");
    expect(answers).toEqual([]);
    await say("3");
    expect(answers).toEqual([true]);
    connections[0]?.ping((isAlive) => answers.push(isAlive));
    connections[0]?.close(closeReasons.restart);
    connections[0]?.ping((isAlive) => answers.push(isAlive));
    expect(answers).toEqual([true, false, false]);
  });

  test("sends its close message, and ends", async () => {
    const { enter, events, connections } = setUp();
    const { poll, say } = await enter();
    await say("4malformed\u001e4more");
    expect(connections[0]?.isOpen).toBe(false);
    expect(await poll()).toBe("4farewell: malformed");
    expect(events).toEqual(["closed"]);
    expect(await poll()).toContain("Session ID unknown");
  });

  test("ends even if no poll fetches the close message", async () => {
    const { enter, events, clock } = setUp();
    const { say, poll } = await enter();
    await say("4malformed");
    clock.advance(1_000);
    expect(events).toEqual(["closed"]);
    expect(await poll()).toContain("Session ID unknown");
  });

  test("is closed with the server, by the waiting poll", async () => {
    const { engine, enter, events } = setUp();
    const { poll } = await enter();
    const waiting = poll();
    await settled();
    await engine.close(closeReasons.restart);
    expect(await waiting).toBe("1");
    expect(events).toEqual(["closed"]);
  });

  test("has ended when a close resolves, even if an earlier close still waits", async () => {
    const { engine, enter, clock, events, connections } = setUp();
    await enter();
    // A message that no poll fetches keeps the session open for a second.
    connections[0]?.send("unread");
    const closes = [engine.close(closeReasons.restart), engine.close(closeReasons.finished)];
    await settled();
    clock.advance(1_000);
    await Promise.all(closes);
    expect(events).toEqual(["closed"]);
  });

  test("that opens after a close is closed by the next one", async () => {
    const { engine, enter, events } = setUp();
    await engine.close(closeReasons.restart);
    const { poll } = await enter();
    const waiting = poll();
    await settled();
    await engine.close(closeReasons.restart);
    expect(await waiting).toBe("1");
    expect(events).toEqual(["closed"]);
  });

  test("is closed when the client stops polling and too much waits for it", async () => {
    const { enter, connections, events } = setUp({ outboxBytes: 100 });
    await enter();
    connections[0]?.send("x".repeat(100));
    expect(connections[0]?.isOpen).toBe(true);
    connections[0]?.send("x");
    expect(connections[0]?.isOpen).toBe(false);
    expect(events).toEqual(["closed"]);
  });

  test("reports when every waiting message has been polled", async () => {
    const { enter, connections } = setUp();
    const { poll } = await enter();
    connections[0]?.send("four");
    expect(connections[0]?.unsentBytes).toBe(4);
    let isDrained = false;
    connections[0]?.drained(() => {
      isDrained = true;
    });
    expect(isDrained).toBe(false);
    await poll();
    expect([isDrained, connections[0]?.unsentBytes]).toEqual([true, 0]);
  });
});

test("a session whose client answers no ping ends, is logged and is counted; the handshake names the times", async () => {
  const { shakeHands, events, metrics, logged } = setUp({ idlePingMs: 40, pingAnswerMs: 30 });
  const response = await shakeHands();
  expect(JSON.parse((await response.text()).slice(1))).toMatchObject({ pingInterval: 40, pingTimeout: 30 });
  await eventually("closed", () => events.includes("closed"));
  expect(logged).toEqual([
    {
      level: "info",
      event: "connection-closed",
      protocol: "echo",
      reason: "unresponsive",
      detail: "limits.ping-answer-ms: no answer to a ping for 30 ms",
    },
  ]);
  const { values } = await metrics.closedConnections.get();
  expect(values.map(({ labels, value }) => [labels.reason, value])).toEqual([["unresponsive", 1]]);
});

test("by default a client that is gone is noticed within 40 s", async () => {
  const { shakeHands } = setUp();
  const { pingInterval, pingTimeout } = JSON.parse((await (await shakeHands()).text()).slice(1));
  expect([pingInterval, pingTimeout]).toEqual([25_000, 10_000]);
});

describe("a body", () => {
  test("as large as a message may be is accepted", async () => {
    const { enter, events } = setUp();
    const { say } = await enter();
    expect((await say(`4${"x".repeat(frameLimit - 1)}`)).status).toBe(200);
    expect(events).toEqual(["x".repeat(frameLimit - 1)]);
  });

  test("that is larger is read, so that the session can refuse the message alone", async () => {
    const { enter, events } = setUp();
    const { say, poll } = await enter();
    expect((await say(`4${"x".repeat(frameLimit + 1)}`)).status).toBe(200);
    await say("4next");
    expect(await poll()).toBe("4next");
    expect(events).toEqual([`limits.test-frame-bytes: a frame of ${frameLimit + 1} bytes`, "next"]);
  });

  test("that is 16 times larger is refused with the session, and the rest of it is not read", async () => {
    const { enter, events } = setUp();
    const { say } = await enter();
    expect((await say(`4${"x".repeat(16 * frameLimit)}`)).status).toBe(413);
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1_000));
      },
    });
    expect((await say(endless)).status).toBe(413);
    expect(pulled).toBeLessThan(20);
    expect(events).toEqual([]);
  });
});

describe("packets", () => {
  const packets = (count: number, packet: string) => Array.from({ length: count }, () => packet).join("\u001e");

  test("a pong that answers no ping is dropped: it adds no ping of the engine", async () => {
    const { enter, metrics, connections } = setUp({ idlePingMs: 40, pingAnswerMs: 60 });
    const { poll, say } = await enter();
    expect((await say(packets(4, "3"))).status).toBe(200);
    expect(await ignoredIn(metrics)).toBe(4);
    const polled: string[] = [];
    while (connections[0]?.isOpen) polled.push(await poll());
    expect(polled.join("\u001e").split("\u001e")).toEqual(["2", expect.not.stringMatching(/^2$/)]);
  });

  test("the answer to a ping of the server leaves the pings of the engine alone", async () => {
    const { enter, metrics, connections } = setUp({ idlePingMs: 40, pingAnswerMs: 60 });
    const { poll, say } = await enter();
    const answers: boolean[] = [];
    for (let round = 0; round < 3; round += 1) {
      connections[0]?.ping((isAlive) => answers.push(isAlive));
      expect(await poll()).toBe("2");
      await say("3");
    }
    expect(answers).toEqual([true, true, true]);
    const polled: string[] = [];
    while (connections[0]?.isOpen) polled.push(await poll());
    expect(
      polled
        .join("\u001e")
        .split("\u001e")
        .filter((packet) => packet === "2"),
    ).toEqual(["2"]);
    expect(await ignoredIn(metrics)).toBeUndefined();
  });

  test("more of them than the bound end their session before one is handled, and are logged", async () => {
    const { enter, events, logged } = setUp({ enginePacketBurst: 10, enginePacketsPerSecond: 5 });
    const { say, poll } = await enter();
    expect((await say(packets(11, "4x"))).status).toBe(429);
    expect(await poll()).toBe("4farewell: limits.engine-packet-burst: 11 packets at once");
    expect(events).toEqual(["closed"]);
    expect(logged[0]).toMatchObject({ event: "session-refused", reason: "rate-limited" });
  });

  test("over several requests have a rate", async () => {
    const { enter, events, clock } = setUp({ enginePacketBurst: 10, enginePacketsPerSecond: 5 });
    const { say } = await enter();
    expect((await say(packets(10, "4x"))).status).toBe(200);
    clock.advance(1_000);
    expect((await say(packets(5, "4x"))).status).toBe(200);
    expect((await say("3")).status).toBe(429);
    expect(events.filter((event) => event === "x")).toHaveLength(15);
  });

  test("in a WebSocket are counted alike", async () => {
    const { openSocket, events, metrics, clock } = setUp({ enginePacketBurst: 10 });
    const { bring, socket } = await openSocket();
    bring("4x");
    for (let pong = 0; pong < 9; pong += 1) bring("3");
    expect([events, await ignoredIn(metrics), socket.isOpen]).toEqual([["x"], 9, true]);
    bring("3");
    clock.advance(1_000);
    expect([events, socket.isOpen]).toEqual([["x", "closed"], false]);
  });

  test("a second POST of a session while one is read ends the session", async () => {
    const { enter, events } = setUp();
    const { say } = await enter();
    const endless = new ReadableStream({ pull: () => new Promise<void>(() => {}) });
    void say(endless);
    await settled();
    expect((await say("4x")).status).toBe(400);
    expect(events).toEqual(["closed"]);
  });
});

describe("a WebSocket that takes over a session from polling", () => {
  const handOver = async () => {
    const parts = setUp();
    const { sid } = JSON.parse((await (await parts.shakeHands()).text()).slice(1));
    return { ...parts, ...(await parts.openSocket(`EIO=4&transport=websocket&sid=${sid}`)) };
  };

  test("probes, upgrades, and carries the session's frames", async () => {
    const { bring, socket, events } = await handOver();
    for (const packet of ["2probe", "5", "4hello"]) bring(packet);
    expect(events).toEqual(["hello"]);
    expect(socket.sent).toEqual(["3probe", "4hello"]);
  });

  test.each([[["2probe", "2probe"]], [["5"]], [["4x"]], [["2probe", "3"]]])(
    "may bring nothing else before: %j is refused",
    async (packets) => {
      const { bring, events } = await handOver();
      expect(() => packets.forEach(bring)).toThrow(SessionError);
      expect(events).toEqual([]);
    },
  );
});

describe("a body that is not complete", () => {
  /** A body that goes on when the test says so. */
  const slowBody = () => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (given) => {
        controller = given;
      },
    });
    return {
      body,
      bring: (bytes: number) => controller?.enqueue(new Uint8Array(bytes)),
      end: () => controller?.close(),
    };
  };

  test("shares a budget with the others, unless it is small", async () => {
    const { enter } = setUp({ firstFrameBytes: 100, unfinishedFrameBytes: 1_000 });
    const bodies = [slowBody(), slowBody(), slowBody()] as const;
    const sessions = await Promise.all(bodies.map(() => enter()));
    const statuses: (number | undefined)[] = [];
    for (const [index, { body }] of bodies.entries())
      void sessions[index]?.say(body).then(({ status }) => statuses.push(status));
    for (const [body, bytes] of [
      [bodies[0], 900],
      [bodies[1], 100],
      [bodies[2], 101],
    ] as const) {
      body.bring(bytes);
      await settled();
    }
    expect(statuses).toEqual([503]);
    bodies[0].end();
    await settled();
    expect((await (await enter()).say("x".repeat(900))).status).toBe(200);
  });

  test("is not read any further when its session has ended", async () => {
    const { enter, connections } = setUp();
    const { say } = await enter();
    const { body, bring } = slowBody();
    const answer = say(body);
    bring(10);
    await settled();
    connections[0]?.close(closeReasons.restart);
    bring(10);
    expect((await answer).status).toBe(400);
  });
});

describe("handshakes", () => {
  const statuses = async (count: number, shakeHands: () => Promise<Response>) => {
    const all = await Promise.all(Array.from({ length: count }, shakeHands));
    return Map.groupBy(all, ({ status }) => status);
  };

  test("of one address have a rate", async () => {
    const { shakeHands, clock, metrics } = setUp({ addressUpgradeBurst: 5, addressUpgradesPerSecond: 1 });
    const all = await statuses(7, () => shakeHands());
    expect([all.get(200)?.length, all.get(503)?.length]).toEqual([5, 2]);
    expect(all.get(503)?.[0]?.headers.get("retry-after")).toBe("1");
    expect((await shakeHands("198.51.100.1")).status).toBe(200);
    clock.advance(1_000);
    expect((await shakeHands()).status).toBe(200);
    const { values } = await metrics.refusedUpgrades.get();
    expect(values.map(({ labels, value }) => [labels.reason, value])).toEqual([["address-rate", 2]]);
    const bounds = (await metrics.bounds.get()).values;
    expect(bounds).toEqual([{ labels: { bound: "limits.address-upgrades-per-second" }, value: 2 }]);
  });

  test("of one address are limited to a number of sessions at a time", async () => {
    const { shakeHands, connections } = setUp({ connectionsPerAddress: 2 });
    for (const status of [200, 200, 503]) expect((await shakeHands()).status).toBe(status);
    expect((await shakeHands("198.51.100.1")).status).toBe(200);
    connections[0]?.close(closeReasons.restart);
    for (const status of [200, 503]) expect((await shakeHands()).status).toBe(status);
  });

  test("of this machine have none of these limits, but share one", async () => {
    const { shakeHands, metrics } = setUp({ connectionsPerAddress: 1, engineSessions: 3 });
    for (const status of [200, 200, 200, 503]) expect((await shakeHands("127.0.0.1")).status).toBe(status);
    expect((await shakeHands("192.0.2.9")).status).toBe(503);
    const { values } = await metrics.refusedUpgrades.get();
    expect(values.map(({ labels, value }) => [labels.reason, value])).toEqual([["engine-sessions", 2]]);
  });

  test.each<[string, RequestInit]>([
    ["", {}],
    ["EIO=3&transport=polling", {}],
    ["EIO=4&transport=carrier-pigeon", {}],
    ["EIO=4&transport=polling", { method: "POST", body: "4x" }],
    ["EIO=4&transport=polling", { method: "DELETE" }],
    ["EIO=4&transport=polling&sid=unknown", {}],
    ["EIO=4&transport=polling&sid=__proto__", {}],
    ["EIO=4&transport=websocket&sid=unknown", { headers: { upgrade: "websocket" } }],
  ])("%p that make no sense are refused (%j)", async (query, init) => {
    const { ask, connections } = setUp();
    expect((await ask(query, init)).status).toBe(400);
    expect(connections).toEqual([]);
  });

  test("by WebSocket without an upgrade are told so, which only a proxy can have removed", async () => {
    const response = await setUp().ask("EIO=4&transport=websocket");
    expect([response.status, response.headers.get("upgrade")]).toEqual([426, "websocket"]);
    expect(await response.text()).toContain("the header Upgrade is missing. If a reverse proxy");
  });

  test("a preflight is answered", async () => {
    const response = await setUp().ask("EIO=4&transport=polling", { method: "OPTIONS" });
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });

  test.each([
    ["https://app.example", "https://app.example"],
    ["https://evil.example", null],
  ])("where pages are listed, one of %s reads what it is answered: %p", async (origin, reader) => {
    const { ask } = setUp({ engineSessions: 1 }, ["https://app.example"]);
    const readers: unknown[] = [];
    for (const method of ["OPTIONS", "GET", "GET"]) {
      const { status, headers } = await ask("EIO=4&transport=polling", { method, headers: { origin } });
      expect(headers.get("vary")).toContain("Origin");
      readers.push([status, headers.get("access-control-allow-origin")]);
    }
    expect(readers).toEqual([
      [204, reader],
      [200, reader],
      [503, reader],
    ]);
  });
});

test("every request is answered, and no other session is affected", async () => {
  const random = new Random(20_250_607);
  const { ask, enter, connections } = setUp({ addressUpgradeBurst: 1e6, connectionsPerAddress: 1e6 });
  const alice = await enter();
  const sids = ["", "&sid=", "&sid=unknown"];
  for (let round = 0; round < 500; round += 1) {
    const { sid } = JSON.parse((await (await ask("EIO=4&transport=polling")).text()).slice(1));
    const query = [
      random.pick(["EIO=4", "EIO=4", "EIO=3", "EIO=x", ""]),
      random.pick(["transport=polling", "transport=polling", "transport=websocket", "transport=__proto__", "%ff"]),
    ].join("&");
    const method = random.pick(["GET", "POST", "POST", "PUT", "HEAD", "DELETE"]);
    const packets = Array.from({ length: random.integer(4) }, () =>
      random.pick(["4x", "1", "2", "3", "5", "6", "b4", "", "9", "\ud800"]),
    );
    const init = method === "POST" ? { method, body: packets.join("\u001e") } : { method };
    const asking = ask(query + random.pick([...sids, `&sid=${sid}`, `&sid=${sid}`]), init);
    // A waiting request, such as a poll, ends with its session.
    await settled();
    connections.at(-1)?.close(closeReasons.restart);
    const { status } = await asking;
    expect(status).toBeLessThan(500);
  }
  await alice.say("4hello");
  expect(await alice.poll()).toBe("4hello");
});

test("two polls of one session at a time end that session and no other", async () => {
  const { enter, events } = setUp();
  const [mallory, alice] = [await enter(), await enter()];
  const first = mallory.poll();
  await mallory.poll();
  await eventually("ended", () => events.includes("closed"));
  await alice.say("4hello");
  expect(await alice.poll()).toBe("4hello");
  expect(events).toEqual(["closed", "hello"]);
  void first;
});
