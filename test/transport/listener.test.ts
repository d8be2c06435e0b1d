import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import type { Limits } from "../../src/composition/settings/limits.ts";
import { closeReasons, SessionError } from "../../src/transport/close-reason.ts";
import type { Connection } from "../../src/transport/connection.ts";
import type { Engine } from "../../src/transport/engine.ts";
import type { Protocol } from "../../src/transport/protocol.ts";
import { handshake } from "../support/clients/handshake.ts";
import { RawClient } from "../support/clients/raw-client.ts";
import { type WireOptions, WireSocket } from "../support/clients/wire-socket.ts";
import { eventually, pause } from "../support/eventually.ts";
import { join, listen, type TestListener } from "../support/servers/test-listener.ts";

describe("a listener", () => {
  test("hands frames to the session in order and reports once that it is closed", async () => {
    await using server = listen();
    const client = await join(server.url);
    client.socket.send("a");
    client.socket.send(new Uint8Array(5));
    client.socket.close();
    await eventually("closed", () => server.events.includes("closed"));
    expect(server.events).toEqual(["open", "receive a", "receive 5", "closed"]);
  });

  test("keeps frames until the session is open, even those of a client that has disconnected by then", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using server = listen({ opening: promise });
    const client = await join(server.url);
    client.socket.send("early");
    client.socket.close();
    await eventually("gone", () => client.closed !== undefined);
    expect(server.events).toEqual([]);
    resolve();
    await eventually("closed", () => server.events.includes("closed"));
    expect(server.events).toEqual(["open", "receive early", "closed"]);
  });

  test("stops reading from a client whose frames wait, and loses none of them", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using server = listen({ receive: () => promise }, { readAheadBytes: 100_000 });
    const client = await join(server.url);
    for (let count = 0; count < 200; count += 1) client.socket.send(new Uint8Array(100_000));
    let felt = Number.POSITIVE_INFINITY;
    await eventually("the client cannot send any more", async () => {
      const before = felt;
      felt = client.socket.bufferedAmount;
      await pause(100);
      return felt === before;
    });
    expect(felt).toBeGreaterThan(1_000_000);
    expect(server.events.length).toBeLessThan(20);
    resolve();
    await eventually("all arrived", () => server.events.length === 201);
  });

  test("refuses clients over the rate before the upgrade, with a time to wait, and accepts them as time passes", async () => {
    await using server = listen({}, { upgradeBurst: 3, upgradesPerSecond: 10 });
    const upgrade = () => fetch(server.url.replace("ws:", "http:"), handshake());
    const clients = [await join(server.url), await join(server.url), await join(server.url)];
    const refused = await upgrade();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    server.clock.advance(100);
    clients.push(await join(server.url));
    expect((await upgrade()).status).toBe(503);
    expect(clients.every(({ closed }) => closed === undefined)).toBe(true);
    expect(await server.refusedUpgradesFor("rate")).toBe(2);
    const line = { event: "upgrade-refused", reason: "rate", detail: "limits.upgrades-per-second" };
    expect(server.logged).toMatchObject([line, line]);
  });

  test("refuses a client when as many sockets are open as allowed, those of an engine included", async () => {
    const engine: Engine = {
      match: ({ pathname }) => pathname === "/engine",
      answer: async (_, { upgrade }) => {
        upgrade(
          { name: "of the engine", frameBytes: 1, frameBytesOption: "", match: () => false, open: idle },
          new Headers(),
        );
        return undefined;
      },
    };
    const idle = () => ({ receive: () => {}, closed: () => {} });
    await using server = listen({ engine }, { connections: 2 });
    const first = await join(server.url);
    await join(server.url.replace("/test", "/engine"));
    for (const path of ["/test", "/engine"]) {
      const refused = await fetch(server.url.replace("ws:", "http:").replace("/test", path), handshake());
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "10"]);
    }
    first.socket.close();
    await eventually("closed", () => server.events.includes("closed"));
    const others = await Promise.all(Array.from({ length: 5 }, () => RawClient.connect(server.url)));
    expect(others.filter(({ closed }) => closed === undefined)).toHaveLength(1);
    expect(await server.refusedUpgradesFor("connections")).toBe(6);
  });

  test("refuses a client before the upgrade that its protocol does not authenticate", async () => {
    await using server = listen({ authenticate: async () => ({ status: 401, message: "no token\n" }) });
    const refused = await fetch(server.url.replace("ws:", "http:"), handshake());
    expect([refused.status, await refused.text()]).toEqual([401, "no token\n"]);
    expect(await server.refusedUpgradesFor("unauthenticated")).toBe(1);
  });

  test("refuses an authenticated client when others took the last place meanwhile, or the server stopped", async () => {
    const checks = Array.from({ length: 4 }, () => Promise.withResolvers<undefined>());
    let checking = 0;
    await using server = listen({ authenticate: async () => checks[checking++]?.promise }, { connections: 1 });
    const clients = checks.map(() => RawClient.connect(server.url));
    await eventually("all are checked", () => checking === 4);
    for (const { resolve } of checks.slice(0, 3)) resolve(undefined);
    const settled = await Promise.all(clients.slice(0, 3));
    expect(settled.filter(({ closed }) => closed === undefined)).toHaveLength(1);
    expect(await server.refusedUpgradesFor("connections")).toBe(2);
    server.listener.drain();
    checks[3]?.resolve(undefined);
    expect((await clients[3])?.closed).toBeDefined();
    expect(await server.refusedUpgradesFor("restart")).toBe(1);
    expect(server.logged.filter(({ reason }) => reason === "restart")).toEqual([]);
  });

  test("ends a session that violates its protocol, and no other", async () => {
    await using server = listen({
      closeMessage: (reason) => `told ${reason.name}`,
      receive: (frame) => {
        if (frame === "bad") throw new SessionError(closeReasons.malformedFrame, "bad");
      },
    });
    const [offender, witness] = [await join(server.url), await join(server.url)];
    offender.socket.send("bad");
    offender.socket.send("after");
    await eventually("closed", () => offender.closed !== undefined);
    expect(offender).toMatchObject({
      heard: ["told malformed-frame"],
      closed: { code: 4400, reason: "malformed-frame" },
    });
    witness.socket.send("fine");
    await eventually("heard", () => server.events.includes("receive fine"));
    expect(server.events).toEqual(["open", "open", "receive bad", "closed", "receive fine"]);
  });

  test("refuses pages of unlisted origins, and accepts client addresses from its proxies", async () => {
    await using server = listen(
      { host: "0.0.0.0", origins: ["https://app.example"], proxies: ["127.0.0.1"] },
      { connectionsPerAddress: 1 },
    );
    const tries: [string | undefined, string][] = [
      ["https://evil.example", "198.51.100.1"],
      ["https://app.example", "198.51.100.1"],
      ["https://app.example", "203.0.113.9, 198.51.100.1"],
      [undefined, "198.51.100.2"],
    ];
    const isOpen: boolean[] = [];
    for (const [origin, forwardedFor] of tries) {
      const headers = { "x-forwarded-for": forwardedFor, ...(origin !== undefined && { origin }) };
      const client = await RawClient.connect(server.url, { headers });
      isOpen.push(client.closed === undefined);
    }
    expect(isOpen).toEqual([false, true, false, true]);
    expect(server.connections.map(({ remoteAddress }) => remoteAddress)).toEqual(["198.51.100.1", "198.51.100.2"]);
  });

  test("answers an internal error with 1011", async () => {
    await using server = listen({ receive: () => Promise.reject(new Error("a fault of ours")) });
    const client = await join(server.url);
    client.socket.send("x");
    await eventually("closed", () => client.closed !== undefined);
    expect(client.closed).toEqual({ code: 1011, reason: "internal-error" });
    expect(server.events.at(-1)).toBe("closed");
  });

  test("refuses a frame above the protocol's limit, text counted in bytes", async () => {
    await using server = listen({ frameBytes: 10 });
    const client = await join(server.url);
    client.socket.send("ä".repeat(5));
    client.socket.send("ä".repeat(6));
    await eventually("closed", () => client.closed !== undefined);
    expect(client.closed).toEqual({ code: 4413, reason: "frame-too-large" });
    expect(server.events).toEqual(["open", "receive äääää", "closed"]);
  });

  test("ignores an offender whose client would reconnect at once, and closes it late", async () => {
    await using server = listen({
      closeDelayMs: 60_000,
      receive: () => {
        throw new SessionError(closeReasons.malformedFrame, "bad");
      },
    });
    const client = await join(server.url);
    client.socket.send("bad");
    await eventually("the session has ended", () => server.events.includes("closed"));
    client.socket.send("again");
    await pause(30);
    server.clock.advance(59_999);
    expect(client.closed).toBeUndefined();
    server.clock.advance(1);
    await eventually("closed", () => client.closed !== undefined);
    expect(client.closed?.code).toBe(4400);
    expect(server.events).toEqual(["open", "receive bad", "closed"]);
  });

  test("refuses and ignores a client that fills its inbox, where the protocol prefers this to slowing it down", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using server = listen(
      { closeDelayMs: 60_000, inboxOverflow: "refuse", receive: () => promise },
      { inboxBytes: 105 },
    );
    const client = await join(server.url);
    client.socket.send("first");
    client.socket.send("x".repeat(100));
    await eventually("the first came", () => server.events.length === 2);
    await pause(30);
    expect(await server.refusedFor("rate-limited")).toBe(0);
    client.socket.send("y");
    await eventually("refused", async () => (await server.refusedFor("rate-limited")) === 1);
    const detail = "limits.inbox-bytes: more than 105 bytes wait";
    expect(server.logged).toMatchObject([{ event: "session-refused", reason: "rate-limited", detail }]);
    resolve();
    await eventually("the session has ended", () => server.events.includes("closed"));
    expect(server.events).toEqual(["open", "receive first", "closed"]);
    expect(client.closed).toBeUndefined();
    server.clock.advance(60_000);
    await eventually("closed", () => client.closed !== undefined);
    expect(client.closed?.code).toBe(4529);
  });

  test("refuses a client of which too many frames wait", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using server = listen({ receive: () => promise }, { waitingFrames: 3 });
    const client = await join(server.url);
    for (const frame of ["first", "second", "third", "fourth"]) client.socket.send(frame);
    await eventually("the first came", () => server.events.length === 2);
    await pause(30);
    expect(client.closed).toBeUndefined();
    client.socket.send("fifth");
    await eventually("refused", () => client.closed?.code === 4529);
    resolve();
    await eventually("the session has ended", () => server.events.includes("closed"));
    expect(server.events).toEqual(["open", "receive first", "closed"]);
    expect(server.logged).toMatchObject([{ detail: "limits.waiting-frames: more than 3 frames wait" }]);
  });

  test("disconnects a client that goes on sending when it is refused", async () => {
    await using server = listen(
      { closeDelayMs: 60_000, receive: () => Promise.reject(new SessionError(closeReasons.malformedFrame, "bad")) },
      { waitingFrames: 3 },
    );
    const client = await join(server.url);
    client.socket.send("bad");
    await eventually("refused", async () => (await server.refusedFor("malformed-frame")) === 1);
    for (let frame = 0; frame < 3; frame += 1) client.socket.send("more");
    await pause(30);
    expect(client.closed).toBeUndefined();
    client.socket.send("more");
    await eventually("closed", () => client.closed !== undefined);
  });

  test("handles what a client has sent before it disconnects, as far as its memory is bounded", async () => {
    for (const [departedInboxBytes, handled] of [
      [1_000, ["open", "receive first", "receive second", "closed"]],
      [5, ["open", "receive first", "closed"]],
    ] as const) {
      const { promise, resolve } = Promise.withResolvers<void>();
      await using server = listen({ receive: () => promise }, { departedInboxBytes });
      const client = await join(server.url);
      client.socket.send("first");
      client.socket.send("second");
      await eventually("the first came", () => server.events.length === 2);
      client.socket.close();
      await eventually("the client is gone", () => client.closed !== undefined);
      await eventually("the server knows it", () => server.connections[0]?.isOpen === false);
      resolve();
      await eventually("the session has ended", () => server.events.includes("closed"));
      expect(server.events).toEqual([...handled]);
    }
  });

  test("reports each ping once when it has been answered", async () => {
    await using server = listen();
    await join(server.url);
    const answers: string[] = [];
    for (const name of ["a", "b"]) server.connections[0]?.ping(() => answers.push(name));
    await eventually("answered", () => answers.length === 2);
    server.connections[0]?.ping(() => answers.push("c"));
    await eventually("answered", () => answers.length === 3);
    expect(answers).toEqual(["a", "b", "c"]);
  });

  test("takes a frame for an answer to the pings before it, from a client that never answers one", async () => {
    await using server = listen();
    const client = await WireSocket.connect(server.listener.port, "/test");
    await eventually("open", () => server.connections.length === 1);
    client.pause();
    const answers: boolean[] = [];
    for (let count = 0; count < 3; count += 1) server.connections[0]?.ping((isAlive) => answers.push(isAlive));
    client.send(Uint8Array.of(1));
    await eventually("answered", () => answers.length > 0);
    expect(answers).toEqual([true, true, true]);
  });

  test("receives no answer to a ping from a client that is connected and does not read", async () => {
    await using server = listen();
    const client = await WireSocket.connect(server.listener.port, "/test");
    await eventually("open", () => server.connections.length === 1);
    client.pause();
    const answers: boolean[] = [];
    server.connections[0]?.ping((isAlive) => answers.push(isAlive));
    await pause(100);
    expect(answers).toEqual([]);
    client.reset();
    await eventually("answered", () => answers.length > 0);
    expect(answers).toEqual([false]);
  });

  test("answers on its compatibility ports as on its own, with the additions of the protocol", async () => {
    await using server = listen({ compatibility: { match: ({ pathname }) => pathname === "/" } }, {}, [0, 0]);
    const { port, compatibilityPorts } = server.listener;
    expect(new Set([port, ...compatibilityPorts]).size).toBe(3);
    const clients = [await join(server.url)];
    for (const compatible of compatibilityPorts) {
      for (const path of ["/test", "/"]) clients.push(await join(`ws://127.0.0.1:${compatible}${path}`));
    }
    expect(new Set(server.connections.map(({ id }) => id)).size).toBe(5);
    const onMain = await fetch(`http://127.0.0.1:${port}/`, handshake());
    expect(onMain.status).toBe(404);
    const channel = server.channels.open();
    for (const connection of server.connections) channel.join(connection);
    channel.publish("to all", server.connections[0]);
    await eventually("heard", () => clients.slice(1).every(({ heard }) => heard.length === 1));
    expect(clients.map(({ heard }) => heard)).toEqual([[], ...Array(4).fill(["to all"])]);
    await server.listener.close(closeReasons.restart);
    await eventually("closed", () => clients.every(({ closed }) => closed?.code === 1012));
  });

  test("closes every connection with the given reason", async () => {
    const server = listen();
    const clients = [await join(server.url), await join(server.url)];
    await server.listener.close(closeReasons.restart);
    await eventually("closed", () => clients.every(({ closed }) => closed !== undefined));
    expect(clients.map(({ closed }) => closed)).toEqual(Array(2).fill({ code: 1012, reason: "restart" }));
    expect(server.events).toEqual(["open", "open", "closed", "closed"]);
  });
});

describe("a request to upgrade", () => {
  test("of a path that no protocol answers is refused with 404", async () => {
    await using server = listen();
    expect(await statusOf(server, "/other", handshake())).toBe(404);
  });

  test("from a foreign page is refused with 403, and so is a foreign host", async () => {
    await using server = listen();
    expect(await statusOf(server, "/test", handshake({ origin: "https://evil.example" }))).toBe(403);
    expect(await statusOf(server, "/test", handshake({ host: "evil.example" }))).toBe(403);
    expect(await statusOf(server, "/", { headers: { origin: "https://evil.example" } })).toBe(403);
    expect(await statusOf(server, "/", {})).toBe(200);
    expect(server.events).toEqual([]);
  });

  test("is refused with 503 and Retry-After while the server stops", async () => {
    await using server = listen();
    server.listener.drain();
    const response = await fetch(server.url.replace("ws", "http"), handshake());
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("2");
  });

  async function statusOf(server: TestListener, path: string, init: BunFetchRequestInit): Promise<number> {
    return (await fetch(`http://127.0.0.1:${server.listener.port}${path}`, init)).status;
  }
});

describe("an engine", () => {
  /** An engine at `/engine`. It opens every WebSocket for a protocol that echoes frames of up to 10 bytes. */
  function engine(seen: string[]): Engine {
    const protocol: Protocol = {
      name: "echo",
      frameBytes: 10,
      frameBytesOption: "limits.test-frame-bytes",
      match: () => false,
      open: (connection) => ({
        receive: (frame) => connection.send(frame),
        closed: () => seen.push("closed"),
      }),
    };
    return {
      match: ({ pathname }) => pathname === "/engine",
      answer: async ({ method }, { remoteAddress, upgrade }) => {
        seen.push(`${method} of ${remoteAddress}`);
        const headers = new Headers({ "x-engine": "yes" });
        return upgrade(protocol, headers) ? undefined : new Response("from the engine", { headers });
      },
    };
  }

  function setUp(limits: Partial<Limits> = {}) {
    const seen: string[] = [];
    const server = listen({ engine: engine(seen) }, limits);
    return { seen, server, url: server.url.replace("/test", "/engine") };
  }

  test("receives all requests to its URLs, and no others", async () => {
    const { seen, server, url } = setUp();
    await using _ = server;
    const http = url.replace("ws", "http");
    expect(await (await fetch(http, { method: "POST", headers: { connection: "close" } })).text()).toBe(
      "from the engine",
    );
    expect((await fetch(http, { headers: { connection: "close" } })).headers.get("connection")).toBe("close");
    expect(await (await fetch(http.replace("/engine", "/engines"))).text()).toBe("http /engines");
    expect(seen).toEqual(["POST of 127.0.0.1", "GET of 127.0.0.1"]);
    expect((await fetch(http, { headers: { origin: "https://evil.example" } })).status).toBe(403);
  });

  test("has its sockets run like all others: with their limits, and closed with the listener", async () => {
    const { seen, server, url } = setUp();
    const [alice, mallory] = [await join(url), await join(url)];
    alice.socket.send("0123456789");
    mallory.socket.send("0123456789x");
    await eventually("echoed and closed", () => alice.heard.length === 1 && mallory.closed !== undefined);
    expect(mallory.closed).toEqual({ code: 4413, reason: "frame-too-large" });
    expect(server.events).toEqual([]);
    await server.listener.close(closeReasons.restart);
    await eventually("closed", () => alice.closed !== undefined);
    expect(alice.closed).toEqual({ code: 1012, reason: "restart" });
    expect(seen.slice(2)).toEqual(["closed", "closed"]);
  });

  test("is asked for no more sockets than may be opened, and for none while the server stops", async () => {
    const { seen, server, url } = setUp({ upgradeBurst: 1, upgradesPerSecond: 1 });
    await using _ = server;
    await join(url);
    expect((await fetch(url.replace("ws", "http"), handshake())).status).toBe(503);
    expect(seen).toHaveLength(1);
    server.listener.drain();
    expect((await fetch(url.replace("ws", "http"))).status).toBe(503);
    expect(seen).toHaveLength(1);
  });
});

test.each([
  ["a plain request", "", "HTTP/1.1 200 OK"],
  ["an upgrade", "Connection: upgrade\r\nUpgrade: websocket\r\n", "HTTP/1.1 400 Bad Request"],
])("%s with a host that is none is no fault of the server", async (_, headers, expected) => {
  await using server = listen({ host: "0.0.0.0" });
  for (const host of ["", "a b", "[::", "a:99999"]) {
    const socket = connect(server.listener.port, "127.0.0.1");
    const answered = new Promise<string>((resolve) => socket.once("data", (data) => resolve(data.toString())));
    socket.write(`GET /test HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`);
    expect((await answered).split("\r\n")[0]).toBe(expected);
    socket.destroy();
  }
});

test("a response to a request with Connection: close has the same header", async () => {
  await using server = listen();
  const response = await fetch(`http://127.0.0.1:${server.listener.port}/`, { headers: { connection: "close" } });
  expect(response.headers.get("connection")).toBe("close");
});

describe("a native channel", () => {
  test("closes a member that reads too slowly, and the others lose nothing", async () => {
    await using server = listen({}, { outboxBytes: 1_000_000 });
    const channel = server.channels.open();
    const reader = await join(server.url);
    const stalled = await stall(server.listener.port);
    await eventually("two connections", () => server.connections.length === 2);
    for (const connection of server.connections) channel.join(connection);
    const [, slow] = server.connections;
    let published = 0;
    while (slow?.isOpen && published < 5_000) {
      channel.publish(new Uint8Array(10_000));
      published += 1;
      if (published % 20 === 0) await pause(1);
      expect(slow.unsentBytes).toBeLessThan(1_300_000);
    }
    expect(slow?.isOpen).toBe(false);
    channel.publish("last");
    await eventually("all arrived", () => reader.heard.at(-1) === "last");
    expect(reader.heard).toHaveLength(published + 1);
    stalled.destroy();
  });

  test("drops the slowest members when all together read too slowly, and frees what they were to be sent", async () => {
    await using server = listen({}, { outboxBytes: 20_000_000, outboxesBytes: 4_000_000 });
    const channel = server.channels.open();
    const reader = await join(server.url);
    const stalled = [await stall(server.listener.port), await stall(server.listener.port)];
    await eventually("three connections", () => server.connections.length === 3);
    for (const connection of server.connections) channel.join(connection);
    let published = 0;
    while (server.connections.filter(({ isOpen }) => isOpen).length > 2 && published < 5_000) {
      channel.publish(new Uint8Array(10_000));
      published += 1;
      if (published % 20 === 0) await pause(1);
    }
    const [kept, ...slow] = server.connections;
    const [dropped] = slow.filter(({ isOpen }) => !isOpen);
    expect(kept?.isOpen).toBe(true);
    expect(dropped?.unsentBytes).toBe(0);
    expect(server.logged[0]).toMatchObject({
      reason: "overloaded",
      detail: expect.stringMatching(/^limits\.outboxes-bytes: \d+ unsent bytes$/),
    });
    await eventually("all arrived", () => reader.heard.length === published);
    for (const socket of stalled) socket.destroy();
  });
});

describe("a client that cannot be reached any more", () => {
  const limits = { idlePingMs: 30_000 };

  /** Lets time pass by seconds, with some for the clients in between. */
  async function pass(server: TestListener, seconds: number, each?: (second: number) => void): Promise<void> {
    for (let second = 1; second <= seconds; second += 1) {
      server.clock.advance(1_000);
      each?.(second);
      await pause(4);
    }
  }

  async function connectTo(
    server: TestListener,
    options?: WireOptions,
  ): Promise<{ client: WireSocket; connection: Connection }> {
    const { length } = server.connections;
    const client = await WireSocket.connect(server.listener.port, "/test", options);
    await eventually("a connection", () => server.connections.length > length);
    const connection = server.connections.at(-1);
    if (connection === undefined) throw new Error("no connection");
    return { client, connection };
  }

  test("is closed after 40 s, whatever is sent to it, and one that answers pings is not", async () => {
    await using server = listen({}, limits);
    const channel = server.channels.open();
    const [frozen, silent] = [await connectTo(server), await connectTo(server)];
    for (const { connection } of [frozen, silent]) channel.join(connection);
    frozen.client.pause();
    const write = () => {
      channel.publish("to all");
      frozen.connection.send("to one");
    };
    await pass(server, 39, write);
    expect(frozen.connection.isOpen).toBe(true);
    await pass(server, 1, write);
    await eventually("it is closed", () => !frozen.connection.isOpen);
    expect(silent.connection.isOpen).toBe(true);
    expect(server.events.filter((event) => event === "closed")).toHaveLength(1);
    expect(server.logged).toEqual([
      {
        level: "info",
        event: "connection-closed",
        protocol: "test",
        reason: "unresponsive",
        detail: "limits.ping-answer-ms: no answer to a ping for 10000 ms",
      },
    ]);
    await pass(server, 300);
    expect(silent.connection.isOpen).toBe(true);
    // It comes back to life: it learns that its session is over.
    frozen.client.resume();
    expect(await frozen.client.closed).toBe(closeReasons.unresponsive.code);
  });

  test("is not mistaken for one whose frames the server does not read because earlier ones wait", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using server = listen({ receive: () => promise }, { ...limits, readAheadBytes: 100 });
    const { client, connection } = await connectTo(server);
    client.send(new Uint8Array(1));
    for (let count = 0; count < 3; count += 1) client.send(new Uint8Array(100));
    await eventually("received", () => server.events.includes("receive 1"));
    await pause(20);
    const answers: boolean[] = [];
    connection.ping((isAlive) => answers.push(isAlive));
    expect(answers).toEqual([true]);
    await pass(server, 200);
    expect(connection.isOpen).toBe(true);
    resolve();
    await eventually("all received", () => server.events.filter((event) => event === "receive 100").length === 3);
    await pass(server, 60);
    expect(connection.isOpen).toBe(true);
    client.pause();
    await pass(server, 40);
    await eventually("it is closed", () => !connection.isOpen);
  });

  test("is not mistaken for one on a slow link that still takes what was sent before the ping", async () => {
    await using server = listen({}, limits);
    const { client, connection } = await connectTo(server, { bytesPerSecond: 100_000_000 });
    client.pause();
    connection.sendSnapshot(new Uint8Array(100_000_000));
    for (let round = 0; round < 4; round += 1) {
      const { unsentBytes } = connection;
      client.resume();
      await eventually("some bytes have left", () => connection.unsentBytes < unsentBytes);
      client.pause();
      expect(connection.unsentBytes).toBeGreaterThan(0);
      await pass(server, 25);
      expect(connection.isOpen).toBe(true);
    }
    await pass(server, 40);
    await eventually("it is closed", () => !connection.isOpen);
  });

  test.skipIf(process.platform !== "linux")("is not mistaken for one whose large frame takes minutes", async () => {
    await using server = listen({}, limits);
    const { client, connection } = await connectTo(server);
    // The answer to a ping would stand behind the frame.
    client.pause();
    const message = new Uint8Array(200_000);
    await pass(server, 180, (second) => client.sendPart(message, (second - 1) * 1_000, second * 1_000));
    expect(connection.isOpen).toBe(true);
    client.sendPart(message, 180_000);
    await eventually("the frame has arrived", () => server.events.includes("receive 200000"));
    await pass(server, 39);
    expect(connection.isOpen).toBe(true);
    await pass(server, 1);
    await eventually("it is closed", () => !connection.isOpen);
  });

  const send: readonly [string, (server: TestListener, connection: Connection) => void][] = [
    ["a large frame", (_, connection) => connection.sendSnapshot(new Uint8Array(64_000 * 20))],
    [
      "many published frames",
      ({ channels }, connection) => {
        const channel = channels.open();
        channel.join(connection);
        for (let count = 0; count < 200; count += 1) channel.publish(new Uint8Array(6_400));
      },
    ],
  ];

  test.each(send)("has the time to receive %s that the kernel has taken already", async (_, sendTo) => {
    await using server = listen({}, { ...limits, outboxBytes: 1_280_000 });
    const { client, connection } = await connectTo(server);
    client.pause();
    sendTo(server, connection);
    expect(connection.unsentBytes).toBe(0);
    await pass(server, 59);
    expect(connection.isOpen).toBe(true);
    await pass(server, 2);
    await eventually("it is closed", () => !connection.isOpen);
  });
});

describe("a connection that the server closes", () => {
  /** A client that reads nothing, and is closed for that with about one outbox of unsent bytes. */
  async function overload(server: TestListener) {
    const channel = server.channels.open();
    const client = await WireSocket.connect(server.listener.port, "/test");
    await eventually("a connection", () => server.connections.length === 1);
    const [connection] = server.connections;
    if (connection === undefined) throw new Error("no connection");
    channel.join(connection);
    client.pause();
    while (connection.isOpen) channel.publish(new Uint8Array(20_000));
    return { channel, client, connection };
  }

  const limits = { outboxBytes: 1_000_000 };

  test("for reading too slowly receives what was sent before, then the code, and nothing that comes later", async () => {
    await using server = listen({}, limits);
    const { channel, client, connection } = await overload(server);
    await eventually("the session has ended", () => server.events.includes("closed"));
    const { unsentBytes } = connection;
    for (let count = 0; count < 100; count += 1) channel.publish(new Uint8Array(20_000));
    connection.send(new Uint8Array(20_000));
    expect(unsentBytes).toBeGreaterThan(limits.outboxBytes);
    expect(connection.unsentBytes).toBeLessThanOrEqual(unsentBytes + 100);
    client.resume();
    expect(await client.closed).toBe(closeReasons.overloaded.code);
  });

  test("waits for its client to read for limits.closing-ms, and then gives up", async () => {
    await using server = listen({}, limits);
    const { connection } = await overload(server);
    await pause(50);
    expect(connection.unsentBytes).toBeGreaterThan(0);
    server.clock.advance(29_999);
    await pause(50);
    expect(connection.unsentBytes).toBeGreaterThan(0);
    server.clock.advance(1);
    await eventually("given up", () => connection.unsentBytes === 0);
  });

  test("for a bound is logged with the option's name, and counted like every other", async () => {
    await using server = listen({}, limits);
    const { client } = await overload(server);
    expect(server.logged).toEqual([
      {
        level: "info",
        event: "connection-closed",
        protocol: "test",
        reason: "overloaded",
        detail: expect.stringMatching(/^limits\.outbox-bytes: \d+ unsent bytes$/),
      },
    ]);
    client.resume();
    await client.closed;
    await join(server.url);
    server.connections[1]?.close(closeReasons.replaced);
    expect(server.logged).toHaveLength(1);
    expect([await server.closedFor("overloaded"), await server.closedFor("replaced")]).toEqual([1, 1]);
  });

  test("does not hold up a server that stops for more than two seconds", async () => {
    const server = listen({}, limits);
    await overload(server);
    const closed = server.listener.close(closeReasons.restart);
    server.clock.advance(2_000);
    await closed;
    expect(server.events.at(-1)).toBe("closed");
  });
});

test("a slow reader is not closed because of a snapshot larger than the outbox, but because of what follows it", async () => {
  await using server = listen({}, { outboxBytes: 1_000_000 });
  const stalled = await stall(server.listener.port);
  await eventually("a connection", () => server.connections.length === 1);
  const [connection] = server.connections;
  let hasDrained = false;
  connection?.sendSnapshot(new Uint8Array(30_000_000));
  connection?.drained(() => {
    hasDrained = true;
  });
  connection?.send(new Uint8Array(900_000));
  expect(connection?.isOpen).toBe(true);
  stalled.resume();
  await eventually("drained", () => hasDrained);
  expect(connection?.unsentBytes).toBe(0);
  stalled.pause();
  while (connection?.isOpen) connection.send(new Uint8Array(500_000));
  await eventually("closed", () => server.events.includes("closed"));
  stalled.destroy();
});

test("a task that waited for the last byte and fails ends its own session and no other", async () => {
  await using server = listen();
  const witness = await join(server.url);
  const stalled = await stall(server.listener.port);
  await eventually("two connections", () => server.connections.length === 2);
  const [, connection] = server.connections;
  connection?.sendSnapshot(new Uint8Array(30_000_000));
  connection?.drained(() => {
    throw new Error("a fault of ours");
  });
  stalled.resume();
  await eventually("closed", () => connection?.isOpen === false);
  witness.socket.send("still here");
  await eventually("heard", () => server.events.includes("receive still here"));
  stalled.destroy();
});

/** A client that completes the handshake and then reads nothing. */
async function stall(port: number) {
  const socket = connect(port, "127.0.0.1");
  socket.write(
    "GET /test HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  await new Promise<void>((resolve) => socket.once("data", () => resolve()));
  socket.on("data", () => {});
  socket.on("error", () => {});
  socket.pause();
  return socket;
}
